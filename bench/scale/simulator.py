"""`run_tasks` on a cluster that is not there: cores, one driver, workers that die.

A simulation of discrete events in the order of their times. The driver hands out one unit at a time
and keeps a window of them; cores take waiting units in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple


class Redo(Enum):
    """Who does a unit again whose worker has died."""

    # Dask and Ray: a free worker, at once. The driver does not notice.
    CLUSTER = "the cluster, at once"
    # `run_tasks`, after all others: executors that report such a unit as failed.
    DRIVER = "run_tasks, when all others have ended"
    # The same with processes of one machine: as one dies, its pool loses all units of the window.
    POOL = "run_tasks, with the whole window of a process pool"


class Cluster(NamedTuple):
    """What does the units."""

    cores: int
    window: int  # units that are handed out and have not ended
    driver_seconds: float  # of the driver, for each unit
    restart_seconds: float  # until a core whose worker died works again
    redo: Redo


class Outcome(NamedTuple):
    """The end of all units."""

    seconds: float
    killed: int  # workers that died
    lost: int  # units that run_tasks did again, each as often as that happened
    failed: int  # units whose worker died each time


class _Event(Enum):
    HANDED_OUT = 0
    DONE = 1
    KILLED = 2
    CORES_BACK = 3


def simulate(durations: Sequence[float], cluster: Cluster, lifetimes: Iterator[float]) -> Outcome:
    """Do units of given seconds, as `run_tasks` does.

    ``lifetimes`` are the seconds that workers live, one for each start of a unit, in order.
    """
    run = _Run(durations, cluster, lifetimes)
    lost = run.do(range(len(durations)), cluster.window)
    lost_again = run.do(lost, cluster.window)
    failed = run.do(lost_again, 1)
    return Outcome(run.now, run.killed, len(lost) + len(lost_again), len(failed))


class _Run:
    """The state of a simulation."""

    def __init__(
        self, durations: Sequence[float], cluster: Cluster, lifetimes: Iterator[float]
    ) -> None:
        self.now = 0.0
        self.killed = 0
        self._durations = durations
        self._cluster = cluster
        self._lifetimes = lifetimes
        self._idle = cluster.cores
        self._waiting: deque[int] = deque()
        self._running: set[int] = set()
        self._pool = 0  # how many pools have been lost: events of their units do not happen
        self._order = count()  # of events at the same time
        self._events: list[tuple[float, int, _Event, int, int]] = []

    def do(self, units: Iterable[int], window: int) -> list[int]:
        """Do units with a window of them, until all have ended; return those that were lost."""
        jobs = deque(units)
        lost: list[int] = []
        pending = 0
        driver_is_free = True
        while jobs or pending:
            if jobs and driver_is_free and pending < window:
                pending += 1
                driver_is_free = False
                self._push(self._cluster.driver_seconds, _Event.HANDED_OUT, jobs.popleft())
            self.now, _, event, value, pool = heappop(self._events)
            if event is _Event.HANDED_OUT:
                driver_is_free = True
                self._waiting.append(value)
            elif event is _Event.CORES_BACK:
                self._idle += value
            elif pool != self._pool:
                continue
            elif event is _Event.DONE:
                self._running.discard(value)
                self._idle += 1
                pending -= 1
            else:
                newly_lost = self._kill(value)
                lost += newly_lost
                pending -= len(newly_lost)
            self._start_waiting()
        return lost

    def _start_waiting(self) -> None:
        while self._idle and self._waiting:
            unit = self._waiting.popleft()
            self._idle -= 1
            self._running.add(unit)
            duration, lifetime = self._durations[unit], next(self._lifetimes)
            if lifetime < duration:
                self._push(lifetime, _Event.KILLED, unit)
            else:
                self._push(duration, _Event.DONE, unit)

    def _kill(self, unit: int) -> list[int]:
        """Let the worker of a unit die; return the units that the driver sees fail."""
        self.killed += 1
        self._running.discard(unit)
        cores, lost = 1, [unit]
        if self._cluster.redo is Redo.CLUSTER:
            self._waiting.appendleft(unit)
            lost = []
        elif self._cluster.redo is Redo.POOL:
            cores = self._cluster.cores
            lost += [*sorted(self._running), *self._waiting]
            self._running.clear()
            self._waiting.clear()
            self._idle = 0
            self._pool += 1
        self._push(self._cluster.restart_seconds, _Event.CORES_BACK, cores)
        return lost

    def _push(self, seconds: float, event: _Event, value: int) -> None:
        heappush(self._events, (self.now + seconds, next(self._order), event, value, self._pool))
