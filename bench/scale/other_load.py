"""How much of the machine other programs used meanwhile."""

from __future__ import annotations

import os
import time
from pathlib import Path

_STAT = Path("/proc/stat")
# user, nice, system, (idle, waiting for disks,) interrupts of two kinds, other virtual machines.
_BUSY = (0, 1, 2, 5, 6, 7)


class OtherLoad:
    """Counts from its creation on; on Linux."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._busy = _busy_seconds()

    def share(self, own_seconds: float) -> float:
        """Return the CPU time of others as a share of all cores; ``own_seconds`` is not theirs."""
        available = _cores() * (time.perf_counter() - self._started)
        # Ticks of 10 ms are counted, which may be more than a short time had.
        return min(max(0.0, _busy_seconds() - self._busy - own_seconds) / available, 1.0)


def _busy_seconds() -> float:
    fields = _STAT.read_text().splitlines()[0].split()[1:]
    return sum(int(fields[index]) for index in _BUSY) / os.sysconf("SC_CLK_TCK")


def _cores() -> int:
    return os.cpu_count() or 1
