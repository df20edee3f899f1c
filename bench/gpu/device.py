"""The GPU and its software, for a record."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from typing import Any

from blockmix.bench.common.checkout import commit
from blockmix.bench.common.programs import output_of
from blockmix.support.versions import version

LIBRARIES = ("numba", "numba-cuda", "llvmlite", "numpy", "cupy-cuda13x", "cupy-cuda12x", "torch")
UNKNOWN = "unknown"


def describe() -> dict[str, Any]:
    """The first GPU, its driver, the versions, the commit and the time."""
    import torch

    device = torch.cuda.get_device_properties(0)
    drivers = output_of("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    revision = commit()
    return {
        "device": device.name,
        "memory_bytes": device.total_memory,
        "multiprocessors": device.multi_processor_count,
        "capability": f"{device.major}.{device.minor}",
        "driver": drivers.split("\n")[0].strip() if drivers is not None else UNKNOWN,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
        "commit": revision["id"] if revision else UNKNOWN,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
