"""Draw, gather and mix beside a memory copy and tuned NumPy; run by ``make bench``.

5,000 images of 192x192x3 with two labels, as in the paper's largest running-time experiment
(section VI-C). Rows of one group are measured in one run, so their ratios are what counts.
"""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from blockmix import BlockMixer, Key
from blockmix.bench.peers import copy_in_threads, mix_in_numpy

COUNT, SIDE = 5000, 192
LABELS = np.arange(COUNT) % 2
BLOCKS = {4: 96, 16: 48, 64: 24, 256: 12, 1024: 6}


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (COUNT, SIDE, SIDE, 3), np.uint8)


@pytest.fixture(scope="module")
def out(images):
    return np.zeros_like(images)


@pytest.fixture(params=BLOCKS, ids="{} blocks".format)
def blocks(request):
    return request.param


@pytest.fixture
def mixer(blocks):
    return BlockMixer(block=BLOCKS[blocks], key=Key.from_seed(0))


@pytest.fixture
def plan(mixer):
    return mixer.plan(LABELS, SIDE, SIDE)


def measure(benchmark, function, *arguments):
    benchmark.pedantic(function, arguments, rounds=7, warmup_rounds=1)


def test_copy(benchmark, images, out, blocks):
    threads = numba.get_num_threads()
    with ThreadPoolExecutor(threads) as pool:
        measure(benchmark, copy_in_threads, images, out, pool, threads)


def test_draw(benchmark, mixer):
    measure(benchmark, mixer.plan, LABELS, SIDE, SIDE)


def test_gather(benchmark, images, plan, out):
    measure(benchmark, plan.apply, images, out)


def test_mix(benchmark, images, mixer, out):
    measure(benchmark, lambda: mixer(images, LABELS, out=out))


def test_numpy(benchmark, images, plan, out):
    measure(benchmark, mix_in_numpy, images, plan, out)
