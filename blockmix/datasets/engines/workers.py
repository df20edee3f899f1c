"""Who does the tasks of a run: this process, others on this machine, or a cluster.

A cluster is whatever gives a `concurrent.futures.Executor`. What differs between them stands here.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from threading import Thread
from time import monotonic
from typing import Any, TypeVar

from blockmix.errors import InputError, InputTypeError, Setting, WorkError
from blockmix.key_file import KeyFile
from blockmix.support.arguments import whole_number
from blockmix.support.cores import cores
from blockmix.support.extras import load

T = TypeVar("T")

# Tasks that wait for each worker, so that none waits for its next one.
_AHEAD = 2
# How many may wait in an executor that does not say how many workers it has.
_WINDOW = 256
# Seconds after which the workers of a cluster are counted again: they come one after another.
_COUNTED_SECONDS = 10.0
# How often a cluster does a task again whose worker died.
_RETRIES = 3
# Encrypted, or on this machine.
_GUARDED = re.compile(r"tls://|wss://|inproc://|(tcp|ws)://(127(\.\d+){3}|localhost|\[::1\])[:/]")


class Workers:
    """An executor, and what has to be known of it.

    Attributes
    ----------
    is_guarded : bool
        Whether nobody else can read what is sent to the workers: they are on this machine, or the
        connection is encrypted.
    is_own : bool
        Whether they are processes that this one starts and speaks to alone, or this one itself.
    is_here : bool
        Whether tasks run in this process, one after another.
    has_gone : callable
        Says whether the executor has ended for good, with tasks that will never end.
    """

    def __init__(
        self,
        start: Callable[[], Executor],
        window: int,
        *,
        is_guarded: bool,
        is_own: bool = False,
        is_here: bool = False,
        restarts: bool = False,
        has_gone: Callable[[], bool] = lambda: False,
        count_anew: Callable[[], int] | None = None,
    ) -> None:
        self._window = window
        self._count_anew = count_anew
        self._counted = monotonic()
        self.is_guarded = is_guarded
        self.is_own = is_own
        self.is_here = is_here
        self.has_gone = has_gone
        self._start = start
        self._restarts = restarts
        self._executor = start()

    @property
    def window(self) -> int:
        """The most tasks that are submitted and have not ended; workers may come and go."""
        if self._count_anew is not None and monotonic() - self._counted > _COUNTED_SECONDS:
            with suppress(Exception):  # a scheduler that is gone shows elsewhere
                self._window = self._count_anew()
            self._counted = monotonic()
        return self._window

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Hand over a task; a pool that has lost a process is started anew if it is ours."""
        try:
            return self._executor.submit(function, *arguments)
        except BrokenExecutor as error:
            if not self._restarts:
                failed: Future[T] = Future()
                failed.set_exception(error)
                return failed
        except Exception as error:  # executors raise anything when they are closed
            self.check_reachable()
            # Of others' errors not the text, in which there may be the task with its key.
            reason = str(error) if type(error) is RuntimeError else type(error).__name__
            raise WorkError(f"the executor takes no task: {reason}") from None
        self._executor.shutdown(wait=False)
        self._executor = self._start()
        return self._executor.submit(function, *arguments)

    def check_reachable(self) -> None:
        """Refuse to go on with an executor that has ended for good."""
        if self.has_gone():
            raise WorkError(
                "the cluster cannot be reached any more: start it again, and then this run; a set "
                "or a folder goes on where it was with the same key and ",
                Setting("resume", True),
            )

    def check_key(self, key_file: KeyFile | None) -> None:
        """Refuse to send a key itself to processes that are not our own."""
        if key_file is None and not self.is_own:
            raise InputError(
                "the key does not travel to workers: pass key=KeyFile(path) with a key file that "
                "every worker has"
            )

    def close(self) -> None:
        """Stop an executor that was started here."""
        if self._restarts:
            self._executor.shutdown(cancel_futures=True)


class _Here(Executor):
    """Runs every task at once, in the thread that submits it."""

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(function(*args, **kwargs))
        return future


@contextmanager
def open_workers(executor: Executor | str | None) -> Iterator[Workers]:
    """Give the workers that a user names; those that are started here end with the block.

    Parameters
    ----------
    executor : concurrent.futures.Executor, str or None
        ``None``: this process. ``"processes"`` or ``"processes:4"``: processes of this machine, one
        a core unless a number is given. ``"dask:tls://host:8786"``: the Dask cluster with this
        scheduler. ``"ray"`` or ``"ray:ADDRESS"``: a Ray cluster.
    """
    if executor is None:
        yield Workers(_Here, 1, is_guarded=True, is_own=True, is_here=True)
    elif isinstance(executor, str):
        kind, _, rest = executor.partition(":")
        if kind not in _KINDS:
            known = ", ".join(_KINDS)
            raise InputError(f"executor is one of {known}, or an Executor, got {executor!r}")
        with _KINDS[kind](rest) as workers:
            yield workers
    elif isinstance(executor, Executor):
        yield _of_executor(executor)
    else:
        raise InputTypeError(
            "executor is a concurrent.futures.Executor, such as that of "
            f"dask.distributed.Client.get_executor(), got {type(executor).__name__}"
        )


def _of_executor(executor: Executor) -> Workers:
    client = getattr(executor, "_client", None)
    if client is not None and hasattr(client, "scheduler_info"):
        return _of_dask(executor, client)
    count = getattr(executor, "_max_workers", None)
    is_local = isinstance(executor, ThreadPoolExecutor | ProcessPoolExecutor)
    window = _AHEAD * count if isinstance(count, int) else _WINDOW
    return Workers(lambda: executor, window, is_guarded=is_local, is_own=is_local)


def _of_dask(executor: Executor, client: Any) -> Workers:
    def count() -> int:
        threads: dict[str, int] = client.nthreads()
        return max(_AHEAD * sum(threads.values()), 8)

    addresses = [str(client.scheduler.address), *client.nthreads()]
    return Workers(
        lambda: executor,
        count(),
        # All of them: a scheduler on this machine may be the near end of a tunnel.
        is_guarded=all(map(_GUARDED.match, addresses)),
        # What a client does when it finds no scheduler any more. Its futures wait for ever.
        has_gone=lambda: client.status in ("closing", "closed"),
        count_anew=count,
    )


@contextmanager
def _processes(count: str) -> Iterator[Workers]:
    if count and not count.isdecimal():
        raise InputError(f"write processes:N for a number of processes, got {count!r}")
    number = whole_number("processes", int(count), 1, 1024) if count else cores()

    # Not forked: this process may have threads, and libraries that do not survive that.
    def start() -> Executor:
        return ProcessPoolExecutor(number, get_context("spawn"), _follow_parent)

    workers = Workers(start, _AHEAD * number, is_guarded=True, is_own=True, restarts=True)
    try:
        yield workers
    finally:
        workers.close()


def _follow_parent() -> None:
    """End with the process that has started this one, even if it is killed, and not by Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_after, args=(parent_process(),), daemon=True).start()


def _end_after(parent: Any) -> None:
    parent.join()
    os._exit(1)


@contextmanager
def _dask(address: str) -> Iterator[Workers]:
    distributed = load("distributed", "a Dask cluster needs dask.distributed", "cluster")
    if not address:
        raise InputError("name the scheduler of the Dask cluster, such as dask:tls://host:8786")
    try:
        client = distributed.Client(address)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"no Dask scheduler at {address}: {error}") from None
    with client:
        # Not pure: two units are never one, whatever their jobs look like.
        yield _of_dask(client.get_executor(pure=False, retries=_RETRIES), client)


@contextmanager
def _ray(address: str) -> Iterator[Workers]:
    ray = load("ray", "a Ray cluster needs ray", "ray")
    started = not ray.is_initialized()
    if started:
        ray.init(address=address or None, log_to_driver=False, include_dashboard=False)
    try:
        is_alone = started and not address and "RAY_ADDRESS" not in os.environ
        yield Workers(lambda: RayExecutor(ray), _WINDOW, is_guarded=is_alone)
    finally:
        if started:
            ray.shutdown()


class RayExecutor(Executor):
    """The tasks of a Ray cluster as futures of Python."""

    def __init__(self, ray: Any) -> None:
        self._remote = ray.remote(_call).options(max_retries=_RETRIES, name="blockmix")

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = self._remote.remote(function, args, kwargs).future()
        return future


def _call(function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    return function(*args, **kwargs)


_KINDS = {"processes": _processes, "dask": _dask, "ray": _ray}
