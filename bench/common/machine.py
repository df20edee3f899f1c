"""Hardware and versions, for a record; nothing here identifies a person."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import numba

from blockmix.backends.driver import devices
from blockmix.support.cores import cores
from blockmix.support.versions import version

LIBRARIES = ("blockmix", "numba", "llvmlite", "numpy", "pillow", "simplejpeg", "tbb", "torch")
GPU_LIBRARIES = ("numba-cuda", "cupy-cuda13x", "cupy-cuda12x")


def describe(threads: int) -> dict[str, Any]:
    """Hardware, system, versions and threads."""
    return {
        "cpu": cpu_name(),
        "cores": cores(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "gpus": devices(),
        "versions": {name: version(name) for name in (*LIBRARIES, *GPU_LIBRARIES)},
        "threads": threads,
        "threading_layer": threading_layer(),
    }


def threading_layer() -> str:
    """Numba's threading layer, which it chooses when its threads start."""
    try:
        return str(numba.threading_layer())
    except ValueError:
        return "not started"


def cpu_name() -> str:
    """The processor, as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(
            line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
