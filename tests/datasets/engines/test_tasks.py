"""Tasks: windows, failures that are results, and workers that die."""

import os
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest

from blockmix import InputError, WorkError
from blockmix.datasets.engines.tasks import Failure, run_tasks
from blockmix.datasets.engines.workers import Workers, open_workers


class Recorder:
    """An executor that does nothing until it is told to, and loses the tasks it is told to lose."""

    def __init__(self, loses=lambda job, attempt: False):
        self.loses = loses
        self.attempts = {}
        self.most = 0
        self.open = 0

    def submit(self, function, job):
        self.open += 1
        self.most = max(self.most, self.open)
        attempt = self.attempts[job] = self.attempts.get(job, 0) + 1
        future = Future()
        if self.loses(job, attempt):
            future.set_exception(BrokenProcessPool())
        else:
            future.set_result(function(job))
        return future


def workers_of(executor, window=4):
    return Workers(lambda: executor, window, is_guarded=True)


def double(job):
    return 2 * job


def test_every_job_has_its_result():
    with ThreadPoolExecutor(3) as pool:
        results = dict(run_tasks(workers_of(pool), double, range(100)))
    assert results == {job: 2 * job for job in range(100)}


def test_no_more_than_a_window_waits():
    executor = Recorder()
    for _ in run_tasks(workers_of(executor, window=5), double, iter(range(50))):
        executor.open -= 1
    assert executor.most == 5
    assert executor.open == 0


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (WorkError("the shard is damaged"), "the shard is damaged"),
        (InputError("too few images"), "too few images"),
        (MemoryError("secret"), "out of memory"),
        (ValueError("secret"), "unexpected ValueError at test_tasks.py:"),
    ],
)
def test_failures_are_results_without_what_is_not_ours(error, reason):
    def fail(job):
        raise error

    ((job, result),) = run_tasks(workers_of(Recorder()), fail, [7])
    assert job == 7
    assert result.reason.startswith(reason)
    assert "secret" not in result.reason


@pytest.mark.parametrize("lost", [0, 3])  # 0 gives 0, which is a result like any other
def test_a_lost_task_is_done_again_when_the_others_have_ended(lost):
    executor = Recorder(loses=lambda job, attempt: job == lost and attempt == 1)
    results = list(run_tasks(workers_of(executor), double, range(9)))
    assert results[-1] == (lost, 2 * lost)
    assert sorted(results) == [(job, 2 * job) for job in range(9)]


def test_a_task_that_is_lost_again_has_failed():
    executor = Recorder(loses=lambda job, attempt: job == 3)
    results = dict(run_tasks(workers_of(executor), double, range(9)))
    assert results.pop(3) == Failure("its worker died, twice (BrokenProcessPool)")
    assert results == {job: 2 * job for job in range(9) if job != 3}
    assert executor.attempts == {job: 1 + (job == 3) for job in range(9)}


class Unreadable:
    def __reduce__(self):
        return int, ("no number",)


def test_a_result_that_cannot_be_read_is_a_failure():
    """As from a worker with another version, in which a report has other fields."""

    def give(job):
        return Unreadable()

    ((_, result),) = run_tasks(workers_of(Recorder()), give, [7])
    assert result.reason.startswith("its result cannot be read: does the worker have the same")


def die_once(job):
    """Kill the worker's process, unless another one has been killed for the same job."""
    folder, number = job
    if number == 2 and not os.path.exists(f"{folder}/died"):
        open(f"{folder}/died", "x").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_killed_process_costs_what_it_was_doing(tmp_path):
    jobs = [(str(tmp_path), number) for number in range(6)]
    with open_workers("processes:2") as workers:
        assert sorted(result for _, result in run_tasks(workers, die_once, jobs)) == [*range(6)]


def die(job):
    if job == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return job


def test_a_job_that_kills_its_process_fails_alone():
    with open_workers("processes:2") as workers:
        results = dict(run_tasks(workers, die, range(5)))
    assert results == {job: job for job in range(5) if job != 2} | {
        2: Failure("its worker died, twice (BrokenProcessPool)")
    }
