"""What a record says of the machine, the versions and the commit; nothing that names anybody."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import numba

from blockmix.backends.driver import devices
from blockmix.support.versions import version

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = ("blockmix", "numba", "llvmlite", "numpy", "pillow", "tbb", "torch")
GPU_LIBRARIES = ("numba-cuda", "cupy-cuda13x", "cupy-cuda12x")
_CGROUP = Path("/sys/fs/cgroup")


def describe(threads: int) -> dict[str, Any]:
    """Of the machine: what it is, and what it was used with."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "gpus": devices(),
        "versions": {name: version(name) for name in (*LIBRARIES, *GPU_LIBRARIES)},
        "threads": threads,
        "threading_layer": threading_layer(),
    }


def threading_layer() -> str:
    """Numba's; it is chosen when its threads start."""
    try:
        return str(numba.threading_layer())
    except ValueError:
        return "not started"


def commit() -> dict[str, Any] | None:
    """Of the checkout that this file lies in, if it does."""
    if not (ROOT / ".git").exists():
        return None
    known = _said(["git", "-C", str(ROOT), "rev-parse", "HEAD"])
    changed = _said(["git", "-C", str(ROOT), "status", "--porcelain"])
    return None if known is None else {"id": known, "dirty": changed != ""}


def free_memory() -> int:
    """Bytes that can be used without pushing anything out, in a container too."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found = next(line for line in lines if line.startswith("MemAvailable:"))
        free = int(found.split()[1]) * 1024
    except (OSError, StopIteration):
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            left = int((_CGROUP / limit).read_text()) - int((_CGROUP / used).read_text())
        except (OSError, ValueError):  # there is none, or it is "max"
            continue
        free = min(free, left)
    return free


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(
            line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _said(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
