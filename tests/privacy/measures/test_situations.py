"""The situations of section VI-A, counted."""

from math import factorial, log10

import numpy as np
import pytest
from builders import random_images

from blockmix import BlockGrid, SourceMap
from blockmix.privacy import Pair
from blockmix.privacy.measures.nearest import UNKNOWN
from blockmix.privacy.measures.situations import situations


def swapped():
    """Three images of 1 x 2 blocks: block 0 goes round, block 1 of image 0 is published twice."""
    images = random_images(3, 12, 24, 3)
    sources = np.array([[[1, 0]], [[2, 0]], [[0, 2]]], np.int32)
    plan = SourceMap(sources, BlockGrid.even(12, 24, block=12))
    return Pair.of_arrays(images, plan.apply(images), ["x"] * 3, block=12, source_map=plan)


def test_situations_are_counted():
    pair = swapped()
    counted = situations(pair, pair.sources)
    assert counted["erased"] == counted["repeated"] == pytest.approx(1 / 6)
    assert counted["copies"][:3] == pytest.approx([1 / 6, 4 / 6, 1 / 6])
    assert counted["own_kept"] == pytest.approx(2 / 6)
    assert counted["unmixed"] == 0
    assert counted["distinct_sources"] == 2
    assert (counted["whole_places"], counted["places"]) == (1, 2)


def test_equations_8_and_9():
    images = random_images(7, 12, 48, 3)
    labels = ["x", "x", "x", "x", "y", "y", "y"]
    pair = Pair.of_arrays(images, images, labels, block=12)
    counted = situations(pair, np.broadcast_to(np.arange(7)[:, None, None], (7, 1, 4)))
    assert counted["equation_8"] == pytest.approx(-log10(factorial(4) ** 4))
    assert counted["equation_9"] == pytest.approx(-log10(factorial(4) ** 7))
    assert counted["fixed_places"] == pytest.approx(log10((factorial(4) * factorial(3)) ** 4))
    assert (counted["own_kept"], counted["unmixed"], counted["erased"]) == (1, 1, 0)


def test_no_own_blocks_without_a_match():
    pair = swapped()
    blind = Pair(pair.originals, pair.mixed, pair.labels, pair.labels, ("x",), pair.grid)
    counted = situations(blind, pair.sources)
    assert counted["own_kept"] is counted["unmixed"] is None
    assert counted["erased"] == pytest.approx(1 / 6)


def test_nothing_is_counted_where_no_source_is_known():
    pair = swapped()
    counted = situations(pair, np.full_like(pair.sources, UNKNOWN))
    for name in ("erased", "repeated", "copies", "own_kept", "unmixed"):
        assert counted[name] is None
    assert counted["told"] == counted["places"] == counted["distinct_sources"] == 0
