"""How much memory this machine has."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
# Where containers are told their limit, in the second and the first version of control groups.
_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")


def machine_memory() -> int | None:
    """Bytes in all, or those that a container may use; None where the system does not tell."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None
    for name in _LIMITS:
        try:
            total = min(total, int((_CGROUP / name).read_text()))
        except (OSError, ValueError):  # there is none, or it is "max"
            continue
    return total
