"""Advice keeps to its targets."""

import pytest

from blockmix import InputError
from blockmix.privacy import advise, balanced


def test_all_that_is_advised_reaches_the_targets():
    made = advise(1500, anonymity_set=11, linked=0.05)
    assert made
    assert all(one.anonymity_set >= 10.99 and one.linked <= 0.05 for one in made)


def test_the_mildest_comes_first():
    first = advise(1500, anonymity_set=11, blocks=[64])[0]
    assert (first.rounds, first.sources, first.blocks) == (1, 10, 64)
    assert first.probability == balanced(10)


def test_nothing_reaches_what_cannot_be_reached():
    assert advise(12, anonymity_set=1000) == []


def test_no_more_sources_than_a_class_has():
    assert {one.sources for one in advise(12, anonymity_set=1)} == {5, 10, 11}
    assert {one.sources for one in advise(2, anonymity_set=1)} == {1}


def test_never_beyond_balance():
    assert all(one.probability <= balanced(one.sources) for one in advise(300, anonymity_set=1))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({}, "give anonymity_set, linked or both"),
        ({"anonymity_set": -5}, "anonymity_set is a number from 1 on, got -5"),
        ({"linked": float("nan")}, "linked is a chance from 0 to 1, got nan"),
        ({"linked": 20}, "linked is a chance from 0 to 1, got 20"),
    ],
)
def test_bad_targets(targets, message):
    with pytest.raises(InputError, match=message):
        advise(100, **targets)
