"""Linkage and own share by person."""

from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from builders import random_images
from privacy_builders import SCHEMA, growing_ratio

from blockmix import BlockGrid, SourceMap
from blockmix.privacy import Pair, measure, page
from blockmix.privacy.measures.nearest import UNKNOWN, find_nearest
from blockmix.privacy.measures.persons import persons
from blockmix.support.progress import no_progress

# Images 0 and 1 show one person, images 2 and 3 another one.
PERSONS = ["ann", "ann", "bob", "bob"]
SOURCES = [[[0, 1, 1, 2]], [[0, 0, 0, 1]], [[3, 3, 3, 0]], [[0, 0, 0, 3]]]


@pytest.fixture
def pair():
    images = random_images(4, 12, 48, 3)
    plan = SourceMap(np.array(SOURCES, np.int32), BlockGrid.even(12, 48, block=12))
    return Pair.of_arrays(
        images, plan.apply(images), ["x"] * 4, block=12, source_map=plan, groups=PERSONS
    )


def test_persons(pair):
    nearest = find_nearest(pair, growing_ratio, no_progress)
    counted = persons(pair, pair.sources, pair.match, nearest)
    assert (counted["persons"], counted["chance"]) == (2, 0.5)
    assert counted["own_share"]["value"] == pytest.approx((3 / 4 + 1 + 3 / 4 + 1 / 4) / 4)
    assert counted["shares"]["largest"]["value"] == pytest.approx((3 / 4 + 1 + 3 / 4 + 3 / 4) / 4)
    assert counted["shares"]["half_shown"]["value"] == pytest.approx(4 / 2)
    linkage = {name: figure["value"] for name, figure in counted["linkage"].items()}
    # The most shared original of image 0 is 1, of image 1 is 0, of image 2 is 3 and of 3 is 0.
    assert linkage["by_blocks"] == linkage["by_most_blocks"] == 0.75
    assert counted["linkage"]["by_blocks"]["low"] < 0.75


def test_unknown_blocks_are_left_out(pair):
    sources = pair.sources.copy()
    sources[0, 0, 3], sources[3] = UNKNOWN, UNKNOWN
    nearest = find_nearest(pair, growing_ratio, no_progress)
    counted = persons(pair, sources, pair.match, nearest)
    assert counted["own_share"]["value"] == pytest.approx((1 + 1 + 3 / 4) / 3)


def test_without_a_match_only_shares_are_counted(pair):
    nearest = find_nearest(pair, growing_ratio, no_progress)
    counted = persons(pair, pair.sources, None, nearest)
    assert counted["own_share"] is counted["linkage"] is counted["chance"] is None
    assert counted["shares"]["half_shown"]["value"] == pytest.approx(2)


def test_without_groups_nothing_is_counted(pair):
    nearest = find_nearest(pair, growing_ratio, no_progress)
    assert persons(replace(pair, groups=None), pair.sources, pair.match, nearest) is None


def test_reports_with_persons(pair):
    for match in (pair.match, None):
        report = measure(replace(pair, match=match))
        jsonschema.validate(report, SCHEMA)
        text = page(report)
        assert "Largest share of one person" in text
        assert ("Person found by most blocks" in text) is (match is not None)
