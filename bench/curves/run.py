"""A run of the curves, from the images to the record."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

import numba

from blockmix import InputError
from blockmix.backends.driver import devices
from blockmix.bench.common import machine, originals, paper
from blockmix.bench.common.blocks import block_size
from blockmix.bench.common.checkout import commit
from blockmix.bench.common.originals import GENERATED_LABELS, Originals
from blockmix.bench.curves.algorithm1 import JPEG
from blockmix.bench.curves.arrays import Arrays, rows_on
from blockmix.bench.curves.files import Files
from blockmix.bench.curves.findings import findings
from blockmix.bench.curves.limits import what_can_be_done
from blockmix.bench.curves.plan import Plan, check_counts, with_numbers
from blockmix.bench.curves.step import Step

# What is told on the way: all steps, the one that begins, and one that is done with its row.
Planned = Callable[[Sequence[Step]], None]
Begun = Callable[[Step], None]
Measured = Callable[[Step, dict[str, Any]], None]


class Options(NamedTuple):
    """What the user chose."""

    images: Path | None
    plan: Plan
    counts: tuple[int, ...] | None
    blocks: tuple[int, ...] | None
    regimes: tuple[str, ...]
    device: str  # "cpu", "cuda" or "auto"
    threads: int | None


class Watcher(NamedTuple):
    """Who is told on the way."""

    planned: Planned
    begun: Begun
    measured: Measured


def run(options: Options, output: Path, watcher: Watcher) -> dict[str, Any]:
    """Measure everything; gives the record.

    Parameters
    ----------
    options : Options
        What the user chose.
    output : Path
        A folder that is there. Files are made in a folder inside of it, which is removed at the
        end: copies of the images, and every mixed set.
    watcher : Watcher
        Told of all steps before the first, then of each.

    Returns
    -------
    dict
        See ``schema.json``.
    """
    began, time, revision = perf_counter(), datetime.now(UTC), commit()
    device = device_of(options.device) if "arrays" in options.regimes else "cpu"
    threads = threads_of(options.threads)
    plan = with_numbers(options.plan, options.counts, options.blocks)
    with TemporaryDirectory(prefix=".bench-", dir=output) as folder, threads_set(threads):
        work = Path(folder)
        # All that can be refused is refused before the first step, lest its work be lost.
        pictures = images_of(options, plan, work / "originals")
        plan, left_out = what_can_be_done(options.regimes, plan, pictures, device, output)
        steps = list(steps_of(options.regimes, plan, device))
        watcher.planned(steps)
        rows: list[dict[str, Any]] = []
        for regime in options.regimes:
            with bench_of(regime, plan, pictures, work, threads, device) as bench:
                bench.warm_up()
                for step in steps:
                    if step.regime == regime:
                        watcher.begun(step)
                        rows.append(row_of(step, bench, plan))
                        watcher.measured(step, rows[-1])
        described = pictures.describe()
    return {
        "format": "blockmix curves",
        "version": 1,
        "time": time.isoformat(timespec="seconds"),
        "seconds": perf_counter() - began,
        "quick": plan.quick,
        "device": device,
        "machine": machine.describe(threads),
        "commit": revision,
        "images": described,
        "parameters": {
            "size": [paper.SIDE, paper.SIDE],
            "sources": paper.SOURCES,
            "rounds": 1,
            "probability": paper.PROBABILITY,
            "format": JPEG["format"],
            "quality": JPEG["quality"],
        },
        "rows": rows,
        "left_out": left_out,
        "findings": findings(rows),
        "paper": paper.REFERENCE,
    }


def row_of(step: Step, bench: Files | Arrays, plan: Plan) -> dict[str, Any]:
    """Measure a step."""
    repeats = plan.repeats if step.regime == "files" else plan.array_repeats
    return {
        "regime": step.regime,
        "row": step.row,
        "images": step.images,
        "blocks": step.blocks,
        "block": list(block_size(step.blocks)),
        "timed_images": step.timed_images,
        **bench.measure(step, repeats),
    }


def steps_of(regimes: Sequence[str], plan: Plan, device: str) -> Iterator[Step]:
    """Everything that is to be measured, in order."""
    if "files" in regimes:
        yield from plan.file_steps()
    if "arrays" in regimes:
        yield from plan.array_steps(rows_on(device), cached=device == "cpu")


@contextmanager
def bench_of(
    regime: str, plan: Plan, pictures: Originals, work: Path, threads: int, device: str
) -> Iterator[Files | Arrays]:
    """What measures a regime; its arrays are gone afterwards."""
    if regime == "files":
        yield Files(pictures, work, threads)
        return
    arrays = Arrays(pictures, max(plan.array_counts), threads, device)
    try:
        yield arrays
    finally:
        arrays.close()


def images_of(options: Options, plan: Plan, folder: Path) -> Originals:
    """The user's images, or as many generated ones; arrays of more than 5,000 repeat them."""
    most = min(max(plan.array_counts), paper.MAX_COUNT)
    if "files" in options.regimes:
        most = max(plan.file_counts)
    if options.images is not None:
        return originals.from_folder(options.images, most)
    check_counts((*plan.file_counts, *plan.array_counts), GENERATED_LABELS)
    return originals.generate(folder, most)


def device_of(wanted: str) -> str:
    """Where arrays are mixed; "auto" takes a GPU that can be used."""
    there = bool(devices()) and importlib.util.find_spec("cupy") is not None
    if wanted == "cuda" and not there:
        raise InputError(
            "no CUDA device can be used: see 'blockmix info', or pip install 'blockmix[cuda13]'"
        )
    return "cuda" if there and wanted != "cpu" else "cpu"


def threads_of(wanted: int | None) -> int:
    """How many threads to use."""
    there = numba.get_num_threads()
    if wanted is not None and not 1 <= wanted <= there:
        raise InputError(f"threads are from 1 to {there} here, got {wanted}")
    return wanted or there


@contextmanager
def threads_set(threads: int) -> Iterator[None]:
    """Mix on so many threads; PyTorch too, where it is."""
    with ExitStack() as before:
        before.callback(numba.set_num_threads, numba.get_num_threads())
        numba.set_num_threads(threads)
        if importlib.util.find_spec("torch") is not None:
            import torch

            before.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(threads)
        yield
