"""Time of the first calls in a process: ``python -m blockmix.bench.speed.startup``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from rich.console import Console

IMPORT, FIRST, SECOND = "import", "first mix", "second mix"


def time_first_calls() -> dict[str, float]:
    """Seconds to import and mix in this process, which should be a new one."""
    started = perf_counter()
    import numpy as np

    from blockmix import mix

    imported = perf_counter()
    # With so few pixels, the first call takes longer than the second only because it compiles.
    images, labels = np.zeros((40, 24, 24, 3), np.uint8), [0, 1] * 20
    mix(images, labels, block=8)
    first = perf_counter()
    mix(images, labels, block=8)
    second = perf_counter()
    return {IMPORT: imported - started, FIRST: first - imported, SECOND: second - first}


def time_new_processes(processes: int, *, cache: str | None) -> dict[str, float]:
    """Medians of `time_first_calls` over several processes.

    Parameters
    ----------
    processes : int
        Number of processes to start.
    cache : str, optional
        Folder of compiled kernels for all of them. Without it, each compiles its own.
    """
    code = (
        "import json; from blockmix.bench.speed.startup import time_first_calls; "
        "print(json.dumps(time_first_calls()))"
    )
    command = [sys.executable, "-c", code]
    runs = []
    for _ in range(processes):
        with TemporaryDirectory() as empty:
            environment = {**os.environ, "XDG_CACHE_HOME": cache or empty}
            # Without its bytecode cache, Python would compile numba's sources each time.
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            process = subprocess.run(  # noqa: S603
                command, capture_output=True, text=True, check=True, env=environment
            )
        runs.append(json.loads(process.stdout))
    return {part: median(run[part] for run in runs) for part in runs[0]}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Show the seconds of importing blockmix, and of the first and second mix."
    )
    parser.add_argument("--times", type=int, default=3, help="number of processes to start")
    processes = parser.parse_args().times
    console = Console(highlight=False)
    with TemporaryDirectory() as cache:
        time_new_processes(1, cache=cache)  # leaves everything on disk, also bytecode
        compiling = time_new_processes(processes, cache=None)
        loading = time_new_processes(processes, cache=cache)
    console.print(f"{'':12}{'compiling':>11}  {'from disk':>11}")
    for part in compiling:
        console.print(f"{part:12}{compiling[part]:9.3f} s  {loading[part]:9.3f} s")


if __name__ == "__main__":
    main()
