"""Shares of originals and persons in mixed images, counted; and drawn, beside the forecast."""

import numpy as np
import pytest
from builders import random_images

from blockmix import BlockGrid, BlockMixer, Key, SourceMap
from blockmix.privacy import Pair, balanced, forecast
from blockmix.privacy.measures.nearest import UNKNOWN
from blockmix.privacy.measures.shares import shares

# Sources, probability and blocks; the largest share, and images that show half of an original.
TARGETS = [
    (10, 0.5, 64, 0.50, 0.55),
    (1, 0.5, 64, 0.55, 1.10),
    (2, balanced(2), 64, 0.395, 0.013),
    (10, balanced(10), 64, 0.155, 0),
    (10, balanced(10), 4, 0.373, 0.48),
]


def three_images():
    """Three images of 1 x 4 blocks, one of them half, one of them wholly from another."""
    images = random_images(3, 12, 48, 3)
    sources = np.array([[[0, 0, 1, 2]], [[1, 0, 2, 1]], [[1, 1, 1, 1]]], np.int32)
    plan = SourceMap(sources, BlockGrid.even(12, 48, block=12))
    return Pair.of_arrays(images, plan.apply(images), ["x"] * 3, block=12, source_map=plan)


def values(counted):
    return counted["largest"]["value"], counted["half_shown"]["value"]


def test_shares_are_counted():
    pair = three_images()
    counted = shares(pair, pair.sources)
    assert values(counted) == pytest.approx(((0.5 + 0.5 + 1) / 3, 1))
    assert counted["largest"]["low"] < 2 / 3 < counted["largest"]["high"] <= 1
    assert values(shares(pair, pair.sources, part=0.75))[1] == pytest.approx(1 / 3)
    assert values(shares(pair, pair.sources, part=0.25))[1] == pytest.approx(7 / 3)


def test_shares_of_persons():
    pair = three_images()
    counted = shares(pair, pair.sources, np.array([7, 4, 7]))
    assert values(counted) == pytest.approx(((0.75 + 0.5 + 1) / 3, 4 / 2))


def test_unknown_blocks_are_left_out():
    pair = three_images()
    sources = pair.sources.copy()
    sources[0, 0, 2:], sources[2] = UNKNOWN, UNKNOWN
    assert values(shares(pair, sources)) == pytest.approx((0.75, 2 / 3 * 3 / 2))
    nothing = shares(pair, np.full_like(sources, UNKNOWN))
    assert nothing == {"largest": None, "half_shown": None, "part": 0.5}


def drawn_shares(size, blocks, seed, **parameters):
    """Shares in a drawn class of images of ``blocks`` x 1 pixels."""
    mixer = BlockMixer(block=1, key=Key.from_seed(seed), **parameters)
    plan = mixer.plan([0] * size, 1, blocks)
    images = np.zeros((size, 1, blocks), np.uint8)
    pair = Pair.of_arrays(images, images, [0] * size, block=1, source_map=plan)
    return shares(pair, pair.sources)


@pytest.mark.parametrize(("sources", "probability", "blocks", "largest", "half_shown"), TARGETS)
def test_labels_of_3000(sources, probability, blocks, largest, half_shown):
    parameters = {"sources": sources, "probability": probability}
    counted = drawn_shares(3000, blocks, 0, **parameters)
    expected = forecast(3000, blocks=blocks, **parameters)
    assert expected.largest_share == pytest.approx(largest, abs=0.001)
    assert expected.half_shown == pytest.approx(half_shown, abs=0.005)
    for name, value in (
        ("largest", expected.largest_share),
        ("half_shown", expected.half_shown),
    ):
        estimate = counted[name]
        slack = 2.5 * (estimate["high"] - estimate["value"]) + 1e-9  # five standard errors
        assert estimate["value"] == pytest.approx(value, abs=slack)
