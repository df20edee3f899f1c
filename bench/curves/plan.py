"""Which numbers of images and of blocks are timed, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from blockmix import InputError
from blockmix.bench.common import paper
from blockmix.bench.common.blocks import block_size
from blockmix.bench.curves.step import Step
from blockmix.bench.speed.rows import ROWS

# The largest number of images for the ceiling. It is measured before each run, to see the same
# machine, and more images do not change its rate.
CEILING_IMAGES = 1000
ALGORITHM_1 = "algorithm 1"
PILLOW = "pillow"
CACHED = "algorithm 1 cached"

# Images a second, which only predict the remaining time: two cores of an AMD EPYC at slow times.
_FILES, _CEILING, _PILLOW, _MIX, _PEER = 1_200, 1_500, 700, 20_000, 5_000
# Replaced blocks a second, of the paper's algorithm: with files, and with images in memory.
_OPENED, _COPIED = 500, 200_000


class Plan(NamedTuple):
    """The points of a run, and how often each is measured."""

    file_counts: tuple[int, ...]  # numbers of images in the regime of files
    array_counts: tuple[int, ...]  # and of arrays
    blocks: tuple[int, ...]
    file_repeats: int
    array_repeats: int
    opened: int  # files that the paper's algorithm opens, at each number of blocks
    quick: bool

    def peer_images(self) -> int:
        """Number of images for NumPy and PyTorch, and for draw and gather alone."""
        return largest_in_paper(self.array_counts)

    def file_steps(self) -> Iterator[Step]:
        """Whole runs at every point; Pillow and the paper's algorithm at every number of blocks."""
        for count in self.file_counts:
            for blocks in self.blocks:
                estimated_seconds = count / _FILES + min(count, CEILING_IMAGES) / _CEILING
                yield Step(
                    "files",
                    "mix_folder",
                    count,
                    blocks,
                    count,
                    self.file_repeats * estimated_seconds,
                )
        count = min(largest_in_paper(self.file_counts), CEILING_IMAGES)
        for blocks in self.blocks:
            estimated_seconds = self.file_repeats * count * (1 / _CEILING + 1 / _PILLOW)
            yield Step("files", PILLOW, count, blocks, count, estimated_seconds)
        for blocks in self.blocks:
            timed = self._timed_images(blocks, count, 1)
            estimated_seconds = timed * (blocks / 2 + 1) / _OPENED
            yield Step("files", ALGORITHM_1, count, blocks, timed, estimated_seconds)

    def array_steps(self, rows: tuple[str, ...], cached: bool) -> Iterator[Step]:
        """Mixing at every point; its parts and peers at one number of images."""
        for count in self.array_counts:
            for blocks in self.blocks:
                estimated_seconds = self.array_repeats * count / _MIX
                yield Step("arrays", "mix", count, blocks, count, estimated_seconds)
        count = self.peer_images()
        for blocks in self.blocks:
            for row in rows:
                estimated_seconds = count / (_MIX if row in ("draw", "gather") else _PEER)
                yield Step(
                    "arrays", row, count, blocks, count, ROWS[row].repeats * estimated_seconds
                )
            if cached:
                timed = self._timed_images(blocks, count, 50)
                estimated_seconds = timed * blocks / _COPIED
                yield Step("arrays", CACHED, count, blocks, timed, estimated_seconds)

    def _timed_images(self, blocks: int, count: int, factor: int) -> int:
        """Images for the paper's algorithm: about equal work for all numbers of blocks."""
        return max(1, min(count, factor * self.opened // (blocks // 2 + 1)))


FULL = Plan(
    file_counts=paper.COUNTS,
    array_counts=(*paper.COUNTS, 10_000, 20_000, 50_000),
    blocks=(*paper.BLOCKS, 512, 1024),
    file_repeats=3,
    array_repeats=7,
    opened=2600,
    quick=False,
)
QUICK = Plan(
    file_counts=(150, 300, 600),
    array_counts=(1000, 2000, 4000),
    blocks=(4, 16, 64, 256),
    file_repeats=3,
    array_repeats=3,
    opened=400,
    quick=True,
)


def largest_in_paper(counts: tuple[int, ...]) -> int:
    """The largest number up to the paper's 5,000; if there is none, the smallest."""
    return max((count for count in counts if count <= paper.MAX_COUNT), default=min(counts))


def with_numbers(
    plan: Plan, counts: tuple[int, ...] | None, blocks: tuple[int, ...] | None
) -> Plan:
    """The plan with other numbers of images or of blocks."""
    if counts:
        counts = tuple(sorted(set(counts)))
        plan = plan._replace(file_counts=counts, array_counts=counts)
    if blocks:
        plan = plan._replace(blocks=tuple(sorted(set(blocks))))
    for number in plan.blocks:
        block_size(number)
    return plan


def check_counts(counts: tuple[int, ...], labels: int) -> None:
    """Refuse numbers of images that are too small to be mixed."""
    needed = labels * (paper.SOURCES + 1)
    if min(counts) < needed:
        raise InputError(
            f"{labels} labels with {paper.SOURCES} sources need {needed} images, but a count is "
            f"{min(counts)}: give larger --counts, or a folder with fewer labels"
        )
