"""Everything that needs a GPU, in one command: ``python -m blockmix.bench.gpu.check``.

Runs the tests of the CUDA backend, then its benchmarks, and writes one JSON file. Needs Python with
numba, numba-cuda, CuPy, torch and pytest, and no more: started in a checkout, it takes blockmix
from there.
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
    parser.add_argument("--images", type=int, help="of the large set, 50,000 if not given")
    parser.add_argument("--no-tests", action="store_true", help="measure only")
    arguments = parser.parse_args()
    from blockmix.bench.gpu import timing

    try:
        import cupy
        import torch

        usable = cupy.cuda.runtime.getDeviceCount() > 0 and torch.cuda.is_available()
    except Exception as error:  # of imports, or of CuPy's driver
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
        for row in timing.table(arguments.images or timing.IMAGES):
            speed["table"].append(row)
            print(line(row))
        for row in timing.batches():
            speed["batches"].append(row)
            print(line(row))
        result["targets"] = targets(speed)
        for target in result["targets"]:
            print(target)
        speed["from the host, seconds"] = timing.from_the_host()
        print(speed["from the host, seconds"])
    finally:  # what was measured is kept, also where the rest fails
        arguments.output.write_text(json.dumps(result, indent=1) + "\n")
        print(f"written: {arguments.output}")
    return int(result["tests"].get("exit code", 0))


def line(row: dict[str, Any]) -> str:
    """A row as text: device milliseconds, and the share of the copy's speed."""
    copy = row["copy"]["device"]
    parts = [
        f"{name} {value['device']:.3f} ms ({copy / value['device']:.2f}, host {value['host']:.2f})"
        for name, value in row.items()
        if isinstance(value, dict)
    ]
    return f"{row['images']} images, {row['blocks']} blocks: " + "; ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
