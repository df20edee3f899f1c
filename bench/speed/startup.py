"""What the first call of a process costs: ``python -m blockmix.bench.speed.startup``."""

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


def start() -> dict[str, float]:
    """Import and mix in this process, which should be a fresh one; gives seconds."""
    started = perf_counter()
    import numpy as np

    from blockmix import mix

    imported = perf_counter()
    # So few pixels that what the first call takes more than the second is compiling.
    images, labels = np.zeros((40, 24, 24, 3), np.uint8), [0, 1] * 20
    mix(images, labels, block=8)
    first = perf_counter()
    mix(images, labels, block=8)
    second = perf_counter()
    return {IMPORT: imported - started, FIRST: first - imported, SECOND: second - first}


def start_in_fresh_processes(times: int, *, cache: str | None) -> dict[str, float]:
    """The median of each of the seconds of `start`.

    Parameters
    ----------
    times : int
        How many processes to start.
    cache : str, optional
        Where all of them keep compiled kernels; without it each compiles its own.
    """
    code = "import json; from blockmix.bench.speed.startup import start; print(json.dumps(start()))"
    command = [sys.executable, "-c", code]
    runs = []
    for _ in range(times):
        with TemporaryDirectory() as empty:
            environment = {**os.environ, "XDG_CACHE_HOME": cache or empty}
            # Where Python may not keep its own bytecode it compiles numba's sources each time.
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            done = subprocess.run(  # noqa: S603
                command, capture_output=True, text=True, check=True, env=environment
            )
        runs.append(json.loads(done.stdout))
    return {part: median(run[part] for run in runs) for part in runs[0]}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Show the seconds of importing blockmix, and of the first and second mix."
    )
    parser.add_argument("--times", type=int, default=3, help="how many processes to start")
    times = parser.parse_args().times
    console = Console(highlight=False)
    with TemporaryDirectory() as cache:
        start_in_fresh_processes(1, cache=cache)  # from here on all is on disk, bytecode too
        compiling = start_in_fresh_processes(times, cache=None)
        loading = start_in_fresh_processes(times, cache=cache)
    console.print(f"{'':12}{'compiling':>11}  {'from disk':>11}")
    for part in compiling:
        console.print(f"{part:12}{compiling[part]:9.3f} s  {loading[part]:9.3f} s")


if __name__ == "__main__":
    main()
