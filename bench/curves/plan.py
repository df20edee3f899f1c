"""Which numbers of images and of blocks are timed, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from blockmix import InputError
from blockmix.bench.common import paper
from blockmix.bench.common.blocks import block_size
from blockmix.bench.curves.step import Step
from blockmix.bench.speed.rows import ROWS

# The ceiling is measured on up to so many images before each run: it has to see the same machine,
# and a larger number does not change its rate.
CEILING_IMAGES = 1000
ALGORITHM_1 = "algorithm 1"
CACHED = "algorithm 1 cached"

# Images a second that steps are expected to take, for the time that is left alone: two cores of an
# AMD EPYC, at its slower times.
_FILES, _CEILING, _MIX, _PEER = 500, 700, 20_000, 5_000
# The paper's algorithm, by replaced blocks: a file that is opened and resized; a copy in memory.
_OPENED, _COPIED = 500, 200_000


class Plan(NamedTuple):
    """What a run measures."""

    file_counts: tuple[int, ...]  # numbers of images, of the regime of files
    array_counts: tuple[int, ...]
    blocks: tuple[int, ...]
    repeats: int  # of a point of files
    array_repeats: int
    opened: int  # files that the paper's algorithm opens at each number of blocks, at least
    quick: bool

    def peer_images(self) -> int:
        """How many images NumPy, PyTorch, and draw and gather apart are timed on."""
        return up_to_the_papers(self.array_counts)

    def file_steps(self) -> Iterator[Step]:
        """Whole runs at every point, and the paper's algorithm at every number of blocks."""
        for count in self.file_counts:
            for blocks in self.blocks:
                each = count / _FILES + min(count, CEILING_IMAGES) / _CEILING
                yield Step("files", "mix_folder", count, blocks, count, self.repeats * each)
        whole = min(up_to_the_papers(self.file_counts), CEILING_IMAGES)
        for blocks in self.blocks:
            timed = self._timed(blocks, whole, 1)
            each = (blocks / 2 + 1) / _OPENED
            yield Step("files", ALGORITHM_1, whole, blocks, timed, timed * each)

    def array_steps(self, rows: tuple[str, ...], cached: bool) -> Iterator[Step]:
        """Mixing at every point; at one number of images its parts and what it is compared with."""
        for count in self.array_counts:
            for blocks in self.blocks:
                expected = self.array_repeats * count / _MIX
                yield Step("arrays", "mix", count, blocks, count, expected)
        count = self.peer_images()
        for blocks in self.blocks:
            for row in rows:
                each = count / (_MIX if row in ("draw", "gather") else _PEER)
                yield Step("arrays", row, count, blocks, count, ROWS[row].repeats * each)
            if cached:
                timed = self._timed(blocks, count, 50)
                expected = timed * blocks / _COPIED
                yield Step("arrays", CACHED, count, blocks, timed, expected)

    def _timed(self, blocks: int, count: int, faster: int) -> int:
        """How many images the paper's algorithm is timed on: as much work for few blocks."""
        return max(1, min(count, faster * self.opened // (blocks // 2 + 1)))


FULL = Plan(
    file_counts=paper.COUNTS,
    array_counts=(*paper.COUNTS, 10_000, 20_000, 50_000),
    blocks=(*paper.BLOCKS, 512, 1024),
    repeats=3,
    array_repeats=7,
    opened=2600,
    quick=False,
)
QUICK = Plan(
    file_counts=(150, 300, 600),
    array_counts=(1000, 2000, 4000),
    blocks=(4, 16, 64, 256),
    repeats=3,
    array_repeats=3,
    opened=400,
    quick=True,
)


def up_to_the_papers(counts: tuple[int, ...]) -> int:
    """The most images, as far as the paper's 5,000; else the fewest."""
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
    """Refuse fewer images than can be mixed."""
    least = labels * (paper.SOURCES + 1)
    if min(counts) < least:
        raise InputError(
            f"{labels} labels with {paper.SOURCES} sources need {least} images, but a count is "
            f"{min(counts)}: give larger --counts, or a folder with fewer labels"
        )
