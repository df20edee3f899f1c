"""Tables say how much faster and how efficient, of runs that were timed in turns."""

import pytest

from blockmix.bench.scale.tables import duration, efficiencies, rates, speedups


def row(workers, *seconds):
    runs = [{"seconds": value} for value in seconds]
    return {"shards": 2, "images_per_shard": 50, "workers": workers, "runs": runs}


def test_a_run_is_compared_with_the_one_before_it():
    one, two = row(1, 4.0, 6.0), row(2, 2.0, 4.0)
    assert speedups(two, [one, two]) == [2.0, 1.5]
    assert rates(two) == [50.0, 25.0]


def test_efficiency_is_ideal_by_real_time():
    naps = {"units": 100, "seconds": 0.5, "slots": 10, "runs": [{"seconds": 5}, {"seconds": 20}]}
    assert efficiencies(naps) == [1.0, 0.25]


@pytest.mark.parametrize(
    ("hours", "text"), [(23.64, "23.6 h"), (0.5, "30 min"), (0.02, "72 s"), (1.4, "84 min")]
)
def test_durations_have_the_unit_that_suits_them(hours, text):
    assert duration(hours) == text
