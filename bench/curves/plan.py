"""Which numbers of images and of blocks are timed, and how often."""

from __future__ import annotations

from typing import NamedTuple

from blockmix import InputError
from blockmix.bench.curves import paper


class Plan(NamedTuple):
    """What a run measures."""

    file_counts: tuple[int, ...]  # numbers of images, of the regime of files
    array_counts: tuple[int, ...]
    blocks: tuple[int, ...]
    repeats: int  # of a point of files
    array_repeats: int
    peer_images: int  # how many images NumPy, PyTorch, and draw and gather apart are timed on
    slow_images: int  # and the paper's own algorithm
    quick: bool


FULL = Plan(
    file_counts=paper.COUNTS,
    array_counts=(*paper.COUNTS, 10_000, 20_000, 50_000),
    blocks=(*paper.BLOCKS, 512, 1024),
    repeats=3,
    array_repeats=7,
    peer_images=5000,
    slow_images=20,
    quick=False,
)
QUICK = Plan(
    file_counts=(200, 400, 800),
    array_counts=(1000, 2000, 4000),
    blocks=(4, 16, 64, 256),
    repeats=3,
    array_repeats=5,
    peer_images=2000,
    slow_images=5,
    quick=True,
)


def block_of(blocks: int) -> tuple[int, int]:
    """Height and width of the blocks that cut an image into so many, as square as can be.

    Examples
    --------
    >>> block_of(64), block_of(128)
    ((24, 24), (24, 12))
    """
    side = paper.SIDE
    shapes = [
        (rows, blocks // rows)
        for rows in range(1, side + 1)
        if blocks % rows == 0 and side % rows == 0 and side % (blocks // rows) == 0
    ]
    if not shapes:
        raise InputError(
            f"an image of {side} x {side} pixels cannot be cut into {blocks} equal blocks: "
            "take a power of two, up to 4096"
        )
    rows, cols = min(shapes, key=lambda shape: (abs(shape[1] - shape[0]), shape))
    return side // rows, side // cols


def chosen(
    plan: Plan, counts: tuple[int, ...] | None, blocks: tuple[int, ...] | None, labels: int
) -> Plan:
    """The plan with other numbers of images or blocks, checked before anything is measured."""
    if counts:
        least = labels * (paper.SOURCES + 1)
        if min(counts) < least:
            raise InputError(
                f"{labels} labels with {paper.SOURCES} sources need {least} images, but a count "
                f"is {min(counts)}"
            )
        counts = tuple(sorted(set(counts)))
        plan = plan._replace(
            file_counts=counts,
            array_counts=counts,
            peer_images=min(plan.peer_images, max(counts)),
            slow_images=min(plan.slow_images, min(counts)),
        )
    if blocks:
        plan = plan._replace(blocks=tuple(sorted(set(blocks))))
    for number in plan.blocks:
        block_of(number)
    return plan
