"""The part of a plan that this machine can measure, by its images, memory and disk."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path

from blockmix import InputError
from blockmix.bench.common import paper
from blockmix.bench.common.originals import Originals
from blockmix.bench.curves.plan import Plan, check_counts
from blockmix.support.memory import free_memory

IMAGE_BYTES = math.prod(paper.SHAPE)
# An upper limit for a mixed file; those of real faces have some 13 kB.
FILE_BYTES = 64 << 10
# The share of the free memory for images and mixed images: at 5,000 images, NumPy's numbers of
# lines take up to as much again.
MEMORY_SHARE = 0.6


def measurable_part(
    regimes: Sequence[str], plan: Plan, originals: Originals, device: str, output: Path
) -> tuple[Plan, list[str]]:
    """The plan without the points that have too few images or too little memory, and those points.

    Raises
    ------
    InputError
        If no point is left, or the disk is too small.
    """
    left_out: list[str] = []
    if "files" in regimes:
        available = len(originals.paths)
        counts = tuple(count for count in plan.file_counts if count <= available)
        if not counts:
            raise InputError(
                f"the fewest images to be timed are {min(plan.file_counts)}, but there are "
                f"{available}, equally many of each label: give fewer --counts, or a larger folder"
            )
        check_counts(counts, originals.labels)
        left_out += [
            f"files of {count} images: there are {available}, equally many of each label"
            for count in plan.file_counts
            if count > available
        ]
        plan = plan._replace(file_counts=counts)
        check_disk(plan, originals, output)
    if "arrays" in regimes:
        limit = images_in_memory(device)
        counts = tuple(count for count in plan.array_counts if count <= limit)
        if not counts:
            raise InputError(f"{memory_needed(min(plan.array_counts))}: give fewer --counts")
        check_counts(counts, originals.labels)
        left_out += [memory_needed(count) for count in plan.array_counts if count > limit]
        plan = plan._replace(array_counts=counts)
    return plan, left_out


def check_disk(plan: Plan, originals: Originals, output: Path) -> None:
    """Refuse a plan that would fill the disk."""
    files = sum(plan.file_counts) * plan.file_repeats * len(plan.blocks)
    copies = sum(originals.bytes(count) for count in (*plan.file_counts, len(originals.paths)))
    needed, free = files * FILE_BYTES + copies, shutil.disk_usage(output).free
    if needed > free:
        raise InputError(
            f"{files:,} files need up to {needed / 2**30:.1f} GiB while this runs, but there are "
            f"{free / 2**30:.1f} GiB at {output}: give another --output, --quick, or fewer --counts"
        )


def images_in_memory(device: str) -> int:
    """How many images fit into memory together with their mixed images."""
    free = free_memory()
    if device == "cuda":
        import cupy

        free = min(free, cupy.cuda.Device().mem_info[0])
    return int(MEMORY_SHARE * free) // (2 * IMAGE_BYTES)


def memory_needed(count: int) -> str:
    """The memory that arrays need, in words."""
    gib = 2 * count * IMAGE_BYTES / 2**30
    return f"arrays of {count} images: with the mixed ones they need {gib:.1f} GiB"
