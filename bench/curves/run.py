"""A run of the curves, from the images to the record."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

import numba

from blockmix import InputError
from blockmix.bench import machine
from blockmix.bench.curves import originals, paper
from blockmix.bench.curves.arrays import Arrays
from blockmix.bench.curves.files import Files
from blockmix.bench.curves.findings import findings
from blockmix.bench.curves.originals import GENERATED_LABELS, Originals
from blockmix.bench.curves.plan import Plan, block_of, chosen
from blockmix.bench.curves.step import Step
from blockmix.gpu import devices

IMAGE_BYTES = paper.SIDE * paper.SIDE * 3
# A file of 192 x 192 pixels in JPEG, of quality 95 without subsampling, generously.
FILE_BYTES = 64 << 10
# Of the memory that is free, what images and mixed images may take: the rest is for their peers.
MEMORY_SHARE = 0.6

# What is told on the way: the steps that are to come, then each with its row.
Started = Callable[[list[Step]], None]
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


def run(options: Options, output: Path, started: Started, measured: Measured) -> dict[str, Any]:
    """Measure everything; gives the record.

    Parameters
    ----------
    options : Options
        What the user chose.
    output : Path
        A folder that is there. Files are made in a folder inside of it, which is removed at the
        end: copies of the images, and every mixed set.
    started, measured : callable
        Told of the steps of each regime before they start, and of each row.

    Returns
    -------
    dict
        See ``schema.json``.
    """
    began, time, commit = perf_counter(), datetime.now(UTC), machine.commit()
    device, threads = device_of(options.device), threads_of(options.threads)
    labels = GENERATED_LABELS if options.images is None else 1
    plan = chosen(options.plan, options.counts, options.blocks, labels)
    rows: list[dict[str, Any]] = []
    left_out: list[str] = []
    with TemporaryDirectory(prefix=".bench-", dir=output) as folder, numba_threads(threads):
        work = Path(folder)
        pictures = images_of(options, plan, work / "originals")
        plan = chosen(plan, options.counts, options.blocks, pictures.labels)
        for regime in options.regimes:
            with ExitStack() as stack:
                bench: Files | Arrays
                if regime == "files":
                    left_out += too_many_files(plan, pictures)
                    check_disk(plan, output)
                    bench = Files(pictures, work, threads)
                else:
                    most, too_large = fitting(plan.array_counts, device)
                    left_out += too_large
                    bench = Arrays(pictures, most, threads, device)
                    stack.callback(bench.close)
                steps = list(bench.steps(plan))
                started(steps)
                bench.warm_up()
                for step in steps:
                    row = measure(step, plan)
                    rows.append(row)
                    measured(step, row)
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
            "size": [paper.SIDE, paper.SIDE],
            "sources": paper.SOURCES,
            "rounds": 1,
            "probability": paper.PROBABILITY,
            "format": "jpeg",
            "quality": 95,
        },
        "rows": rows,
        "left_out": left_out,
        "findings": findings(rows),
        "paper": paper.REFERENCE,
    }


def measure(step: Step, plan: Plan) -> dict[str, Any]:
    """The row of a step."""
    repeats = plan.repeats if step.regime == "files" else plan.array_repeats
    return {
        "regime": step.regime,
        "row": step.row,
        "images": step.images,
        "blocks": step.blocks,
        "block": list(block_of(step.blocks)),
        **step.measure(step, repeats),
    }


def images_of(options: Options, plan: Plan, folder: Path) -> Originals:
    """The user's images, or as many generated ones as the files need."""
    counts = plan.file_counts if "files" in options.regimes else plan.array_counts
    most = min(max(counts), max(paper.COUNTS))
    if options.images is not None:
        return originals.from_folder(options.images, most)
    return originals.generated(folder, most)


def too_many_files(plan: Plan, pictures: Originals) -> list[str]:
    """What the folder has too few images for."""
    there = len(pictures.paths)
    beyond = [count for count in plan.file_counts if count > there]
    if len(beyond) == len(plan.file_counts):
        raise InputError(
            f"the fewest images to be timed are {min(beyond)}, but there are {there}: give "
            "--counts, or a larger folder"
        )
    return [f"files of {count} images: there are {there}" for count in beyond]


def check_disk(plan: Plan, output: Path) -> None:
    """Refuse to start what would fill the disk."""
    files = sum(plan.file_counts) * (1 + plan.repeats * len(plan.blocks))
    needed, free = files * FILE_BYTES, shutil.disk_usage(output).free
    if needed > free:
        raise InputError(
            f"{files:,} files need up to {needed / 2**30:.1f} GiB while this runs, but there are "
            f"{free / 2**30:.1f} GiB at {output}: give another --output, --quick, or fewer --counts"
        )


def fitting(counts: tuple[int, ...], device: str) -> tuple[int, list[str]]:
    """The largest number of images that fits into memory, and what is left out."""
    if device == "cuda":
        import cupy

        free = min(machine.free_memory(), cupy.cuda.Device().mem_info[0])
    else:
        free = machine.free_memory()
    fit = int(MEMORY_SHARE * free) // (2 * IMAGE_BYTES)
    fitting = [count for count in counts if count <= fit]
    if not fitting:
        raise InputError(
            f"{min(counts)} images and as many mixed ones need "
            f"{2 * min(counts) * IMAGE_BYTES / 2**30:.1f} GiB: give fewer --counts"
        )
    return max(fitting), [
        f"arrays of {count} images: with the mixed ones they need "
        f"{2 * count * IMAGE_BYTES / 2**30:.1f} GiB"
        for count in counts
        if count > fit
    ]


def device_of(wanted: str) -> str:
    """Where arrays are mixed; "auto" takes a GPU that can be used."""
    there = bool(devices())
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
def numba_threads(threads: int) -> Iterator[None]:
    """Mix on so many threads; PyTorch too, where it is."""
    before = numba.get_num_threads()
    numba.set_num_threads(threads)
    if importlib.util.find_spec("torch") is not None:
        import torch

        torch.set_num_threads(threads)
    try:
        yield
    finally:
        numba.set_num_threads(before)
