"""The images of an array mixed load by load, and each load tile by tile.

What the draw has to know of the images is one table of numbers, so that it can lie in a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.arrays.batch import Batch
from blockmix.datasets.tiles import Load, Tile
from blockmix.grid import resolve_grid
from blockmix.labels import Partition, classes
from blockmix.mixer import BlockMixer
from blockmix.source_map import SourceMap

# Images, and a slice for every other axis.
Index = tuple[npt.NDArray[np.int32], *tuple[slice, ...]]


def member_table(
    loads: Sequence[Load], parts: Partition, groups: npt.NDArray[Any] | None
) -> npt.NDArray[np.void]:
    """Return the image in each slot, its class, id and group, as numbers.

    Within a load, images are in their order in the array, in which they are read and written.
    Without groups the table has no field for them.
    """
    fields = [("image", np.int32), ("class", np.int32), ("id", np.uint64)]
    if groups is not None:
        fields.append(("group", np.int64))
    members = np.empty(len(parts.order), fields)
    members["image"] = parts.order
    members["class"] = parts.class_of_slot
    members["id"] = parts.ids
    if groups is not None:
        members["group"] = classes(groups, "groups")[1][parts.order]
    for load in loads:
        rows = members[load.begin : load.end]
        rows[:] = rows[np.argsort(rows["image"])]
    return members


def mixed_tiles(
    mixer: BlockMixer, batch: Batch, members: npt.NDArray[np.void], tiles: Sequence[Tile]
) -> Iterator[tuple[Index, npt.NDArray[Any], int]]:
    """Draw the map of a load; yield where each tile lies, its mixed pixels and number of blocks.

    The draw has no state: whoever mixes another tile of the load draws the same map.
    """
    grid = resolve_grid(mixer.block, batch.height, batch.width)
    images = members["image"]
    source_map = mixer.plan(
        members["class"],
        grid.height,
        grid.width,
        ids=members["id"],
        groups=members["group"] if "group" in (members.dtype.names or ()) else None,
    )
    is_whole = [tile.grid(grid) for tile in tiles] == [grid]
    sources = None if is_whole else source_map.sources
    for tile in tiles:
        if sources is not None:
            source_map = SourceMap(sources[:, tile.rows, tile.cols], tile.grid(grid))
        index: Index = (images, *tile.pixels(grid, batch.layout))
        mixed = source_map.apply(batch.view[index], layout=mixer.layout)
        yield index, mixed, len(images) * source_map.grid.blocks
