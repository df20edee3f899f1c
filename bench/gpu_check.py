"""Everything that needs a GPU, in one command: ``python bench/gpu_check.py`` from the checkout.

Runs the tests of the CUDA backend, then its benchmarks, and writes one JSON file. Needs Python with
numba, numba-cuda, CuPy, torch, pytest and what blockmix itself needs, which need not be installed.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = ("numba", "numba-cuda", "llvmlite", "numpy", "cupy-cuda13x", "cupy-cuda12x", "torch")


def import_from_checkout() -> None:
    """Let ``blockmix.kernels`` and ``blockmix.bench`` be found where the checkout has them."""
    sys.path.insert(0, str(ROOT))
    import blockmix

    blockmix.__path__.append(str(ROOT))


class Counter:
    """Counts outcomes of tests."""

    def __init__(self) -> None:
        self.outcomes: dict[str, int] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[report.outcome] = self.outcomes.get(report.outcome, 0) + 1


def run_tests() -> dict[str, int]:
    import pytest

    counter = Counter()
    code = pytest.main(["-q", "-p", "no:cacheprovider", str(ROOT / "tests/gpu")], [counter])
    return {"exit code": int(code), **counter.outcomes}


def describe() -> dict[str, Any]:
    """The machine, as far as a record may name it."""
    import torch

    device = torch.cuda.get_device_properties(0)
    return {
        "device": device.name,
        "memory_bytes": device.total_memory,
        "multiprocessors": device.multi_processor_count,
        "capability": f"{device.major}.{device.minor}",
        "driver": _said(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in LIBRARIES},
        "commit": _said(["git", "-C", str(ROOT), "rev-parse", "HEAD"]),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.split("\n")[0].strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "build/gpu.json")
    parser.add_argument("--images", type=int, help="of the large set, 50,000 if not given")
    parser.add_argument("--no-tests", action="store_true", help="measure only")
    arguments = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    import_from_checkout()
    from blockmix.bench import gpu

    try:
        import cupy
        import torch

        found = cupy.cuda.runtime.getDeviceCount() > 0 and torch.cuda.is_available()
    except Exception as error:  # of imports, or of CuPy's driver
        found = False
        console.print(f"{type(error).__name__}: {error}")
    if not found:
        console.print("This needs a GPU that numba-cuda, CuPy and torch can use.")
        return 2

    result: dict[str, Any] = {"machine": describe()}
    result["tests"] = {} if arguments.no_tests else run_tests()
    speed: dict[str, Any] = {"table": [], "batches": []}
    result["speed"] = speed
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    try:
        for row in gpu.table(arguments.images or gpu.IMAGES):
            speed["table"].append(row)
            console.print(show(row))
        for row in gpu.batches():
            speed["batches"].append(row)
            console.print(show(row))
        speed["from the host, seconds"] = gpu.from_the_host()
        console.print(speed["from the host, seconds"])
    finally:  # what was measured is kept, also where the rest fails
        arguments.output.write_text(json.dumps(result, indent=1) + "\n")
        console.print(f"written: {arguments.output}")
    return result["tests"].get("exit code", 0)


def show(row: dict[str, Any]) -> str:
    """A row as a line: device milliseconds, and the share of the copy's speed."""
    copy = row["copy"]["device"]
    parts = [
        f"{name} {value['device']:.3f} ms ({copy / value['device']:.2f}, host {value['host']:.2f})"
        for name, value in row.items()
        if isinstance(value, dict)
    ]
    return f"{row['images']} images, {row['blocks']} blocks: " + "; ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
