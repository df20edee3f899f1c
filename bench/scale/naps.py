"""Units that only sleep, on many slots: what it costs to hand out work, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, NamedTuple

from blockmix.datasets.engines.tasks import Failure, run_tasks
from blockmix.datasets.engines.workers import Workers, open_workers
from blockmix.errors import WorkError
from blockmix.support.extras import load

# Processes that hold the threads of the Dask cluster, half of them each.
_DASK_PROCESSES = 2


class NapPlan(NamedTuple):
    """So many units of so many seconds."""

    units: int
    seconds: float


class _Nap(NamedTuple):
    seconds: float
    payload: bytes  # so that it is as large as the job of a real unit
    report_bytes: int


def measure(
    executors: Sequence[str],
    slots: int,
    plans: Sequence[NapPlan],
    repeats: int,
    sizes: dict[str, int],
) -> list[dict[str, Any]]:
    """Return a row for each plan and executor, which take turns.

    ``sizes`` are the ``job_bytes`` and ``report_bytes`` of a real unit.
    """
    rows = []
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(open_workers(stack.enter_context(EXECUTORS[name](slots))))
            for name in executors
        }
        for own in workers.values():
            _nap_all(own, NapPlan(2 * slots, 0.0), sizes)
        for plan in plans:
            runs: dict[str, list[dict[str, float]]] = {name: [] for name in executors}
            for _ in range(repeats):
                for name, own in workers.items():
                    runs[name].append(_nap_all(own, plan, sizes))
            rows += [
                {
                    "executor": name,
                    "slots": slots,
                    "window": own.window,
                    **plan._asdict(),
                    "runs": runs[name],
                }
                for name, own in workers.items()
            ]
    return rows


def _nap_all(workers: Workers, plan: NapPlan, sizes: dict[str, int]) -> dict[str, float]:
    job = _Nap(plan.seconds, bytes(sizes["job_bytes"]), sizes["report_bytes"])
    started, cpu = time.perf_counter(), time.process_time()
    for _, result in run_tasks(workers, _nap, [job] * plan.units):
        if isinstance(result, Failure):
            raise WorkError(f"a unit that only sleeps has failed: {result.reason}")
    return {
        "seconds": time.perf_counter() - started,
        "driver_cpu_seconds": time.process_time() - cpu,
    }


def _nap(job: _Nap) -> bytes:
    time.sleep(job.seconds)
    return bytes(job.report_bytes)


@contextmanager
def _dask(slots: int) -> Iterator[Executor]:
    distributed = load("distributed", "a Dask cluster needs dask.distributed", "cluster")
    with (
        distributed.LocalCluster(
            n_workers=_DASK_PROCESSES,
            threads_per_worker=slots // _DASK_PROCESSES,
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor(pure=False, retries=3)


EXECUTORS: dict[str, Callable[[int], AbstractContextManager[Executor]]] = {
    "threads": ThreadPoolExecutor,
    "dask": _dask,
}
