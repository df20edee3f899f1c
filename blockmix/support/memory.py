"""The memory of this machine, and how much of it is free."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
# The files with the limit and the use of a container, in the second and the first version of
# control groups.
_CONTAINER_FILES = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)


def machine_memory() -> int | None:
    """Bytes of memory, at most the limit of the container; None where the system reports none."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None
    limits = [_container_bytes(limit) for limit, _ in _CONTAINER_FILES]
    return min([total, *(limit for limit in limits if limit is not None)])


def free_memory() -> int:
    """Bytes that can be used without swapping, also in a container."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        free = int(line.split()[1]) * 1024
    except (OSError, StopIteration):
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    for limit_file, use_file in _CONTAINER_FILES:
        limit, use = _container_bytes(limit_file), _container_bytes(use_file)
        if limit is not None and use is not None:
            free = min(free, limit - use)
    return free


def _container_bytes(name: str) -> int | None:
    """Return the bytes that a file of the control group names; None if it names no number."""
    try:
        return int((_CGROUP / name).read_text())
    except (OSError, ValueError):
        return None
