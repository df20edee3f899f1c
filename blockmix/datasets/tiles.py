"""What of an array of images is mixed together, so that it fits into a budget of memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

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

    images: npt.NDArray[np.intp]  # indices, rising
    tiles: list[Tile]


def cut_into_loads(parts: Partition, batch: Batch, grid: BlockGrid, budget: int) -> Iterator[Load]:
    """Yield what is mixed together: as many whole labels as fit, or one in tiles."""
    whole = Tile(slice(0, grid.rows), slice(0, grid.cols))
    image_bytes = 2 * batch.view[:1].nbytes + _MAP_BYTES * grid.blocks
    waiting = 0
    for start, stop in pairwise(parts.starts.tolist()):
        if waiting < start and (stop - waiting) * image_bytes > budget:
            yield Load(np.sort(parts.order[waiting:start]), [whole])
            waiting = start
        if (stop - start) * image_bytes > budget:
            tiles = list(_tiles(stop - start, batch, grid, budget))
            yield Load(np.sort(parts.order[start:stop]), tiles)
            waiting = stop
    if waiting < len(parts.order):
        yield Load(np.sort(parts.order[waiting:]), [whole])


def _tiles(count: int, batch: Batch, grid: BlockGrid, budget: int) -> Iterator[Tile]:
    """Yield tiles that cover the grid and fit into the budget, for a number of images."""
    tallest, widest = (
        max(end - begin for begin, end in pairwise(edges))
        for edges in (grid.row_edges, grid.col_edges)
    )
    pixel_bytes = max(batch.planes * batch.pixel_bytes, 1)  # without channels, images are empty
    maps = count * _MAP_BYTES * grid.blocks
    most = (budget - maps) // (2 * count * pixel_bytes)  # pixels of an image
    needed = tallest * widest
    if most < needed:
        raise InputError(
            f"one block of each image of a label with {count} images takes, with the map, "
            f"{show_memory(maps + 2 * count * pixel_bytes * needed)}, but memory is "
            f"{budget:,} bytes: raise ",
            Setting("memory"),
            ", or take smaller blocks or smaller labels",
        )
    cols = grid.cols if tallest * grid.width <= most else most // needed
    rows = most // (tallest * grid.width) if cols == grid.cols else 1
    for row in range(0, grid.rows, rows):
        for col in range(0, grid.cols, cols):
            yield Tile(
                slice(row, min(row + rows, grid.rows)), slice(col, min(col + cols, grid.cols))
            )


def _edges(edges: tuple[int, ...], part: slice) -> tuple[int, ...]:
    return tuple(edge - edges[part.start] for edge in edges[part.start : part.stop + 1])


def _span(edges: tuple[int, ...], part: slice) -> slice:
    return slice(edges[part.start], edges[part.stop])
