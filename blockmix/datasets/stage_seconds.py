"""How long each stage of a run takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class StageSeconds(dict[str, float]):
    """Seconds spent in each stage.

    Examples
    --------
    >>> total = StageSeconds("read", "write")
    >>> with total.measure("read"):
    ...     _ = sorted(range(1000))
    >>> total.add({"read": 1.0})
    >>> total["read"] > 1, total["write"]
    (True, 0.0)
    """

    def __init__(self, *stages: str) -> None:
        super().__init__(dict.fromkeys(stages, 0.0))

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time that a ``with`` block takes to a stage, unless it fails."""
        started = time.perf_counter()
        yield
        self[stage] += time.perf_counter() - started

    def add(self, seconds: dict[str, float]) -> None:
        """Add the seconds of another worker."""
        for stage, spent in seconds.items():
            self[stage] += spent
