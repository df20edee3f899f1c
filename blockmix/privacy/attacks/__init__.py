"""Attacks on a mixed set, each with its chance level.

``linkage``          which original belongs to a mixed image? by somebody who holds the originals
``seams``            do two neighbouring blocks come from one image? from the mixed set alone
``reassembly``       put the images of a label together again, from the mixed set alone
``puzzle``           what reassembly solves: published blocks, and images grown from one of them
``distinct_blocks``  which published blocks are copies of one block
``seam_costs``       how badly two blocks fit together
``seam_evidence``    from such costs to odds
``identity``         the question of linkage, answered by a recogniser of faces
``releases``         what several mixings of one set give away together
``seeds``            how long a key made from a short seed lasts
"""
