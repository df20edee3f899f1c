"""Tasks: windows, failures that are results, and workers that die."""

import os
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest

from blockmix import InputError, WorkError
from blockmix.datasets.engines import tasks as tasks_module
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


def test_lost_tasks_are_done_again_together_and_then_alone():
    loses = {1: 1, 2: 1, 3: 2, 5: 2}  # how often
    executor = Recorder(loses=lambda job, attempt: attempt <= loses.get(job, 0))
    results = dict(run_tasks(workers_of(executor), double, range(9)))
    assert results == {job: 2 * job for job in range(9)}
    assert executor.attempts == {job: 1 + loses.get(job, 0) for job in range(9)}


def test_lost_tasks_wait_for_one_another_only_at_the_third_time(monkeypatch):
    """A cluster whose workers die now and then must not stand still for each of their tasks."""
    monkeypatch.setattr(tasks_module, "WAIT_SECONDS", 0.01)

    class Pairing(Recorder):
        """Ends the second attempts of two tasks together, which the first two have lost."""

        def submit(self, function, job):
            future = super().submit(function, job)
            if self.attempts[job] != 2 or job > 1:
                return future
            self.held.append((Future(), future.result()))
            if len(self.held) == 2:
                for held, result in self.held:
                    held.set_result(result)
            return self.held[-1][0]

    executor = Pairing(loses=lambda job, attempt: job < 2 and attempt == 1)
    executor.held = []
    workers = Workers(lambda: executor, 4, is_guarded=True, has_gone=lambda: True)
    assert dict(run_tasks(workers, double, range(4))) == {job: 2 * job for job in range(4)}


def test_a_task_that_is_lost_three_times_has_failed():
    executor = Recorder(loses=lambda job, attempt: job == 3)
    results = dict(run_tasks(workers_of(executor), double, range(9)))
    assert results.pop(3) == Failure("its worker died, three times (BrokenProcessPool)")
    assert results == {job: 2 * job for job in range(9) if job != 3}
    assert executor.attempts == {job: 1 + 2 * (job == 3) for job in range(9)}


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
        2: Failure("its worker died, three times (BrokenProcessPool)")
    }
