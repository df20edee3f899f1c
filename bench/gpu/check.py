"""Everything that needs a GPU, in one command: ``python -m blockmix.bench.gpu.check``.

Runs the tests of the CUDA backend, then its benchmarks, and writes one JSON file. It needs Python
with numba, numba-cuda, CuPy, torch and pytest. Started in a checkout, it uses the blockmix in it,
which need not be installed. The exit code is that of the tests. A missed target of speed is written
to the file, but does not change the exit code.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from blockmix.bench.common.checkout import ROOT
from blockmix.bench.gpu.device import describe
from blockmix.bench.gpu.suite import run_tests
from blockmix.bench.gpu.targets import targets


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "build/gpu.json")
    parser.add_argument("--images", type=int, help="images of the large set, default 50,000")
    parser.add_argument("--no-tests", action="store_true", help="only measure speed")
    arguments = parser.parse_args()
    try:
        from blockmix.bench.gpu import timing

        usable = _is_gpu_usable()
    except Exception as error:  # of imports, also that of NumPy, or of CuPy's driver
        usable = False
        print(f"{type(error).__name__}: {error}")
    if not usable:
        print("This needs a GPU that numba-cuda, CuPy and torch can use.")
        return 2

    result: dict[str, Any] = {"machine": describe()}
    result["tests"] = {} if arguments.no_tests else run_tests()
    speed: dict[str, Any] = {"table": [], "batches": []}
    result["speed"] = speed
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    try:
        for row in timing.large_set_rows(arguments.images or timing.IMAGES):
            speed["table"].append(row)
            print(format_row(row))
        for row in timing.batch_rows():
            speed["batches"].append(row)
            print(format_row(row))
        result["targets"] = targets(speed)
        for target in result["targets"]:
            print(target)
        speed["from the host, seconds"] = timing.host_mixing_seconds()
        print(speed["from the host, seconds"])
    finally:  # keeps the measurements if a later one fails
        arguments.output.write_text(json.dumps(result, indent=1) + "\n")
        print(f"written: {arguments.output}")
    return int(result["tests"].get("exit code", 0))


def format_row(row: dict[str, Any]) -> str:
    """A row as text: for each work, milliseconds, share of the copy's speed, host milliseconds."""
    copy = row["copy"]["device"]
    parts = [
        f"{name} {value['device']:.3f} ms ({copy / value['device']:.2f}, host {value['host']:.2f})"
        for name, value in row.items()
        if isinstance(value, dict)
    ]
    return f"{row['images']} images, {row['blocks']} blocks: " + "; ".join(parts)


def _is_gpu_usable() -> bool:
    import cupy
    import torch

    return cupy.cuda.runtime.getDeviceCount() > 0 and bool(torch.cuda.is_available())


if __name__ == "__main__":
    sys.exit(main())
