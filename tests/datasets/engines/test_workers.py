"""Which workers a user names, and what is known of them."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from blockmix import InputError, InputTypeError
from blockmix.datasets.engines.workers import open_workers


def test_without_an_executor_tasks_run_here_and_at_once():
    calls = []
    with open_workers(None) as workers:
        assert workers.is_here
        assert workers.is_own
        assert workers.submit(calls.append, 1).done()
    assert calls == [1]


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_pools_of_this_machine_are_guarded_and_stay_open(pool):
    with pool(3) as executor:
        with open_workers(executor) as workers:
            assert (workers.is_guarded, workers.is_own, workers.is_here) == (True, True, False)
            assert workers.window == 6
        assert executor.submit(abs, -1).result() == 1


def test_processes_end_with_the_block():
    with open_workers("processes:1") as workers:
        assert workers.submit(abs, -1).result() == 1
        assert workers.window == 2
    with pytest.raises(RuntimeError, match="after shutdown"):
        workers._executor.submit(abs, -1)


@pytest.mark.parametrize(
    ("executor", "error", "words"),
    [
        ("cluster", InputError, "one of processes, dask, ray, or an Executor, got 'cluster'"),
        ("processes:few", InputError, "write processes:N for a number of processes, got 'few'"),
        ("processes:0", InputError, "processes is from 1 to 1024, got 0"),
        (4, InputTypeError, "executor is a concurrent.futures.Executor, .* got int"),
    ],
)
def test_what_is_no_executor_is_refused(executor, error, words):
    with pytest.raises(error, match=words), open_workers(executor):
        pass
