"""The simulator counts what `run_tasks` really does when workers die."""

from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from itertools import chain, repeat
from math import inf

import pytest

from blockmix.bench.scale.projection import AHEAD
from blockmix.bench.scale.simulator import Cluster, Redo, simulate
from blockmix.datasets.engines.tasks import Failure, run_tasks
from blockmix.datasets.engines.workers import open_workers


class Dying(Executor):
    """Ends tasks in the order in which they come; some workers die of them."""

    def __init__(self, deaths):
        self._max_workers = 2
        self._deaths = iter(deaths)
        self.started = []

    def submit(self, function, job):
        self.started.append(job)
        future = Future()
        if next(self._deaths):
            future.set_exception(BrokenExecutor())
        else:
            future.set_result(function(job))
        return future


@pytest.mark.parametrize(
    "deaths",
    [(), (1,), (0, 1, 1), (1, 0, 0, 0, 0, 1), (1, 1, 1, 1, 1, 1, 0, 1, 0, 0)],
)
def test_as_many_units_are_lost_and_failed(deaths):
    executor = Dying(chain(deaths, repeat(False)))
    with open_workers(executor) as workers:
        results = dict(run_tasks(workers, str, range(5)))
    assert len(results) == 5
    lifetimes = chain((0.5 if death else inf for death in deaths), repeat(inf))
    outcome = simulate([1.0] * 5, Cluster(2, workers.window, 0, 0, Redo.DRIVER), lifetimes)
    assert outcome.lost == len(executor.started) - 5
    assert outcome.killed == sum(deaths)
    assert outcome.failed == sum(isinstance(result, Failure) for result in results.values())


def test_the_window_is_that_of_the_code():
    with ThreadPoolExecutor(7) as pool, open_workers(pool) as workers:
        assert workers.window == AHEAD * 7
