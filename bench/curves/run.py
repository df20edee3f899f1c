"""A run of the curves, from the images to the record."""

from __future__ import annotations

import importlib.util
import shutil
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
from blockmix.bench import machine
from blockmix.bench.cases import PAPER, PROBABILITY, SOURCES
from blockmix.bench.curves import originals, paper
from blockmix.bench.curves.algorithm1 import JPEG
from blockmix.bench.curves.arrays import Arrays, rows_on
from blockmix.bench.curves.files import Files
from blockmix.bench.curves.findings import findings
from blockmix.bench.curves.originals import GENERATED_LABELS, Originals
from blockmix.bench.curves.plan import SIDE, Plan, block_of, check_counts, with_numbers
from blockmix.bench.curves.step import Step

IMAGE_BYTES = SIDE * SIDE * PAPER[2]
# A mixed file, generously: of real faces they have some 13 kB.
FILE_BYTES = 64 << 10
# Of the memory that is free, what images and mixed images may take: NumPy's numbers of lines take
# up to as much again at 5,000 images.
MEMORY_SHARE = 0.6

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
    began, time, commit = perf_counter(), datetime.now(UTC), machine.commit()
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
        "commit": commit,
        "images": described,
        "parameters": {
            "size": [SIDE, SIDE],
            "sources": SOURCES,
            "rounds": 1,
            "probability": PROBABILITY,
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
        "block": list(block_of(step.blocks)),
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
    most = min(max(plan.array_counts), paper.MOST)
    if "files" in options.regimes:
        most = max(plan.file_counts)
    if options.images is not None:
        return originals.from_folder(options.images, most)
    check_counts((*plan.file_counts, *plan.array_counts), GENERATED_LABELS)
    return originals.generated(folder, most)


def what_can_be_done(
    regimes: Sequence[str], plan: Plan, pictures: Originals, device: str, output: Path
) -> tuple[Plan, list[str]]:
    """The plan without what there are too few images or too little memory for, and what that is.

    Raises
    ------
    InputError
        If nothing is left, or the disk would be full.
    """
    left_out: list[str] = []
    if "files" in regimes:
        there = len(pictures.paths)
        counts = tuple(count for count in plan.file_counts if count <= there)
        if not counts:
            raise InputError(
                f"the fewest images to be timed are {min(plan.file_counts)}, but there are "
                f"{there}, as many of each label: give fewer --counts, or a larger folder"
            )
        check_counts(counts, pictures.labels)
        left_out += [
            f"files of {count} images: there are {there}, as many of each label"
            for count in plan.file_counts
            if count > there
        ]
        plan = plan._replace(file_counts=counts)
        check_disk(plan, pictures, output)
    if "arrays" in regimes:
        fit = fitting(device)
        counts = tuple(count for count in plan.array_counts if count <= fit)
        if not counts:
            raise InputError(f"{needed(min(plan.array_counts))}: give fewer --counts")
        check_counts(counts, pictures.labels)
        left_out += [needed(count) for count in plan.array_counts if count > fit]
        plan = plan._replace(array_counts=counts)
    return plan, left_out


def check_disk(plan: Plan, pictures: Originals, output: Path) -> None:
    """Refuse to start what would fill the disk."""
    files = sum(plan.file_counts) * plan.repeats * len(plan.blocks)
    copies = sum(pictures.bytes(count) for count in (*plan.file_counts, len(pictures.paths)))
    least, free = files * FILE_BYTES + copies, shutil.disk_usage(output).free
    if least > free:
        raise InputError(
            f"{files:,} files need up to {least / 2**30:.1f} GiB while this runs, but there are "
            f"{free / 2**30:.1f} GiB at {output}: give another --output, --quick, or fewer --counts"
        )


def fitting(device: str) -> int:
    """How many images fit into memory, with as many mixed ones."""
    free = machine.free_memory()
    if device == "cuda":
        import cupy

        free = min(free, cupy.cuda.Device().mem_info[0])
    return int(MEMORY_SHARE * free) // (2 * IMAGE_BYTES)


def needed(count: int) -> str:
    """What arrays need."""
    gib = 2 * count * IMAGE_BYTES / 2**30
    return f"arrays of {count} images: with the mixed ones they need {gib:.1f} GiB"


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
