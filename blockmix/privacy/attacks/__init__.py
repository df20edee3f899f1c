"""Attacks on a mixed set, each with its chance level.

``linkage``     which original belongs to a mixed image? by somebody who holds the originals
``seams``       do two neighbouring blocks come from one image? from the mixed set alone
``reassembly``  put the images of a label together again, from the mixed set alone
``identity``    the question of linkage, answered by a recogniser of faces
``releases``    what several mixings of one set give away together
``seeds``       how long a key made from a short seed lasts
"""
