"""Worker processes that also say how long each task took."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from time import perf_counter, process_time
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class TimedTask(NamedTuple):
    """A task that has ended, and what it took in its worker."""

    function: Callable[..., Any]
    job: Any
    result: Any
    seconds: float
    cpu_seconds: float


class TimedPool(ProcessPoolExecutor):
    """A pool like that of ``"processes:N"``, whose ``tasks`` keep what has been done."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers, get_context("spawn"))
        self.tasks: list[TimedTask] = []

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Hand over a task; its future gets the bare result."""
        bare: Future[T] = Future()
        timed = super().submit(_timed, function, args, kwargs)

        def unpack(ended: Future[tuple[T, float, float]]) -> None:
            error = ended.exception()
            if error is not None:
                bare.set_exception(error)
                return
            result, seconds, cpu_seconds = ended.result()
            self.tasks.append(TimedTask(function, args[0], result, seconds, cpu_seconds))
            bare.set_result(result)

        timed.add_done_callback(unpack)
        return bare


def _timed(
    function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[T, float, float]:
    started, cpu = perf_counter(), process_time()
    result = function(*args, **kwargs)
    return result, perf_counter() - started, process_time() - cpu
