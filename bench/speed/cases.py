"""Which sets of images are mixed, and how."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from blockmix.bench.common.blocks import block_size
from blockmix.bench.common.paper import SHAPE, SOURCES

BLOCKMIX_ROWS = ("copy", "draw", "gather", "mix")
PEER_ROWS = ("numpy", "numpy lines", "torch", "torch lines")
TABLE_ROWS = (*BLOCKMIX_ROWS, "mix rounds=3", *PEER_ROWS)


@dataclass(frozen=True)
class Case:
    """A set of images and the way it is mixed.

    Parameters
    ----------
    group : str
        The question that the case helps to answer.
    name : str
        Different for every case.
    images : int
        Number of images.
    shape : tuple of int
        Shape of one image, in its layout.
    block : int or (int, int)
        Height and width of a block in pixels.
    labels : int
        Number of labels. They take turns, so the images of a label are not adjacent.
    layout : {"NHWC", "NCHW"}
        See `blockmix.mix`.
    threads : int, optional
        Default: as many as numba has.
    rows : tuple of str
        Keys of `blockmix.bench.speed.rows.ROWS`.
    """

    group: str
    name: str
    images: int
    shape: tuple[int, ...]
    block: int | tuple[int, int]
    labels: int = 2
    layout: str = "NHWC"
    threads: int | None = None
    rows: tuple[str, ...] = BLOCKMIX_ROWS

    @property
    def height_and_width(self) -> tuple[int, int]:
        height, width = self.shape[1:] if self.layout == "NCHW" else self.shape[:2]
        return height, width

    @property
    def blocks(self) -> int:
        """Blocks of one image. The block divides the image in every case."""
        height, width = self.height_and_width
        block_height, block_width = np.broadcast_to(self.block, 2)
        return int((height // block_height) * (width // block_width))

    def label_array(self) -> npt.NDArray[np.int64]:
        return np.arange(self.images) % self.labels

    def scaled(self, factor: float) -> Case:
        """The case with fewer images, for a trial run; each label keeps enough of them to mix."""
        if factor == 1:
            return self
        images = max(round(self.images * factor), 2 * SOURCES)
        labels = min(self.labels, images // (2 * SOURCES))
        return replace(self, name=f"{self.name} x {factor:g}", images=images, labels=labels)


def case_rows(cases: Iterable[Case]) -> list[tuple[str, str]]:
    """Pairs of a case's name and a row, case by case, so that arrays are used again."""
    return [(case.name, row) for case in cases for row in case.rows]


# 5,000 images of two labels: the largest set whose running time the paper gives (section VI-C).
TABLE = [
    Case(
        "5,000 images of 192x192x3, two labels",
        f"{blocks} blocks",
        5000,
        SHAPE,
        block_size(blocks),
        rows=TABLE_ROWS,
    )
    for blocks in (4, 16, 64, 256, 1024)
]

# Cases of one shape are adjacent, so that their arrays are allocated once.
FULL = [
    *(
        Case(
            "is the time linear in the images? 192x192x3, 64 blocks",
            f"{count:,} images",
            count,
            SHAPE,
            24,
        )
        for count in (500, 1000, 2000, 5000, 10000, 20000)
    ),
    Case("do labels matter? 20,000 images", "1,000 labels of 20", 20000, SHAPE, 24, labels=1000),
    Case("do labels matter? 20,000 images", "1 label of 20,000", 20000, SHAPE, 24, labels=1),
    Case("small and large images", "100,000 of 32x32x3", 100_000, (32, 32, 3), 8),
    Case("small and large images", "200 of 1024x1024x3", 200, (1024, 1024, 3), 128),
    Case("layouts: 5,000 images, 64 blocks", "NCHW", 5000, (3, 192, 192), 24, layout="NCHW"),
    Case("layouts: 5,000 images, 64 blocks", "grey", 5000, (192, 192), 24),
    Case("layouts: 5,000 images, 64 blocks", "NHWC", 5000, SHAPE, 24),
    Case("threads: 5,000 images, 64 blocks", "1 thread", 5000, SHAPE, 24, threads=1),
    Case("threads: 5,000 images, 64 blocks", "2 threads", 5000, SHAPE, 24, threads=2),
]

CASES = {case.name: case for case in (*TABLE, *FULL)}
