"""Which workers a user names, and what is known of them."""

import pickle
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from foreign_executor import ForeignExecutor

from blockmix import InputError, InputTypeError, Key, WorkError
from blockmix.datasets.engines import workers as workers_module
from blockmix.datasets.engines.carried_key import CarriedKey
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


class DaskClient:
    """A client of Dask as far as it matters: where scheduler and workers are."""

    def __init__(self, scheduler, *workers):
        self.scheduler = SimpleNamespace(address=scheduler)
        self.scheduler_info = dict
        self.status = "running"
        self._workers = workers

    def nthreads(self):
        return dict.fromkeys(self._workers, 2)


class DaskExecutor(ForeignExecutor):
    def __init__(self, *addresses):
        self._client = DaskClient(*addresses)


@pytest.mark.parametrize(
    ("addresses", "is_guarded"),
    [
        (["tls://10.0.0.7:8786", "tls://10.0.0.8:1", "tls://10.0.0.9:1"], True),
        (["inproc://10.0.0.7/1/1"], True),
        (["tcp://127.0.0.1:8786", "tcp://127.0.0.1:1"], True),
        (["tcp://localhost:8786", "tcp://[::1]:1"], True),
        (["tcp://10.0.0.7:8786", "tcp://10.0.0.8:1"], False),
        (["ucx://127.0.0.1:8786"], False),
        (["tcp://127.0.0.1.example.org:8786"], False),
        # The near end of a tunnel, behind which nothing is encrypted.
        (["tcp://127.0.0.1:8786", "tcp://127.0.0.1:1", "tcp://10.0.0.8:1"], False),
    ],
)
def test_a_dask_cluster_is_guarded_if_all_of_it_is(addresses, is_guarded):
    with open_workers(DaskExecutor(*addresses)) as workers:
        assert bool(workers.is_guarded) == is_guarded
        assert not workers.is_own
        assert workers.window == max(4 * (len(addresses) - 1), 8)


def test_workers_of_a_dask_cluster_are_counted_anew(monkeypatch):
    monkeypatch.setattr(workers_module, "_COUNTED_SECONDS", -1)
    executor = DaskExecutor("tls://10.0.0.7:8786")
    with open_workers(executor) as workers:
        assert workers.window == 8
        executor._client._workers = range(100)
        assert workers.window == 400
        executor._client._workers = range(6)
        assert workers.window == 24
        executor._client._workers = None  # as if there were no scheduler
        assert workers.window == 24


def test_a_dask_cluster_whose_client_has_closed_has_gone():
    executor = DaskExecutor("tls://10.0.0.7:8786")
    with open_workers(executor) as workers:
        assert not workers.has_gone()
        executor._client.status = "closed"
        assert workers.has_gone()


@pytest.mark.parametrize("is_initialized", [True, False])
@pytest.mark.parametrize(("name", "environment"), [("ray", {}), ("ray", "x"), ("ray:auto", {})])
def test_ray_is_guarded_if_it_is_started_here_for_this_alone(
    monkeypatch, is_initialized, name, environment
):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if environment:
        monkeypatch.setenv("RAY_ADDRESS", environment)
    calls = []
    remote = SimpleNamespace(options=lambda **options: None)
    ray = SimpleNamespace(
        is_initialized=lambda: is_initialized,
        init=lambda **options: calls.append("init"),
        shutdown=lambda: calls.append("shutdown"),
        remote=lambda function: remote,
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    with open_workers(name) as workers:
        is_alone = not is_initialized and name == "ray" and not environment
        assert workers.is_guarded == is_alone
        assert not workers.is_own
    assert calls == ([] if is_initialized else ["init", "shutdown"])


def test_nothing_is_known_of_another_executor():
    with open_workers(ForeignExecutor()) as workers:
        assert not workers.is_guarded
        assert not workers.is_own
        assert not workers.has_gone()
        with pytest.raises(InputError, match=r"does not travel to workers: pass key=KeyFile"):
            workers.check_key(None)


def test_a_cluster_that_has_gone_is_said_to_have():
    """Whatever its client raises then: that differs between versions of Dask."""
    executor = DaskExecutor("tls://10.0.0.7:8786")
    executor._client.status = "closed"

    def fail(function, job):
        raise Exception(f"could not send {job}")

    executor.submit = fail
    with open_workers(executor) as workers:
        with pytest.raises(WorkError, match=r"cannot be reached any more: .*resume=True"):
            workers.submit(abs, -1)
        executor._client.status = "running"
        with pytest.raises(WorkError, match=r"takes no task: Exception$") as caught:
            workers.submit(abs, -1)
        assert caught.value.__cause__ is None


def test_an_executor_that_is_closed_is_said_to_be():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with (
        open_workers(executor) as workers,
        pytest.raises(WorkError, match=r"takes no task: .*shut"),
    ):
        workers.submit(abs, -1)


STARTS_PROCESSES = """
import os, signal, sys
from blockmix.datasets.engines.workers import open_workers

if __name__ == "__main__":
    with open_workers("processes:2") as workers:
        print(workers.submit(os.getpid).result(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_processes_end_with_one_that_is_killed(tmp_path):
    """Their output is that of the process that has started them: it ends when they all have."""
    script = tmp_path / "start.py"
    script.write_text(STARTS_PROCESSES)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert int(output) != process.pid


def test_a_carried_key_shows_nowhere_but_where_it_goes():
    key = Key.generate()
    carried = CarriedKey(key)
    assert repr([carried]) == "[CarriedKey(<secret>)]"
    assert pickle.loads(pickle.dumps(carried)).read() == key  # noqa: S301
