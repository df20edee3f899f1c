"""The CUDA kernels in numba's simulator: every thread in Python, so sets are tiny.

Blocks of threads are cut to four threads, so that tiny sets cross their edges. What the simulator
cannot show: streams that run at once, memory of CuPy and torch, speed.
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
cuda.LEAST_BLOCKS = 1

settings.register_profile("cudasim", deadline=None, max_examples=15)
settings.load_profile("cudasim")
