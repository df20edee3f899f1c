"""Everything that needs a GPU, in one command: ``python bench/gpu_check.py`` from the checkout.

Runs the tests of the CUDA backend, then its benchmarks, and writes one JSON file. Needs Python with
numba, numba-cuda, CuPy, torch and pytest, and no more: blockmix need not be installed there.
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
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = ("numba", "numba-cuda", "llvmlite", "numpy", "cupy-cuda13x", "cupy-cuda12x", "torch")


def import_from_checkout() -> None:
    """Let ``blockmix`` be found where the checkout has it."""
    sys.path.insert(0, str(ROOT))


class Reports:
    """Collects the outcome of every test."""

    def __init__(self) -> None:
        self.outcomes: dict[str, list[str]] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.outcomes.setdefault(report.outcome, []).append(report.nodeid)


def tests_alone(written: Path) -> int:
    """Run the tests in this process, and write how they ended."""
    import pytest

    reports, folder = Reports(), str(ROOT / "tests/gpu")
    code = pytest.main(
        ["-v", "-W", "default", "-p", "no:cacheprovider", f"--confcutdir={folder}", folder],
        [reports],
    )
    passed = len(reports.outcomes.pop("passed", []))
    result = {"exit code": int(code), "passed": passed, **reports.outcomes}
    written.write_text(json.dumps(result))
    return int(code)


def run_tests() -> dict[str, Any]:
    """Run the tests in a process of their own, which a test may end or leave a GPU unusable."""
    with TemporaryDirectory() as folder:
        written = Path(folder) / "tests.json"
        command = [sys.executable, __file__, "--tests-alone", str(written)]
        done = subprocess.run(command, check=False)  # noqa: S603
        if written.exists():
            return dict(json.loads(written.read_text()))
        return {"exit code": done.returncode, "passed": 0, "failed": ["the process ended"]}


def targets(speed: dict[str, Any]) -> list[dict[str, Any]]:
    """What the CUDA backend is meant to reach, and what it did."""
    rows = {row["blocks"]: row for row in speed["table"]}
    batch = next((row for row in speed["batches"] if row["images"] == 128), None)
    found = []
    for blocks, least in {4: 0.85, 16: 0.85, 64: 0.85, 256: 0.85, 1024: 0.5}.items():
        if blocks in rows:
            share = rows[blocks]["copy"]["device"] / rows[blocks]["mix"]["device"]
            found.append((f"mix at {blocks} blocks, share of a copy", share, share >= least, least))
    if 256 in rows:
        row = rows[256]
        draw = row["draw"]["device"] / row["mix"]["device"]
        three = row["mix rounds=3"]["device"] / row["mix"]["device"]
        found.append(("draw at 256 blocks, part of the mix", draw, draw <= 0.05, 0.05))
        found.append(("three rounds at 256 blocks, times one", three, three <= 1.1, 1.1))
    if batch:
        took = batch["mix"]["device"] * 1e3
        found.append(("a batch of 128, microseconds", took, took <= 100, 100))
    return [
        {"what": what, "reached": reached, "target": target, "met": met}
        for what, reached, met, target in found
    ]


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
    parser.add_argument("--tests-alone", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    import_from_checkout()
    if arguments.tests_alone:
        return tests_alone(arguments.tests_alone)
    from blockmix.bench import gpu

    try:
        import cupy
        import torch

        found = cupy.cuda.runtime.getDeviceCount() > 0 and torch.cuda.is_available()
    except Exception as error:  # of imports, or of CuPy's driver
        found = False
        print(f"{type(error).__name__}: {error}")
    if not found:
        print("This needs a GPU that numba-cuda, CuPy and torch can use.")
        return 2

    result: dict[str, Any] = {"machine": describe()}
    result["tests"] = {} if arguments.no_tests else run_tests()
    speed: dict[str, Any] = {"table": [], "batches": []}
    result["speed"] = speed
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    try:
        for row in gpu.table(arguments.images or gpu.IMAGES):
            speed["table"].append(row)
            print(show(row))
        for row in gpu.batches():
            speed["batches"].append(row)
            print(show(row))
        result["targets"] = targets(speed)
        for target in result["targets"]:
            print(target)
        speed["from the host, seconds"] = gpu.from_the_host()
        print(speed["from the host, seconds"])
    finally:  # what was measured is kept, also where the rest fails
        arguments.output.write_text(json.dumps(result, indent=1) + "\n")
        print(f"written: {arguments.output}")
    return int(result["tests"].get("exit code", 0))


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
