"""All measurements in order, and the simulation that is made of them, to a record."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

from blockmix.bench.common import machine, originals
from blockmix.bench.common.checkout import commit
from blockmix.bench.scale import mixing, naps
from blockmix.bench.scale.naps import NapPlan
from blockmix.bench.scale.projection import assumptions, project
from blockmix.support.versions import version


class Plan(NamedTuple):
    """What is measured and simulated, and how often."""

    sets: tuple[tuple[int, int], ...]  # shards, and images in each
    mixing_repeats: int
    quiet: float  # share of the machine that others may use while shards are mixed
    executors: tuple[str, ...]
    slots: int
    naps: tuple[NapPlan, ...]
    nap_repeats: int
    images: tuple[int, ...]
    cores: tuple[int, ...]
    simulated_repeats: int


FULL = Plan(
    sets=((12, 500), (4, 1500)),
    mixing_repeats=7,
    quiet=0.05,
    executors=("threads", "dask"),
    slots=200,
    naps=(NapPlan(10_000, 0.1), NapPlan(2000, 1.0)),
    nap_repeats=3,
    images=(1_000_000, 10_000_000, 100_000_000),
    cores=(1, 3, 10, 30, 100, 300, 1000),
    simulated_repeats=10,
)


def run(images: Path | None, output: Path, plan: Plan = FULL) -> dict[str, Any]:
    """Measure on the images of a folder, or on generated ones; return the record.

    The shards go into a folder inside ``output``, which is removed at the end.
    """
    started, time, revision = perf_counter(), datetime.now(UTC), commit()
    count = max(shards * size for shards, size in plan.sets)
    with TemporaryDirectory(prefix=".bench-", dir=output) as folder:
        work = Path(folder)
        if images is None:
            pictures = originals.generate(work / "originals", count)
        else:
            pictures = originals.from_folder(images, count)
        mixed = mixing.measure(pictures, plan.sets, plan.mixing_repeats, plan.quiet, work)
        description = pictures.describe()
    sizes = {name: mixed[-1][name] for name in ("job_bytes", "report_bytes")}
    slept = naps.measure(plan.executors, plan.slots, plan.naps, plan.nap_repeats, sizes)
    described = machine.describe(threads=1)
    described["versions"]["distributed"] = version("distributed")
    return {
        "format": "blockmix bench scale",
        "version": 1,
        "time": time.isoformat(timespec="seconds"),
        "seconds": perf_counter() - started,
        "machine": described,
        "commit": revision,
        "images": description,
        "parameters": {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in mixing.PARAMETERS.items()
        },
        "quiet": plan.quiet,
        "mixing": mixed,
        "naps": slept,
        "simulated": simulated(mixed, slept, plan),
    }


def simulated(
    mixed: list[dict[str, Any]], slept: list[dict[str, Any]], plan: Plan = FULL
) -> dict[str, Any]:
    """Simulate larger clusters, from what was measured."""
    quiet = mixing.only_quiet(mixed, plan.quiet)
    assumed = assumptions(quiet, slept, plan.simulated_repeats)
    return {"commit": commit(), **project(plan.images, plan.cores, assumed)}
