"""The peers of the benchmarks do what they are measured for."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import random_images

from blockmix import BlockMixer
from blockmix.bench.peers import copy_in_threads, mix_in_numpy


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_copy(threads):
    images = random_images(10, 8, 8, 3)
    out = np.zeros_like(images)
    with ThreadPoolExecutor(threads) as pool:
        copy_in_threads(images, out, pool, threads)
    assert np.array_equal(images, out)


@pytest.mark.parametrize("block", [(8, 12), (4, 4), (2, 3), (1, 1)])
def test_numpy(key, block):
    images = random_images(12, 8, 12, 3)
    out = np.zeros_like(images)
    plan = BlockMixer(block=block, key=key).plan([0] * 12, 8, 12)
    mix_in_numpy(images, plan, out)
    assert np.array_equal(out, plan.apply(images))
