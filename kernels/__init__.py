"""Ground floor of blockmix: the draw and the gather, as scalar rules and array loops.

Nothing here checks its arguments; `blockmix` does that once, at the door. The modules:

``chacha``      ChaCha20 on scalars, the only source of chance
``rule``        the scalar rule of the draw: words, pools, die (shared by every backend)
``words_cpu``   words of ChaCha20 for several images side by side, numba
``draw_cpu``    the draw over all images and blocks, numba
``gather_cpu``  the gather over all images and blocks, numba
``moves``       copies of a fixed size, streaming stores and prefetch, for numba
``threads``     how CPU loops run in parallel
``cache``       compiled kernels on disk
``reference``   the same rules again in plain Python, the oracle of the tests
"""
