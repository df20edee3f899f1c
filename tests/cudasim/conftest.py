"""The CUDA kernels in numba's simulator: every thread runs in Python, so sets are tiny.

Blocks have four threads, so that tiny sets need several. The simulator cannot show concurrent
streams, memory of CuPy and torch, and speed.
"""

import os

import pytest
from hypothesis import settings

from blockmix.kernels import cuda, draw_cuda, gather_cuda

if os.environ.get("NUMBA_ENABLE_CUDASIM") != "1":
    pytest.exit("set NUMBA_ENABLE_CUDASIM=1 before Python starts: make test-cudasim", 2)

THREADS = 4
for module in (cuda, draw_cuda, gather_cuda):
    module.THREADS = THREADS
cuda.MIN_BLOCKS = 1

settings.register_profile("cudasim", deadline=None, max_examples=15)
settings.load_profile("cudasim")
