"""Forecasts of sets with persons who have different numbers of originals."""

from dataclasses import replace

import numpy as np
import pytest
from builders import random_images

from blockmix import BlockMixer, Key
from blockmix.privacy import Pair, forecast, measure, page
from blockmix.privacy.report.set_forecast import SetForecast

NUMBERS = [8, 6, 4, 4, 4, 4, 2, 2, 2, 2, 1, 1]  # of the originals of each person, 40 in all
PERSONS = np.repeat(np.arange(12), NUMBERS)
PARAMETERS = {"sources": 5, "rounds": 1, "probability": "balanced"}


def mixed_pair(seed, grouped, **parameters):
    images = random_images(40, 12, 48)
    mixer = BlockMixer(block=3, key=Key.from_seed(seed), **parameters)
    plan = mixer.plan([0] * 40, 12, 48, groups=PERSONS if grouped else None)
    return Pair.of_arrays(
        images, plan.apply(images), [0] * 40, block=3, source_map=plan, groups=PERSONS
    )


@pytest.mark.parametrize("grouped", [True, False])
def test_values_are_means_over_originals(grouped):
    parameters = {"sources": 35, "rounds": 2, "probability": "balanced", "grouped": grouped}
    expected = SetForecast.of_pair(mixed_pair(0, False), parameters)
    (part,) = expected.parts.values()
    assert {f.group_size: (f.sources, share) for f, share in part.items()} == {
        size: (40 - size if grouped and size > 5 else 35, share)
        for size, share in ((1, 0.05), (2, 0.2), (4, 0.4), (6, 0.15), (8, 0.2))
    }
    forecasts = [
        forecast(40, blocks=(4, 16), group_size=size, **parameters)
        for size in np.array(NUMBERS)[PERSONS]
    ]
    overall = expected.overall(0.3)
    persons = overall["persons"]
    assert persons["grouped"] is grouped
    assert overall["own_kept"] == pytest.approx(np.mean([f.own_kept for f in forecasts]))
    assert persons["own_share"] == pytest.approx(np.mean([f.persons.own_share for f in forecasts]))
    assert persons["linked"] == pytest.approx(np.mean([f.persons.linked for f in forecasts]))
    shown = sum(f.images_showing_person(0.3) / f.group_size for f in forecasts) / 12
    assert persons["half_shown"] == pytest.approx(shown)
    assert overall["anonymity_set"] == min(f.anonymity_set for f in forecasts)
    assert expected.by_label["0"] == forecasts[20]  # of persons with 4 originals


@pytest.mark.parametrize("grouped", [True, False])
def test_it_agrees_with_drawn_sets(grouped):
    expected = SetForecast.of_pair(mixed_pair(0, grouped), PARAMETERS | {"grouped": grouped})
    persons, own_shares, linked, largest = expected.overall(0.5)["persons"], [], [], []
    for seed in range(100):
        plan = BlockMixer(block=3, key=Key.from_seed(seed), **PARAMETERS).plan(
            [0] * 40, 12, 48, groups=PERSONS if grouped else None
        )
        shown = PERSONS[plan.sources.reshape(40, 64)]
        counts = (shown[:, :, None] == np.arange(12)).sum(axis=1)
        most = counts == counts.max(axis=1, keepdims=True)
        own_shares.append(counts[np.arange(40), PERSONS].mean() / 64)
        linked.append((most[np.arange(40), PERSONS] / most.sum(axis=1)).mean())
        largest.append(counts.max(axis=1).mean() / 64)
    assert np.mean(own_shares) == pytest.approx(persons["own_share"], abs=0.003)
    assert np.mean(linked) == pytest.approx(persons["linked"], abs=0.02)  # an estimate
    assert np.mean(largest) == pytest.approx(persons["largest_share"], abs=0.02)


def test_in_a_cohort_a_person_has_fewer_originals():
    pair = replace(mixed_pair(0, False), cohorts={"0": 14})
    (part,) = SetForecast.of_pair(pair, PARAMETERS).parts.values()
    assert {f.class_size for f in part} == {14}
    # The others of a person are 13 / 39 of what they were: of 8 originals 3 1/3 are in a cohort.
    assert {f.group_size: share for f, share in part.items()} == {1: 0.25, 2: 0.4, 3: 0.35}


def test_without_persons_there_is_one_forecast_of_a_label():
    pair = replace(mixed_pair(0, False), groups=None)
    expected = SetForecast.of_pair(pair, PARAMETERS | {"grouped": True})
    assert expected.by_label == {"0": forecast(40, blocks=(4, 16), **PARAMETERS)}
    assert expected.overall(0.5)["persons"] is None


@pytest.mark.parametrize("grouped", [True, False])
def test_a_report_has_the_forecast_beside_the_measurement(grouped):
    report = measure(mixed_pair(1, grouped, **PARAMETERS), grouped=grouped, sample=2, **PARAMETERS)
    expected, counted = report["forecast"]["persons"], report["persons"]
    for name, estimate in (
        ("own_share", counted["own_share"]),
        ("linked", counted["linkage"]["by_most_blocks"]),
        ("largest_share", counted["shares"]["largest"]),
    ):
        assert expected[name] == pytest.approx(estimate["value"], abs=0.1)
    text = page(report)
    for value in (f"{expected['own_share']:.1%}", f"{expected['largest_share']:.1%}"):
        assert f'<td class="number">{value}</td>' in text
