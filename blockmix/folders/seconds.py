"""Where the time of a folder run goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Seconds(dict[str, float]):
    """Seconds by stage.

    Examples
    --------
    >>> total = Seconds("read", "write")
    >>> with total.spent("read"):
    ...     _ = sorted(range(1000))
    >>> total.add({"read": 1.0})
    >>> total["read"] > 1, total["write"]
    (True, 0.0)
    """

    def __init__(self, *stages: str) -> None:
        super().__init__(dict.fromkeys(stages, 0.0))

    @contextmanager
    def spent(self, stage: str) -> Iterator[None]:
        """Add the time of a block to a stage, unless it fails."""
        started = time.perf_counter()
        yield
        self[stage] += time.perf_counter() - started

    def add(self, other: dict[str, float]) -> None:
        """Add what was spent elsewhere."""
        for stage, spent in other.items():
            self[stage] += spent
