"""What of an array of images is mixed together, so that it fits into a budget of memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blockmix.arrays.batch import Batch
from blockmix.errors import InputError, Setting
from blockmix.grid import BlockGrid
from blockmix.labels import Partition
from blockmix.support.sizes import show_memory

# Bytes of a block in maps: that of all rounds, the one that is drawn, and that of a tile twice.
_MAP_BYTES = 16


class Tile(NamedTuple):
    """Some rows and columns of blocks."""

    rows: slice
    cols: slice

    def grid(self, whole: BlockGrid) -> BlockGrid:
        """The grid of these blocks, cut out of a grid."""
        return BlockGrid(_edges(whole.row_edges, self.rows), _edges(whole.col_edges, self.cols))

    def pixels(self, whole: BlockGrid, layout: str) -> tuple[slice, ...]:
        """Index of its pixels in an image of a layout."""
        sides = {"H": (whole.row_edges, self.rows), "W": (whole.col_edges, self.cols)}
        every = slice(None)
        return tuple(_span(*sides[axis]) if axis in sides else every for axis in layout[1:])


class Load(NamedTuple):
    """Images of one or more labels that are mixed together, tile by tile."""

    begin: int  # slot of the first image, see `Partition`
    end: int  # and the slot behind the last
    tiles: list[Tile]


def cut_into_loads(
    parts: Partition,
    labels: npt.NDArray[Any],
    batch: Batch,
    grid: BlockGrid,
    budget: int,
    together: int,
) -> Iterator[Load]:
    """Yield what is mixed together: as many whole labels as fit, or one in tiles.

    ``budget`` is in bytes; several labels take at most ``together`` of them.
    """
    whole = Tile(slice(0, grid.rows), slice(0, grid.cols))
    image_bytes = 2 * batch.view[:1].nbytes + _MAP_BYTES * grid.blocks
    waiting = 0
    _check_largest(parts, labels, batch, grid, budget)
    for start, stop in pairwise(parts.starts.tolist()):
        if waiting < start and (stop - waiting) * image_bytes > together:
            yield Load(waiting, start, [whole])
            waiting = start
        if (stop - start) * image_bytes > budget:
            tiles = list(_tiles(stop - start, batch, grid, budget))
            yield Load(start, stop, tiles)
            waiting = stop
    if waiting < len(parts.order):
        yield Load(waiting, len(parts.order), [whole])


def _check_largest(
    parts: Partition, labels: npt.NDArray[Any], batch: Batch, grid: BlockGrid, budget: int
) -> None:
    """Refuse a budget into which one block of each image of the largest label does not fit."""
    sizes = np.diff(parts.starts)
    count = int(sizes.max(initial=0))
    needed = count * (_MAP_BYTES * grid.blocks + 2 * _pixel_bytes(batch) * _largest_block(grid))
    if needed > budget:
        label = labels[parts.order[parts.starts[sizes.argmax()]]]
        raise InputError(
            f"one block of each of the {count} images of label {label!r} takes, with the map, "
            f"{show_memory(needed)}, but memory is {budget:,} bytes: raise ",
            Setting("memory"),
            ", or take smaller blocks or smaller labels",
        )


def _tiles(count: int, batch: Batch, grid: BlockGrid, budget: int) -> Iterator[Tile]:
    """Yield tiles that cover the grid and fit into the budget, for a number of images."""
    most = budget // count - _MAP_BYTES * grid.blocks  # bytes of an image
    most //= 2 * _pixel_bytes(batch)
    row_pixels = _longest(grid.row_edges) * grid.width
    rows = max(most // row_pixels, 1)
    cols = grid.cols if row_pixels <= most else most // _largest_block(grid)
    for row in range(0, grid.rows, rows):
        for col in range(0, grid.cols, cols):
            yield Tile(
                slice(row, min(row + rows, grid.rows)), slice(col, min(col + cols, grid.cols))
            )


def _pixel_bytes(batch: Batch) -> int:
    return max(batch.planes * batch.pixel_bytes, 1)  # without channels, images are empty


def _largest_block(grid: BlockGrid) -> int:
    return _longest(grid.row_edges) * _longest(grid.col_edges)


def _longest(edges: tuple[int, ...]) -> int:
    return max(end - begin for begin, end in pairwise(edges))


def _edges(edges: tuple[int, ...], part: slice) -> tuple[int, ...]:
    return tuple(edge - edges[part.start] for edge in edges[part.start : part.stop + 1])


def _span(edges: tuple[int, ...], part: slice) -> slice:
    return slice(edges[part.start], edges[part.stop])
