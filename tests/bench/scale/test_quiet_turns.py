"""Turns in which other programs used the machine do not count."""

from blockmix.bench.scale.mixing import only_quiet
from blockmix.bench.scale.other_load import OtherLoad


def row(shards, workers, *others):
    runs = [{"others": share, "number": number} for number, share in enumerate(others)]
    return {"shards": shards, "workers": workers, "runs": runs}


def test_a_turn_counts_if_all_its_runs_were_quiet():
    rows = [row(2, 1, 0.0, 0.3, 0.1), row(2, 2, 0.1, 0.0, 0.05), row(1, 1, 0.3), row(1, 2, 0.1)]
    quiet = only_quiet(rows, 0.1)
    numbers = [[run["number"] for run in kept["runs"]] for kept in quiet]
    assert numbers == [[0, 2], [0, 2], [], []]
    assert [kept["turns"] for kept in quiet] == [3, 3, 1, 1]


def test_own_time_is_not_that_of_others():
    assert OtherLoad().share(own_seconds=1e9) == 0
    assert 0 <= OtherLoad().share(own_seconds=0.0) <= 1
