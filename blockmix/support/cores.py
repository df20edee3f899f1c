"""The cores that this process may use."""

from __future__ import annotations

import os


def cores() -> int:
    """Return how many cores this process may use; in a container not all of the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
