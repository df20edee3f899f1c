"""Attacks on a mixed set, each with its chance level.

``linkage``     which original does this image belong to? by somebody who holds the originals
``seams``       do two neighbouring blocks come from one image? by somebody who sees the set alone
``reassembly``  putting the images of a label back together, from the set alone
``identity``    the same question as linkage, put to a recogniser of faces
``releases``    what several mixings of one set give away together
``seeds``       how long a key from a short seed lasts
"""
