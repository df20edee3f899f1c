"""Advised parameters reach their targets."""

import pytest

from blockmix import InputError
from blockmix.privacy import advise, balanced


def test_everything_advised_reaches_the_targets():
    advised = advise(1500, anonymity_set=11, linked=0.05)
    assert advised
    assert all(expected.anonymity_set >= 10.99 and expected.linked <= 0.05 for expected in advised)


def test_a_target_for_the_largest_share():
    advised = advise(1500, largest_share=0.15, blocks=[64])
    assert advised
    assert all(expected.largest_share <= 0.15 for expected in advised)
    assert not any(expected.probability == 0.5 for expected in advised if expected.rounds == 1)


def test_targets_for_puzzles_and_single_blocks():
    advised = advise(1500, reassembled=0.2, block_recognised=0.4)
    assert {expected.blocks for expected in advised} == {64, 256, 1024}
    assert all(expected.reassembled <= 0.2 for expected in advised)
    assert all(expected.rounds > 1 for expected in advised)


def test_the_mildest_comes_first():
    first = advise(1500, anonymity_set=11, blocks=[64])[0]
    assert (first.rounds, first.sources, first.blocks) == (1, 10, 64)
    assert first.probability == balanced(10)


def test_nothing_is_advised_for_an_impossible_target():
    assert advise(12, anonymity_set=1000) == []


def test_no_more_sources_than_a_class_has():
    assert {expected.sources for expected in advise(12, anonymity_set=1)} == {1, 2, 4, 10, 11}
    assert {expected.sources for expected in advise(2, anonymity_set=1)} == {1}


def test_no_probability_beyond_the_balanced_one():
    advised = advise(300, anonymity_set=1)
    assert all(expected.probability <= balanced(expected.sources) for expected in advised)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({}, "give anonymity_set or linked or largest_share or reassembled or block_recognised"),
        ({"anonymity_set": -5}, "anonymity_set is a number from 1 on, got -5"),
        ({"linked": float("nan")}, "linked is from 0 to 1, got nan"),
        ({"largest_share": -1}, "largest_share is from 0 to 1, got -1"),
        ({"reassembled": 1.5}, "reassembled is from 0 to 1, got 1.5"),
        ({"linked": 20}, "linked is from 0 to 1, got 20"),
    ],
)
def test_bad_targets(targets, message):
    with pytest.raises(InputError, match=message):
        advise(100, **targets)
