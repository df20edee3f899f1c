"""The same shards mixed by one process and by two, in turns."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import compress
from pathlib import Path
from statistics import mean
from time import process_time, sleep
from typing import Any

from blockmix import Key, mix_shards
from blockmix.bench.common.blocks import block_size
from blockmix.bench.common.originals import Originals
from blockmix.bench.common.paper import PROBABILITY, SIDE, SOURCES
from blockmix.bench.scale.other_load import OtherLoad
from blockmix.bench.scale.shard_set import write_shards
from blockmix.bench.scale.timed_pool import TimedPool, TimedTask
from blockmix.datasets.shards.mix_unit import UnitJob
from blockmix.datasets.shards.shard_survey import SurveyJob
from blockmix.errors import WorkError

WORKERS = (1, 2)
# Turns are repeated until enough were quiet, at most so many times as often.
_MOST_TURNS = 8
# Seconds to wait before a turn, at most, for others to end what they do.
_PATIENCE = 60
PARAMETERS: dict[str, Any] = {
    "size": (SIDE, SIDE),
    "block": block_size(64),
    "sources": SOURCES,
    "rounds": 1,
    "probability": PROBABILITY,
}


def measure(
    originals: Originals, sets: Sequence[tuple[int, int]], repeats: int, quiet: float, work: Path
) -> list[dict[str, Any]]:
    """Mix sets of (shards, images a shard); return a row for each set and number of workers.

    The pools are started and warmed up before anything is timed. A turn is quiet if other programs
    used at most the share ``quiet`` of the machine: they would make two processes seem hardly
    faster than one. Turns go on until ``repeats`` were quiet; all are in the rows. What is mixed is
    removed at once: a few large files.
    """
    rows = []
    with ExitStack() as stack:
        pools = {workers: stack.enter_context(TimedPool(workers)) for workers in WORKERS}
        for shards, images in sets:
            source = write_shards(work / f"set-{shards}", originals, shards, images)
            for pool in pools.values():
                _mix(source, work / "mixed", pool)
            runs: dict[int, list[dict[str, Any]]] = {workers: [] for workers in WORKERS}
            for _ in range(_MOST_TURNS * repeats):
                _wait(quiet)
                for workers, pool in pools.items():
                    runs[workers].append(_mix(source, work / "mixed", pool))
                quiet_turns = sum(_are_quiet(runs.values(), quiet))
                if quiet_turns == repeats:
                    break
            if not quiet_turns:
                raise WorkError(
                    "other programs used this machine all the time: end them, and measure anew"
                )
            rows += [
                {
                    "shards": shards,
                    "images_per_shard": images,
                    "workers": workers,
                    **_bytes(pool.tasks),
                    "runs": runs[workers],
                }
                for workers, pool in pools.items()
            ]
    return rows


def only_quiet(rows: Sequence[dict[str, Any]], quiet: float) -> list[dict[str, Any]]:
    """Return the rows with the runs of quiet turns alone, and the number of all turns."""
    result = []
    for row in rows:
        in_turns = [other["runs"] for other in rows if other["shards"] == row["shards"]]
        runs = compress(row["runs"], _are_quiet(in_turns, quiet))
        result.append(row | {"runs": [*runs], "turns": len(row["runs"])})
    return result


def _are_quiet(runs: Iterable[Sequence[dict[str, Any]]], quiet: float) -> list[bool]:
    return [all(run["others"] <= quiet for run in turn) for turn in zip(*runs, strict=True)]


def _wait(quiet: float) -> None:
    for _ in range(_PATIENCE):
        load = OtherLoad()
        sleep(1)
        if load.share(0.0) <= quiet:
            return


def _mix(source: Sequence[Path], target: Path, pool: TimedPool) -> dict[str, Any]:
    """Time one run; the tasks of the pool are its own afterwards."""
    os.sync()  # else files of the previous run go to disk during this one
    pool.tasks.clear()
    load, driver = OtherLoad(), process_time()
    summary = mix_shards(source, target, key=Key.generate(), executor=pool, **PARAMETERS)
    own = process_time() - driver + sum(task.cpu_seconds for task in pool.tasks)
    others = load.share(own)
    shutil.rmtree(target)
    return {
        "seconds": summary.seconds,
        "survey_seconds": summary.stage_seconds["survey"],
        "others": others,
        "units": _tasks(pool.tasks, UnitJob),
        "surveys": _tasks(pool.tasks, SurveyJob),
    }


def _tasks(tasks: Sequence[TimedTask], kind: type) -> dict[str, list[float]]:
    own = [task for task in tasks if isinstance(task.job, kind)]
    return {
        "seconds": [task.seconds for task in own],
        "cpu_seconds": [task.cpu_seconds for task in own],
    }


def _bytes(tasks: Sequence[TimedTask]) -> dict[str, int]:
    """Return the mean size of what travels for a unit of the last run."""
    units = [task for task in tasks if isinstance(task.job, UnitJob)]
    return {
        "job_bytes": _mean_bytes([(unit.function, unit.job) for unit in units]),
        "report_bytes": _mean_bytes([unit.result for unit in units]),
    }


def _mean_bytes(values: Sequence[Any]) -> int:
    return round(mean(len(pickle.dumps(value)) for value in values))
