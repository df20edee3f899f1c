"""The grid that cuts every image into the same blocks."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from typing import Any

from blockmix.errors import InputError, InputTypeError
from blockmix.support.arguments import whole_number

Block = tuple[int, int]


@dataclass(frozen=True, repr=False)
class BlockGrid:
    """A grid of blocks, given by the edges of its rows and of its columns.

    Every image is cut into the same ``rows x cols`` blocks (the paper's N_b of them, section
    IV-B). Rows and columns may have any height and width: `even` makes the paper's grid, uneven
    edges answer its last open question.

    Parameters
    ----------
    row_edges : sequence of int
        Where rows of blocks begin, and the end: from 0 to the height of the image in pixels,
        strictly increasing.
    col_edges : sequence of int
        The same for columns and the width.

    Raises
    ------
    InputError
        If edges do not begin at 0, do not increase, or are fewer than two.

    Examples
    --------
    >>> from blockmix import BlockGrid
    >>> BlockGrid.even(192, 192, block=(24, 24))
    BlockGrid(8 x 8 blocks of an image of 192 x 192)
    >>> uneven = BlockGrid(row_edges=[0, 10, 100], col_edges=[0, 50, 60, 100])
    >>> uneven.rows, uneven.cols, uneven.blocks
    (2, 3, 6)
    """

    row_edges: tuple[int, ...]
    col_edges: tuple[int, ...]

    def __post_init__(self) -> None:
        for name in ("row_edges", "col_edges"):
            edges = _integers(getattr(self, name), name)
            increasing = all(a < b for a, b in pairwise(edges))
            if len(edges) < 2 or edges[0] != 0 or not increasing:
                raise InputError(
                    f"{name} must rise strictly from 0 to the size of the image, got {list(edges)}"
                )
            object.__setattr__(self, name, edges)

    @classmethod
    def even(cls, height: int, width: int, block: int | Block) -> BlockGrid:
        """A grid of equal blocks; the last row or column is smaller where they do not divide.

        Parameters
        ----------
        height, width : int
            Size of the image in pixels.
        block : (int, int) or int
            Height and width of a block in pixels (the paper's L_b and W_b), or one number for
            both.

        Raises
        ------
        InputError
            If a block is smaller than one pixel or larger than the image.

        Examples
        --------
        >>> BlockGrid.even(100, 64, block=(48, 32)).row_edges
        (0, 48, 96, 100)
        """
        edges = []
        for side, length, step in zip(
            ("height", "width"), (height, width), block_size(block), strict=True
        ):
            size = whole_number(side, length, 1, 2**31)
            if step > size:
                raise InputError(
                    f"a block must fit into the image: block {side} {step} is larger than the "
                    f"image {side} {size}; choose a smaller block"
                )
            edges.append((*range(0, size, step), size))
        return cls(*edges)

    @property
    def height(self) -> int:
        """Height of the image in pixels."""
        return self.row_edges[-1]

    @property
    def width(self) -> int:
        """Width of the image in pixels."""
        return self.col_edges[-1]

    @property
    def rows(self) -> int:
        """Number of rows of blocks."""
        return len(self.row_edges) - 1

    @property
    def cols(self) -> int:
        """Number of columns of blocks."""
        return len(self.col_edges) - 1

    @property
    def blocks(self) -> int:
        """Number of blocks of an image (the paper's N_b)."""
        return self.rows * self.cols

    def __str__(self) -> str:
        return f"{self.rows} x {self.cols} blocks of an image of {self.height} x {self.width}"

    def __repr__(self) -> str:
        return f"BlockGrid({self})"


def block_size(block: int | Block) -> Block:
    """Check ``block`` and return it as (height, width)."""
    single = isinstance(block, Integral) and not isinstance(block, bool)
    pair = _integers((block, block) if single else block, "block")
    if len(pair) != 2 or min(pair) < 1:
        raise InputError(
            f"a block is (height, width), each at least one pixel, got {block!r}; "
            "for example block=(24, 24)"
        )
    return pair[0], pair[1]


def resolve_grid(block: int | Block | BlockGrid, height: int, width: int) -> BlockGrid:
    """The grid that ``block`` gives for images of this size."""
    if not isinstance(block, BlockGrid):
        return BlockGrid.even(height, width, block)
    if (block.height, block.width) != (height, width):
        raise InputError(
            f"the grid is for images of {block.height} x {block.width}, but the images are "
            f"{height} x {width}: make the grid for their size"
        )
    return block


def _integers(values: Any, name: str) -> tuple[int, ...]:
    try:
        return tuple(operator.index(value) for value in values)
    except TypeError:
        raise InputTypeError(f"{name} takes integers, got {values!r}") from None
