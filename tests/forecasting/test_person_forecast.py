"""Forecasts by person agree with matrix powers, with every pool of a tiny class, and with maps."""

from dataclasses import replace
from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from forecasting_builders import drawn_class

from blockmix import InputError
from blockmix.forecasting.chances import hypergeometric
from blockmix.forecasting.forecast import group_kept, own_kept
from blockmix.privacy import forecast

# Class size, group size, sources, rounds, probability, blocks.
CASES = [
    (400, 10, 10, 1, 0.5, 16),
    (400, 10, 10, 1, 10 / 11, 4),
    (400, 10, 10, 1, 10 / 11, 64),
    (400, 10, 10, 3, 10 / 11, 64),
    (400, 10, 10, 2, 0.5, 16),
    (400, 10, 2, 2, 2 / 3, 64),
    (60, 3, 5, 1, 5 / 6, 17),
    (60, 3, 5, 3, 0.5, 64),
    (100, 2, 1, 1, 0.5, 8),
    (30, 10, 5, 1, 0.5, 64),
]


def forecast_of(size, group_size, sources, rounds, probability, blocks, grouped):
    return forecast(
        size,
        sources=sources,
        rounds=rounds,
        probability=probability,
        blocks=blocks,
        group_size=group_size,
        grouped=grouped,
    )


@pytest.mark.parametrize(("size", "group_size"), [(12, 1), (12, 3), (12, 4), (12, 6), (40, 10)])
@pytest.mark.parametrize("rounds", [1, 2, 3, 7])
@pytest.mark.parametrize("probability", [0.0, 0.3, 0.5, 10 / 11, 1.0])
def test_shares_are_those_of_matrix_powers(size, group_size, rounds, probability):
    """A step keeps the source of a block, or takes it from any image that pools can hold."""
    groups = np.arange(size) // group_size
    is_own = groups[:, None] == groups
    for grouped in (True, False):
        candidates = ~is_own if grouped else ~np.eye(size, dtype=bool)
        step = (1 - probability) * np.eye(size) + probability * candidates / candidates.sum(axis=1)
        after = np.linalg.matrix_power(step, rounds)
        expected = forecast_of(size, group_size, 1, rounds, probability, 4, grouped)
        assert expected.own_kept == pytest.approx(after[0, 0], abs=1e-12)
        assert expected.persons.own_share == pytest.approx(after[0] @ is_own[0], abs=1e-12)


def test_a_person_with_most_images():
    """The person has 10 of 15 images, and all others are one other person."""
    groups = np.repeat([0, 1], [10, 5])
    candidates = groups[:, None] != groups
    step = 0.3 * np.eye(15) + 0.7 * candidates / candidates.sum(axis=1, keepdims=True)
    after = np.linalg.matrix_power(step, 3)
    assert own_kept(15, 0.7, 3, 10) == pytest.approx(after[0, 0])
    assert group_kept(15, 0.7, 3, 10) == pytest.approx(after[0, :10].sum())


def counts_by_person(sources, persons):
    """Number of blocks that each person gives: (images, persons)."""
    return np.stack([(persons[sources] == person).sum(axis=1) for person in np.unique(persons)], 1)


def linked(counts, own):
    """How often the own person gives most blocks; ties count for their share."""
    most = counts == counts.max(axis=1, keepdims=True)
    return most[np.arange(len(own)), own] / most.sum(axis=1)


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("blocks", [1, 3, 4])
def test_every_pool_of_a_tiny_class(grouped, blocks):
    """The sum over all pools of two among images of persons 0, 0, 1, 1 and 2, and all choices."""
    persons, probability = np.array([0, 0, 1, 1, 2]), 0.6
    pools = list(combinations([2, 3, 4] if grouped else [1, 2, 3, 4], 2))
    right = largest = shown = 0.0
    for pool in pools:
        chances = [1 - probability, probability / 2, probability / 2]
        for choice in product(range(3), repeat=blocks):
            chance = np.prod([chances[source] for source in choice]) / len(pools)
            sources = np.array([0, *pool])[list(choice)]
            counts = counts_by_person(sources[None], persons)
            right += chance * linked(counts, np.array([0]))[0]
            largest += chance * counts.max() / blocks
            shown += chance * (2 * counts >= blocks).sum()
    expected = forecast_of(5, 2, 2, 1, probability, blocks, grouped)
    assert expected.persons.linked == pytest.approx(right)
    assert expected.persons.largest_share == pytest.approx(largest)
    assert expected.persons.half_shown == pytest.approx(2 * shown)
    assert expected.images_showing_person(0.5) == expected.persons.half_shown


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_drawn_classes_by_person(case, grouped):
    size, group_size, *parameters = case
    persons = np.arange(size) // group_size
    classes = [
        drawn_class(size, *parameters, seed, persons if grouped else None)
        for seed in range(max(4, 4000 // size))
    ]
    counts = np.concatenate([counts_by_person(sources, persons) for sources in classes])
    own, blocks = np.tile(persons, len(classes)), parameters[-1]
    expected = forecast_of(*case, grouped).persons
    for values, forecast_value, slack in (
        (counts[np.arange(len(own)), own] / blocks, expected.own_share, 0),
        (linked(counts, own), expected.linked, 0.005 if parameters[1] == 1 else 0.015),
        (counts.max(axis=1) / blocks, expected.largest_share, 0.01),
        (group_size * (2 * counts >= blocks).sum(axis=1), expected.half_shown, 0.1),
    ):
        error = values.std() / np.sqrt(len(values))
        assert abs(values.mean() - forecast_value) <= 5 * error + slack


@pytest.mark.parametrize("case", [case for case in CASES if case[1] > 1])
def test_drawn_classes_by_image(case):
    """In a mixing with groups, values by image are about those of a class without the own group."""
    size, group_size, *parameters = case
    groups, blocks = np.arange(size) // group_size, parameters[-1]
    classes = [drawn_class(size, *parameters, seed, groups) for seed in range(max(4, 4000 // size))]
    expected = forecast_of(*case, True)
    copies, numbers = [], []
    for sources in classes:
        copies.append([np.bincount(cell, minlength=size) for cell in sources.T])
        numbers.append([len(np.unique(image)) for image in sources])
    for times in (0, 1, 2):
        drawn_share = (np.array(copies) == times).mean()
        assert drawn_share == pytest.approx(expected.copies[times], abs=0.01)
    assert np.mean(numbers) == pytest.approx(expected.distinct_sources, rel=0.02)
    assert sum(count * chance for chance, count in expected.others().items()) == pytest.approx(
        1 - expected.own_kept, rel=0.02
    )
    assert expected.blocks == blocks


def test_persons_with_one_image_are_images():
    expected = forecast(300, blocks=16, probability="balanced")
    assert expected == forecast(300, blocks=16, probability="balanced", group_size=1)
    assert expected.persons.own_share == expected.own_kept
    assert expected.persons.largest_share == pytest.approx(expected.largest_share)
    assert expected.persons.half_shown == pytest.approx(expected.half_shown)


def test_cases_are_all_there_is():
    """Their weights add up to 1, and their mean is the own share."""
    for rounds, sources, grouped in product((1, 2, 3), (1, 2, 10), (True, False)):
        expected = forecast_of(400, 10, sources, rounds, sources / (sources + 1), 4, grouped)
        weights, own = np.array([(c.weight, c.own) for c in expected._person_chances()]).T
        assert weights.sum() == pytest.approx(1, abs=1e-6)
        assert weights @ own == pytest.approx(expected.persons.own_share, abs=1e-6)


def test_persons_of_a_huge_class_are_not_neglected():
    """What one image is likely to show hardly depends on the size of a large class."""
    large, huge = (forecast_of(size, 1, 2, 2, 2 / 3, 64, True).persons for size in (10**6, 2**31))
    assert huge.largest_share == pytest.approx(large.largest_share, abs=1e-4)
    assert huge.linked == pytest.approx(large.linked, abs=1e-4)


def test_groups_take_their_images_out_of_pools():
    expected = forecast(12, sources=10, probability="balanced", group_size=9)
    assert (expected.sources, expected.probability) == (3, 3 / 4)
    ungrouped = forecast(12, sources=10, probability="balanced", group_size=9, grouped=False)
    assert (ungrouped.sources, ungrouped.probability) == (10, 10 / 11)
    by_image = forecast(12, sources=10, probability="balanced")
    assert ungrouped == replace(by_image, group_size=9, grouped=False)


def test_a_class_of_one_person():
    expected = forecast(9, group_size=9, grouped=False).persons
    shares = (expected.own_share, expected.linked, expected.largest_share)
    assert shares == pytest.approx((1, 1, 1))
    for size, grouped in ((9, True), (10, False)):
        with pytest.raises(
            InputError, match=f"group_size={size} leaves no image of another person"
        ):
            forecast(9, group_size=size, grouped=grouped)
    with pytest.raises(InputError, match="group_size is from 1"):
        forecast(9, group_size=0)


@pytest.mark.parametrize(("total", "marked", "draws"), [(9, 3, 4), (9, 7, 5), (5, 5, 2), (6, 0, 3)])
def test_draws_without_replacement(total, marked, draws):
    chances = [
        comb(marked, k) * comb(total - marked, draws - k) / comb(total, draws)
        for k in range(min(marked, draws) + 1)
    ]
    assert hypergeometric(total, marked, draws).tolist() == pytest.approx(chances)
