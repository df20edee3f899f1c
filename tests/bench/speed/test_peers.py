"""The peers mix as blockmix does, and the copy copies."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from builders import random_images

from blockmix import BlockMixer
from blockmix.bench.speed import peers

BLOCKS = pytest.mark.parametrize("block", [(8, 12), (4, 4), (2, 3), (1, 1)])


@pytest.fixture
def images():
    return random_images(12, 8, 12, 3)


@pytest.fixture
def out(images):
    return np.zeros_like(images)


@pytest.fixture
def plan(key, block):
    return BlockMixer(block=block, key=key).plan([0] * 12, 8, 12)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_copy(images, out, threads):
    with ThreadPoolExecutor(threads) as pool:
        peers.copy_in_threads(images, out, pool, threads)
    assert np.array_equal(images, out)


@BLOCKS
@pytest.mark.parametrize("peer", [peers.mix_in_numpy, peers.take_lines_in_numpy])
def test_numpy(peer, plan, images, out):
    peer(images, plan.sources, out)
    assert np.array_equal(out, plan.apply(images))


@BLOCKS
@pytest.mark.parametrize("peer", [peers.mix_in_torch, peers.take_lines_in_torch])
def test_torch(torch, peer, plan, images, out):
    peer(*map(torch.from_numpy, (images, plan.sources.astype(np.int64), out)))
    assert np.array_equal(out, plan.apply(images))
