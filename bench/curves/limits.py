"""What of a plan this machine can measure: too few images, too little memory, a disk too small."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path

from blockmix import InputError
from blockmix.bench.common import paper
from blockmix.bench.common.originals import Originals
from blockmix.bench.curves.memory import free_memory
from blockmix.bench.curves.plan import Plan, check_counts

IMAGE_BYTES = math.prod(paper.SHAPE)
# A mixed file, generously: of real faces they have some 13 kB.
FILE_BYTES = 64 << 10
# Of the memory that is free, what images and mixed images may take: NumPy's numbers of lines take
# up to as much again at 5,000 images.
MEMORY_SHARE = 0.6


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
    free = free_memory()
    if device == "cuda":
        import cupy

        free = min(free, cupy.cuda.Device().mem_info[0])
    return int(MEMORY_SHARE * free) // (2 * IMAGE_BYTES)


def needed(count: int) -> str:
    """What arrays need."""
    gib = 2 * count * IMAGE_BYTES / 2**30
    return f"arrays of {count} images: with the mixed ones they need {gib:.1f} GiB"
