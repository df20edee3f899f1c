"""The simulator gives the times of cases that can be worked out by hand."""

from itertools import chain, repeat
from math import inf

import pytest

from blockmix.bench.scale.simulator import Cluster, Outcome, Redo, simulate


def cluster(cores, *, window=None, driver=0.0, restart=0.0, redo=Redo.DRIVER):
    return Cluster(cores, window or 2 * cores, driver, restart, redo)


def lives(*first):
    """Lifetimes of the first workers that start a unit; all others live for ever."""
    return chain(first, repeat(inf))


@pytest.mark.parametrize(
    ("units", "cores", "seconds"), [(0, 3, 0), (1, 4, 5), (4, 4, 5), (5, 4, 10), (12, 1, 60)]
)
def test_equal_units_take_whole_turns(units, cores, seconds):
    assert simulate([5.0] * units, cluster(cores), lives()) == Outcome(seconds, 0, 0, 0)


def test_units_of_different_lengths_go_to_the_next_free_core_in_order():
    # 4 and 1 start; 2 starts at 1, and 3 at 3.
    assert simulate([4.0, 1.0, 2.0, 3.0], cluster(2), lives()).seconds == 6


def test_a_slow_driver_bounds_everything():
    """The last of 100 units is handed out after 100 times the driver's time."""
    assert simulate([0.0] * 100, cluster(8, driver=0.5), lives()).seconds == 50
    assert simulate([3.0] * 100, cluster(8, driver=0.5), lives()).seconds == 53


def test_a_window_of_one_waits_for_the_driver_each_time():
    assert simulate([3.0] * 10, cluster(8, window=1, driver=0.5), lives()).seconds == 35


def test_a_window_that_is_ahead_hides_the_driver():
    assert simulate([3.0] * 10, cluster(1, window=2, driver=0.5), lives()).seconds == 30.5


def test_a_killed_unit_is_done_again_alone_when_all_others_have_ended():
    # The first dies after 2; its core is back at 3 and does the fourth until 8; then it alone.
    outcome = simulate([5.0] * 4, cluster(3, restart=1), lives(2))
    assert outcome == Outcome(13, killed=1, lost=1, failed=0)


def test_lost_units_are_done_again_together_and_then_alone():
    outcome = simulate([5.0] * 4, cluster(4), lives(1, 1, 1))
    assert outcome == Outcome(5 + 5, killed=3, lost=3, failed=0)
    outcome = simulate([5.0] * 4, cluster(4), lives(1, 1, 1, inf, 1, 1))
    assert outcome == Outcome(5 + 5 + 2 * 5, killed=5, lost=5, failed=0)


def test_a_unit_whose_worker_dies_three_times_has_failed():
    outcome = simulate([5.0] * 2, cluster(2), lives(1, inf, 2, 3))
    assert outcome == Outcome(5 + 2 + 3, killed=3, lost=2, failed=1)


def test_a_cluster_does_a_killed_unit_again_at_once():
    # Dies after 2, and starts before the third on the second core, which is free at 5.
    durations = [5.0] * 3
    again = cluster(2, restart=60, redo=Redo.CLUSTER)
    assert simulate(durations, again, lives(2)) == Outcome(15, killed=1, lost=0, failed=0)


def test_a_core_whose_worker_died_works_again_later():
    again = cluster(1, restart=60, redo=Redo.CLUSTER)
    assert simulate([5.0], again, lives(2)).seconds == 2 + 60 + 5
    assert simulate([5.0], cluster(1, restart=60), lives(2)).seconds == 2 + 60 + 5


def test_a_pool_loses_its_whole_window():
    # All four of the window are lost at 2; the fifth and sixth start at 3; then four, two by two.
    pool = cluster(2, restart=1, redo=Redo.POOL)
    outcome = simulate([5.0] * 6, pool, lives(2))
    assert outcome == Outcome(8 + 2 * 5, killed=1, lost=4, failed=0)
