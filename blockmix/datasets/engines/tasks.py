"""Tasks on workers: a window of them at a time, each done again if its worker dies."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from itertools import islice
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from blockmix.datasets.engines.workers import Workers
from blockmix.errors import BlockmixError, InputError

Job = TypeVar("Job")
Result = TypeVar("Result")

# Seconds after which it is looked whether the executor is still there, if no task ends.
WAIT_SECONDS = 10.0


class Failure(NamedTuple):
    """A task that failed, and why; no name of an original is in it."""

    reason: str
    is_input: bool = False  # what was asked for breaks a rule


class _Lost(NamedTuple):
    """A task whose worker has died, or that did not get to one, and what the executor says."""

    error: str  # name of its class


class _Attempt(Generic[Job, Result]):
    """A task that returns its failure: exceptions end up in logs of other people.

    Its result is pickled here already. One that the driver cannot read, of a worker with another
    version of blockmix, would leave an executor such as Dask's waiting for ever.
    """

    def __init__(self, function: Callable[[Job], Result]) -> None:
        self._function = function
        self.__name__ = function.__name__  # which dashboards of clusters show

    def __call__(self, job: Job) -> bytes:
        return pickle.dumps(self._result(job))

    def _result(self, job: Job) -> Result | Failure:
        try:
            return self._function(job)
        except BlockmixError as error:
            return Failure(str(error), isinstance(error, InputError))
        except MemoryError:
            return Failure("out of memory")
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            line = f"{Path(frame.filename).name}:{frame.lineno}"
            return Failure(f"unexpected {type(error).__name__} at {line}")


def run_tasks(
    workers: Workers,
    function: Callable[[Job], Result],
    jobs: Iterable[Job],
) -> Iterator[tuple[Job, Result | Failure]]:
    """Yield each job with its result, as they end.

    Jobs whose workers die, or whose executor does, are done again when all others have ended. Those
    that are lost again are done once more, one at a time: then it is known which of them it was,
    and that one has failed.

    Only some jobs more than there are workers wait in the executor, and no result stays there: a
    cluster would compute results that it holds again when a worker dies.
    """
    attempt = _Attempt(function)
    # With a window of one each time, a cluster would stand still for the units of some dead
    # workers; without one at the end, a pool that dies as a whole would take others with it.
    for most in (None, None, 1):
        lost: list[tuple[Job, _Lost]] = []
        for job, result in _ended(workers, attempt, iter(jobs), most):
            if isinstance(result, _Lost):
                lost.append((job, result))
            else:
                yield job, result
        jobs = [job for job, _ in lost]
    for job, result in lost:
        yield job, Failure(f"its worker died, three times ({result.error})")


def _ended(
    workers: Workers,
    attempt: _Attempt[Job, Result],
    jobs: Iterator[Job],
    most: int | None,
) -> Iterator[tuple[Job, Result | Failure | _Lost]]:
    """Yield each job with its result, or with a note that its worker died.

    At most ``most`` jobs are handed out at a time, or as many as suit the workers.
    """
    pending: dict[Future[bytes], Job] = {}
    try:
        while True:
            for job in islice(jobs, max((most or workers.window) - len(pending), 0)):
                pending[workers.submit(attempt, job)] = job
            if not pending:
                return
            ended, _ = wait(pending, timeout=WAIT_SECONDS, return_when=FIRST_COMPLETED)
            if not ended:
                workers.check_reachable()
            for future in ended:
                job = pending.pop(future)
                yield job, _result(future)
            del ended
    finally:
        if not workers.has_gone():
            for future in pending:
                future.cancel()


def _result(future: Future[bytes]) -> Any:
    try:
        data = future.result()
    except (Exception, CancelledError) as error:  # of the executor; the task's are its result
        return _Lost(type(error).__name__)
    try:
        return pickle.loads(data)  # noqa: S301 (of workers that the user has named)
    except Exception:
        return Failure("its result cannot be read: does the worker have the same blockmix?")
