"""Forecasts of the largest share agree with drawn classes, and are exact for few blocks."""

from itertools import product

import numpy as np
import pytest
from forecasting_builders import drawn_class

from blockmix.forecasting import shares
from blockmix.forecasting.shares import blocks_shown, images_showing, largest_share
from blockmix.privacy import forecast

# Class size, sources, rounds, probability, blocks.
CASES = [
    (300, 10, 1, 0.5, 64),
    (300, 10, 1, 10 / 11, 16),
    (300, 1, 1, 0.5, 17),
    (300, 3, 1, 0.75, 4),
    (300, 10, 2, 0.5, 16),
    (300, 10, 3, 10 / 11, 4),
    (300, 10, 3, 10 / 11, 64),
    (300, 10, 3, 0.5, 64),
    (300, 2, 3, 0.75, 64),
    (30, 10, 3, 0.5, 16),
    (12, 11, 2, 0.9, 8),
    (5, 2, 3, 0.5, 9),
    (2, 1, 1, 0.5, 8),
]


def counts_of_originals(size, sources, rounds, probability, blocks):
    """Number of blocks of each original in each image, of 4,000 images or more."""
    counts = []
    for seed in range(max(4, 4000 // size)):
        drawn = drawn_class(size, sources, rounds, probability, blocks, seed)
        counts.append((drawn[:, :, None] == np.arange(size)).sum(axis=1))
    return np.concatenate(counts)


@pytest.mark.parametrize("case", CASES)
def test_drawn_classes(case):
    size, sources, rounds, probability, blocks = case
    counts = counts_of_originals(*case)
    expected = forecast(
        size, sources=sources, rounds=rounds, probability=probability, blocks=blocks
    )
    largest, slack = counts.max(axis=1) / blocks, 0.002 if rounds == 1 else 0.02
    error = largest.std() / np.sqrt(len(largest))
    assert abs(largest.mean() - expected.largest_share) <= 5 * error + slack
    shown = (2 * counts >= blocks).sum(axis=1)
    error = shown.std() / np.sqrt(len(shown))
    slack = 0 if rounds == 1 else 0.03
    assert abs(shown.mean() - expected.half_shown) <= 5 * error + slack + 1e-9


@pytest.mark.parametrize("blocks", [1, 2, 5])
@pytest.mark.parametrize("chances", [(0.5, 0.5), (0.2, 0.4, 0.4), (0.0, 0.5, 0.5), (1.0, 0.0)])
def test_every_arrangement_of_few_blocks(blocks, chances):
    """The sum over all ways in which the sources of the blocks can be chosen."""
    own, others = chances[0], {chances[1]: len(chances) - 1}
    mean = shown = 0.0
    for choice in product(range(len(chances)), repeat=blocks):
        chance, counts = np.prod([chances[source] for source in choice]), np.bincount(choice)
        mean += chance * counts.max() / blocks
        shown += chance * (counts >= 0.4 * blocks).sum()
    assert largest_share(own, others, blocks) == pytest.approx(mean)
    assert images_showing(own, others, blocks, 0.4) == pytest.approx(shown)


@pytest.mark.parametrize("chances", [(0.5, {0.5: 1}), (0.5, {0.05: 10}), (0.02, {0.02: 49})])
def test_both_ways_agree(chances, monkeypatch):
    exact = largest_share(*chances, 16)
    monkeypatch.setattr(shares, "EXACT_BLOCKS", 0)
    assert largest_share(*chances, 16) == pytest.approx(exact, abs=0.002)


def test_no_block_is_ever_replaced():
    for blocks in (1, 16, 17, 1000):
        expected = forecast(50, probability=0, blocks=blocks)
        assert expected.largest_share == pytest.approx(1, abs=0.02)
        assert expected.half_shown == pytest.approx(1)


def test_counts_far_from_half_need_no_summing():
    assert images_showing(0.5, {0.01: 50}, 10**6, 0.5) == pytest.approx(0.5, abs=0.001)
    assert images_showing(0.6, {0.01: 40}, 10**6, 0.5) == 1
    assert blocks_shown(64, 0) == 1
