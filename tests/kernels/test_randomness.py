"""Is the draw as random as the paper asks? Fixed seeds, so a failure is a fault, not bad luck.

Bounds are five standard deviations, or a chi-square beyond its 1e-6 quantile.
"""

import numpy as np
import pytest
from scipy import stats

from blockmix import BlockMixer, Key


def plan(count, blocks, seed=1, **parameters):
    mixer = BlockMixer(block=1, key=Key.from_seed(seed), **parameters)
    return mixer.plan([0] * count, 1, blocks).sources.reshape(count, blocks)


def replaced(sources):
    return sources != np.arange(len(sources))[:, None]


def assert_uniform(counts):
    assert stats.chisquare(counts).pvalue > 1e-6


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("sources", [1, 3, 10])
def test_replacement_rate(probability, sources):
    count, blocks = 400, 1000
    rate = replaced(plan(count, blocks, sources=sources, probability=probability)).mean()
    deviation = np.sqrt(probability * (1 - probability) / (count * blocks))
    assert abs(rate - probability) < 5 * deviation


def test_the_die_is_uniform_over_its_pool():
    """With a source for every other image, each of them has one face."""
    sources = plan(11, 20_000, sources=10, probability=0.75)
    for image, row in enumerate(sources):
        counts = np.bincount(row, minlength=11)
        assert_uniform(np.delete(counts, image))


def test_pools_are_distinct_others_and_uniform():
    sources = plan(40, 2000, sources=5, probability=1)
    pools = [np.unique(row) for row in sources]
    assert all(len(pool) == 5 for pool in pools)
    assert not any(image in pool for image, pool in enumerate(pools))


def test_every_pool_is_equally_likely():
    """Classes of five, pools of two of the four others: all six pairs, equally often."""
    labels = np.repeat(np.arange(3000), 5)
    mixer = BlockMixer(block=1, sources=2, probability=1, key=Key.from_seed(3))
    sources = mixer.plan(labels, 1, 40).sources.reshape(-1, 5, 40)[:, 0]
    pairs = [tuple(np.unique(row) % 5) for row in sources]
    kinds, counts = np.unique(
        [pair for pair in pairs if len(pair) == 2], axis=0, return_counts=True
    )
    assert len(kinds) == 6
    assert_uniform(counts)


# A class of 12 images in groups of 5, 4, 2 and 1, which are scattered over it.
GROUPS = np.array([2, 0, 1, 0, 3, 1, 0, 1, 2, 0, 1, 0])


def test_after_one_round_no_block_comes_from_the_own_group():
    mixer = BlockMixer(block=1, sources=4, probability=1, key=Key.from_seed(5))
    groups = np.tile(GROUPS, 50)
    sources = mixer.plan([0] * 600, 1, 500, groups=groups).sources.reshape(600, 500)
    assert (groups[sources] != groups[:, None]).all()


def test_sources_are_uniform_over_the_images_of_other_groups():
    """Single blocks of images with ids of their own, and so with independent pools."""
    labels = np.repeat(np.arange(5000), 12)
    groups = np.tile(GROUPS, 5000)
    mixer = BlockMixer(block=1, sources=3, probability=1, key=Key.from_seed(6))
    drawn = mixer.plan(labels, 1, 1, groups=groups).sources.reshape(-1, 12) % 12
    for image, sources in enumerate(drawn.T):
        others = np.flatnonzero(GROUPS[image] != GROUPS)
        counts = np.bincount(sources, minlength=12)
        assert counts.sum() == counts[others].sum()
        assert_uniform(counts[others])


def test_every_pool_of_other_groups_is_equally_likely():
    """Classes of six in groups of two: pools of two of the four others, six pairs."""
    labels, groups = np.repeat(np.arange(3000), 6), np.tile([0, 1, 2, 2, 1, 0], 3000)
    mixer = BlockMixer(block=1, sources=2, probability=1, key=Key.from_seed(7))
    sources = mixer.plan(labels, 1, 40, groups=groups).sources.reshape(-1, 6, 40)[:, 1]
    pairs = [tuple(np.unique(row) % 6) for row in sources]
    kinds, counts = np.unique(
        [pair for pair in pairs if len(pair) == 2], axis=0, return_counts=True
    )
    assert len(kinds) == 6
    assert not np.isin(kinds, [1, 4]).any()
    assert_uniform(counts)


def test_sources_are_uniform_over_the_class():
    counts = np.bincount(plan(50, 4000, sources=10, probability=1).ravel(), minlength=50)
    # Blocks of one image share a pool, so single blocks of many images are what is independent.
    singles = [plan(50, 1, seed=seed, sources=10, probability=1)[0, 0] for seed in range(2000)]
    assert counts.min() > 0
    assert_uniform(np.bincount(singles, minlength=50)[1:])


def test_rounds_are_independent():
    """Two images that can only swap: s_1(s_2) differs from s_1 where round 2 swaps and round 1
    treats the two images differently, in a quarter of all blocks if the rounds are independent.
    """
    two_rounds = replaced(plan(2, 400_000, sources=1, rounds=2))
    one_round = replaced(plan(2, 400_000, sources=1, rounds=1))
    deviation = 0.5 / np.sqrt(400_000)
    assert abs(two_rounds.mean() - 0.5) < 5 * deviation
    assert abs((two_rounds != one_round).mean() - 0.25) < 5 * deviation


@pytest.mark.parametrize("step", [1, 2, 2**32])
def test_neighbouring_ids_are_independent(step):
    mixer = BlockMixer(block=1, sources=1, key=Key.from_seed(4))
    sources = mixer.plan([0, 0], 1, 400_000, ids=[5, 5 + step]).sources.reshape(2, -1)
    first, second = replaced(sources)
    assert abs((first == second).mean() - 0.5) < 5 * 0.5 / np.sqrt(400_000)


def test_neighbouring_blocks_are_independent():
    chosen = replaced(plan(100, 10_000, sources=10))
    for lag in (1, 15, 16, 17):
        same = (chosen[:, lag:] == chosen[:, :-lag]).mean()
        assert abs(same - 0.5) < 5 * 0.5 / 1000


def test_neighbouring_keys_are_independent():
    maps = []
    for last in (0, 1):
        mixer = BlockMixer(block=1, sources=1, key=Key(bytes(31) + bytes([last])))
        maps.append(mixer.plan([0, 0], 1, 400_000).sources)
    assert abs((maps[0] == maps[1]).mean() - 0.5) < 5 * 0.5 / np.sqrt(800_000)
