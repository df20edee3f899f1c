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
    assert {one.sources for one in advise(12, anonymity_set=1)} == {5, 10}


def test_a_target_is_needed():
    with pytest.raises(InputError, match="give anonymity_set, linked or both"):
        advise(100)
