"""The measured cost of a mixing beside its forecast."""

import json
from functools import partial

import pytest

from blockmix.forecasting import display
from blockmix.forecasting.costs import COSTS, Cost, measured_cost
from blockmix.forecasting.forecast import forecast
from blockmix.probability import balanced


@pytest.fixture
def example(tmp_path):
    """A file with the cost of one way of mixing."""
    lost = {"value": 6.0, "low": 4.5, "high": 7.5}
    way = {"blocks": 64, "sources": 10, "rounds": 1, "probability": balanced(10)}
    path = tmp_path / "costs.json"
    path.write_text(
        json.dumps({"measured_on": "an example", "costs": [way | {"points_lost": lost}]})
    )
    return path


@pytest.mark.parametrize("class_size", [1500, 3000])
def test_the_cost_of_the_same_parameters_is_found(example, class_size):
    expected = forecast(class_size, sources=10, rounds=1, probability="balanced", blocks=64)
    assert measured_cost(expected, example) == Cost(6.0, 4.5, 7.5, "an example")


@pytest.mark.parametrize(
    "changed", [{"sources": 9}, {"rounds": 2}, {"probability": 0.5}, {"blocks": 16}]
)
def test_other_parameters_have_none(example, changed):
    parameters = {"sources": 10, "rounds": 1, "probability": balanced(10), "blocks": 64}
    assert measured_cost(forecast(1500, **parameters | changed), example) is None


def test_costs_are_shown_where_they_are_known(example, monkeypatch):
    monkeypatch.setattr(display, "measured_cost", partial(measured_cost, path=example))
    known, unknown = (forecast(1500, probability=p) for p in ("balanced", 0.5))
    shown = display.describe(known, releases=1)
    assert "6.0 points of accuracy (4.5 to 7.5), by training on such a set, on an example" in shown
    assert "points of accuracy" not in display.describe(unknown, releases=1)
    heading, *rows = display.table([known, unknown]).split("\n\n")[0].splitlines()
    assert heading.endswith("points lost")
    assert [row.split()[-1] for row in rows] == ["6.0", "-"]
    assert "points lost" not in display.table([unknown])


def test_the_packaged_file_is_whole():
    content = json.loads(COSTS.read_text())
    assert {*content} == {"measured_on", "costs"}
    assert (content["measured_on"] is None) == (not content["costs"])
