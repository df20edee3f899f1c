"""Rows of a record, gathered: means over seeds, points lost, and what is unbeaten."""

import numpy as np
import pytest
from scipy import stats
from utility_record import SEEDS, WAYS, estimate, small_record

from blockmix.bench.utility.best import best_ways
from blockmix.bench.utility.pareto import pareto
from blockmix.bench.utility.results import (
    AXES,
    gather,
    of_model,
    original,
    points_lost,
    unbeaten,
)


@pytest.fixture
def own():
    """The results of the first model."""
    return of_model(gather(small_record()), "small")


def named(results, name):
    (result,) = (result for result in results if result.name == name)
    return result


def test_rows_are_gathered_by_model_and_way_in_order():
    record = small_record()
    expected = [result.name for result in gather(record)]
    record["rows"].reverse()
    assert expected == [way["name"] for way in record["ways"]] * 2
    assert [result.name for result in gather(record)] == expected
    for result in gather(record):
        assert [row["seed"] for row in result.rows] == list(range(SEEDS))


def test_a_way_without_rows_is_left_out():
    record = small_record()
    record["rows"] = [row for row in record["rows"] if row["way"] != "mixup"]
    assert "mixup" not in {result.name for result in gather(record)}


def test_means_have_students_interval(own):
    estimate = named(own, "original").mean("accuracy")
    values = np.array([0.83, 0.84, 0.85])
    half = stats.t.ppf(0.975, 2) * values.std(ddof=1) / np.sqrt(3)
    assert estimate["value"] == pytest.approx(0.84)
    assert estimate["high"] - estimate["value"] == pytest.approx(half)


def test_points_lost_are_paired_by_seed(own):
    """What all ways share in a seed cancels."""
    lost = points_lost(named(own, "64 blocks, 10 sources, 0.5"), original(own, "small"))
    assert lost == pytest.approx({"value": 6, "low": 6, "high": 6})


def test_points_lost_without_a_shared_seed(own):
    record = small_record()
    record["rows"] = [
        row for row in record["rows"] if (row["way"] == "original") == (row["seed"] == 0)
    ]
    results = gather(record)
    assert (
        points_lost(named(of_model(results, "small"), "mixup"), original(results, "small")) is None
    )


@pytest.fixture
def chosen():
    """Results of a record whose first seed chose ways that were run with two more."""
    record = small_record(("small",))
    record["plan"] |= {"seeds": 1, "best_seeds": 2}
    record["rows"] = [row for row in record["rows"] if row["seed"] == 0 or row["way"] in CHOSEN]
    for row in record["rows"]:
        row["accuracy"] += 0.05 * (row["seed"] == 0 and row["way"] in CHOSEN)
    return gather(record)


CHOSEN = ("original", "64 blocks, 10 sources, 0.5")


def test_seeds_that_chose_a_way_do_not_count_for_it(chosen):
    assert [row["seed"] for row in named(chosen, "original").counted] == [1, 2]
    assert named(chosen, "original").mean("accuracy")["value"] == pytest.approx(0.845)
    assert [row["seed"] for row in named(chosen, "mixup").counted] == [0]
    assert named(chosen, "mixup").mean("accuracy")["value"] == pytest.approx(0.825)


def test_points_lost_of_a_way_that_was_not_chosen_are_those_of_its_seed(chosen):
    originals = original(chosen, "small")
    assert points_lost(named(chosen, CHOSEN[1]), originals)["value"] == pytest.approx(6)
    assert points_lost(named(chosen, "mixup"), originals) == {
        "value": pytest.approx(5.5),
        "low": None,
        "high": None,
    }


def test_the_pareto_set_against_its_definition():
    points = dict(enumerate(np.random.default_rng(0).integers(0, 6, (60, 3)).tolist()))
    chosen = pareto(points)
    assert 0 < len(chosen) < len(points)
    for name, point in points.items():
        others = np.array(list(points.values()))
        beaten = ((others <= point).all(axis=1) & (others < point).any(axis=1)).any()
        assert (name in chosen) == (not beaten)


def test_what_is_unbeaten_is_so_on_all_axes(own):
    names = {result.name for result in unbeaten(own)}
    assert names == {
        "original",
        "16 blocks, 10 sources, 0.5",
        "64 blocks, 10 sources, 0.5",  # no other names a person by one block less often
        "4 blocks, 2 sources, balanced",
        "8 columns, 10 sources, balanced",
        "64 blocks, 10 sources, balanced",
    }


def test_ways_that_lack_an_axis_or_images_take_no_part():
    record = small_record()
    for row in record["rows"]:
        if row["way"] in ("pixelation 8", "mixup") or "half" in row["way"] or "flip" in row["way"]:
            row["accuracy"] = 1.0
    names = {result.name for result in unbeaten(of_model(gather(record), "small"))}
    assert "pixelation 8" not in names
    assert not any("half" in name or "flip" in name for name in names)


def test_the_axes_are_entries_of_the_protection():
    assert {*AXES} <= {*next(iter(WAYS.values()))["protection"]}


def held_out(record, accuracies):
    """The record with an accuracy on the images held out for each way, which tests contradict."""
    for row in record["rows"]:
        row["validation_accuracy"] = accuracies.get(row["way"], 0.0)
        row["accuracy"] = 1 - row["validation_accuracy"]
    return gather(record)


def test_the_best_ways_are_chosen_by_images_held_out():
    record = small_record()
    better, worse = "8 columns, 10 sources, balanced", "64 blocks, 10 sources, balanced"
    for way in record["ways"]:
        if way["name"] in (better, worse):
            way["protection"] = {axis: estimate(0.1) for axis in AXES}
    best = best_ways(held_out(record, {better: 0.8, worse: 0.7, "original": 0.1}))
    for model in ("small", "keras:VGG16"):
        assert (model, better) in best
        assert (model, worse) not in best  # as good on every axis, but less accurate


def test_originals_and_the_papers_ways_are_always_among_the_best():
    record = small_record(("small",))
    for way in record["ways"]:
        way["protection"] = None
    papers = ("16 blocks, 10 sources, 0.5", "64 blocks, 10 sources, 0.5")
    assert best_ways(gather(record)) == {("small", name) for name in ("original", *papers)}
