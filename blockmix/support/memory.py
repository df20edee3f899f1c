"""The memory of this machine."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
# The files with the limit of a container, in the second and the first version of control groups.
_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")


def machine_memory() -> int | None:
    """Bytes of memory, at most the limit of the container; None where the system reports none."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None
    for name in _LIMITS:
        try:
            total = min(total, int((_CGROUP / name).read_text()))
        except (OSError, ValueError):  # no limit, or "max"
            continue
    return total
