"""What jobs take, and which of them still end in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol


class Timed(Protocol):
    """A job: runs of equal ``pace`` take as long as their ``work`` is large."""

    @property
    def pace(self) -> str: ...

    @property
    def work(self) -> int: ...


class Clock:
    """Jobs against a time that is given.

    Parameters
    ----------
    budget : float, optional
        Seconds from now on.
    now : callable
        The time in seconds.

    Examples
    --------
    >>> from blockmix.bench.utility.jobs import Measurement
    >>> from blockmix.bench.utility.plan import Way
    >>> job = Measurement("", Way("original"))
    >>> clock = Clock(60, now=lambda: 0.0)
    >>> clock.fits(job), clock.is_known(job)
    (True, False)
    >>> clock.took(job, 70)
    >>> clock.fits(job)
    False
    """

    def __init__(self, budget: float | None, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self.deadline = None if budget is None else now() + budget
        self.seconds: dict[str, float] = {}  # for a unit of work, by pace: the slowest so far

    def took(self, job: Timed, seconds: float) -> None:
        """Note what a job took, or would take."""
        self.seconds[job.pace] = max(self.seconds.get(job.pace, 0.0), seconds / job.work)

    def is_known(self, job: Timed) -> bool:
        """Whether a job of its pace has been timed."""
        return job.pace in self.seconds

    def fits(self, job: Timed) -> bool:
        """Whether a job that is started now ends in time; yes, if none was timed."""
        seconds = self.seconds.get(job.pace, 0.0) * job.work
        return self.deadline is None or self.now() + seconds <= self.deadline

    def fitting(self, jobs: Iterable[Timed], processes: int) -> int:
        """Return how many of the jobs, in their order, will fit on so many processes."""
        if self.deadline is None:
            return len(list(jobs))
        left = processes * (self.deadline - self.now())
        count = 0
        for job in jobs:
            left -= self.seconds.get(job.pace, 0.0) * job.work
            count += left >= 0
        return count
