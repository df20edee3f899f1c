"""Ground floor of blockmix: the draw and the gather, as scalar rules and array loops.

Nothing here checks its arguments; `blockmix` does that once, at the door. The modules:

``chacha``      ChaCha20 on scalars, the only source of chance
``rule``        the scalar rule of the draw: words, pools, die (shared by every backend)
``draw_cpu``    the draw over all images and blocks, numba
``gather_cpu``  the gather over all images and blocks, numba
``threads``     how CPU loops run in parallel
``reference``   the same rules again in plain Python, the oracle of the tests
"""
