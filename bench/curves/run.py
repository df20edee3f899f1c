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
from blockmix.bench.curves.arrays import ArrayBench, part_and_peer_rows
from blockmix.bench.curves.files import FileBench
from blockmix.bench.curves.findings import findings
from blockmix.bench.curves.limits import measurable_part
from blockmix.bench.curves.plan import Plan, check_counts, with_numbers
from blockmix.bench.curves.step import Step
from blockmix.support.extras import installation


class Options(NamedTuple):
    """The user's choices."""

    images: Path | None
    plan: Plan
    counts: tuple[int, ...] | None
    blocks: tuple[int, ...] | None
    regimes: tuple[str, ...]
    device: str  # "cpu", "cuda" or "auto"
    threads: int | None


class RunEvents(NamedTuple):
    """Functions that are called during a run."""

    planned: Callable[[Sequence[Step]], None]  # once, with all steps
    started: Callable[[Step], None]
    measured: Callable[[Step, dict[str, Any]], None]  # with the row of the step


def run(options: Options, output: Path, events: RunEvents) -> dict[str, Any]:
    """Measure everything; returns the record.

    Parameters
    ----------
    options : Options
        The user's choices.
    output : Path
        An existing folder. Copies of the images and every mixed set go into a folder inside it,
        which is removed at the end.
    events : RunEvents
        Called with all steps before the first one, then at each.

    Returns
    -------
    dict
        See ``schema.json``.
    """
    started, time, revision = perf_counter(), datetime.now(UTC), commit()
    device = choose_device(options.device) if "arrays" in options.regimes else "cpu"
    threads = choose_threads(options.threads)
    plan = with_numbers(options.plan, options.counts, options.blocks)
    with TemporaryDirectory(prefix=".bench-", dir=output) as folder, limit_threads(threads):
        work = Path(folder)
        # Everything that can be refused is refused before the first step.
        images = open_images(options, plan, work / "originals")
        plan, left_out = measurable_part(options.regimes, plan, images, device, output)
        steps = list(all_steps(options.regimes, plan, device))
        events.planned(steps)
        rows: list[dict[str, Any]] = []
        for regime in options.regimes:
            with open_bench(regime, plan, images, work, threads, device) as bench:
                bench.warm_up()
                for step in steps:
                    if step.regime == regime:
                        events.started(step)
                        rows.append(measure_row(step, bench, plan))
                        events.measured(step, rows[-1])
        description = images.describe()
    return {
        "format": "blockmix curves",
        "version": 2,
        "time": time.isoformat(timespec="seconds"),
        "seconds": perf_counter() - started,
        "quick": plan.quick,
        "device": device,
        "machine": machine.describe(threads),
        "commit": revision,
        "images": description,
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


def measure_row(step: Step, bench: FileBench | ArrayBench, plan: Plan) -> dict[str, Any]:
    """Measure a step; returns its row."""
    repeats = plan.file_repeats if step.regime == "files" else plan.array_repeats
    return {
        "regime": step.regime,
        "row": step.row,
        "images": step.images,
        "blocks": step.blocks,
        "block": list(block_size(step.blocks)),
        "timed_images": step.timed_images,
        **bench.measure(step, repeats),
    }


def all_steps(regimes: Sequence[str], plan: Plan, device: str) -> Iterator[Step]:
    """All steps of the plan, in order."""
    if "files" in regimes:
        yield from plan.file_steps()
    if "arrays" in regimes:
        yield from plan.array_steps(part_and_peer_rows(device), cached=device == "cpu")


@contextmanager
def open_bench(
    regime: str, plan: Plan, images: Originals, work: Path, threads: int, device: str
) -> Iterator[FileBench | ArrayBench]:
    """The bench of a regime; its threads and arrays are released afterwards."""
    if regime == "files":
        yield FileBench(images, work, threads)
        return
    arrays = ArrayBench(images, max(plan.array_counts), threads, device)
    try:
        yield arrays
    finally:
        arrays.close()


def open_images(options: Options, plan: Plan, folder: Path) -> Originals:
    """The user's images, or generated ones; arrays of more than 5,000 images repeat them."""
    count = min(max(plan.array_counts), paper.MAX_COUNT)
    if "files" in options.regimes:
        count = max(plan.file_counts)
    if options.images is not None:
        return originals.from_folder(options.images, count)
    check_counts((*plan.file_counts, *plan.array_counts), GENERATED_LABELS)
    return originals.generate(folder, count)


def choose_device(name: str) -> str:
    """The device that mixes arrays; "auto" is a GPU if one can be used."""
    usable = bool(devices()) and importlib.util.find_spec("cupy") is not None
    if name == "cuda" and not usable:
        raise InputError(
            "no CUDA device can be used: 'blockmix info' shows which there are; arrays on one also "
            f"need CuPy: give --device cpu, or {installation('cuda13')}"
        )
    return "cuda" if usable and name != "cpu" else "cpu"


def choose_threads(threads: int | None) -> int:
    """The number of threads; None is all."""
    available = numba.get_num_threads()
    if threads is not None and not 1 <= threads <= available:
        raise InputError(f"--threads is from 1 to {available} on this machine, got {threads}")
    return threads or available


@contextmanager
def limit_threads(threads: int) -> Iterator[None]:
    """Limit the threads of numba, and those of PyTorch if it is installed."""
    with ExitStack() as restore:
        restore.callback(numba.set_num_threads, numba.get_num_threads())
        numba.set_num_threads(threads)
        if importlib.util.find_spec("torch") is not None:
            import torch

            restore.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(threads)
        yield
