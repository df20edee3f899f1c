"""What is mixed together covers everything once, and fits."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from blockmix import BlockGrid
from blockmix.arrays.batch import open_images
from blockmix.datasets.tiles import Tile, cut_into_loads
from blockmix.labels import partition

MAP_BYTES = 16  # a block


def edges(size):
    inner = st.sets(st.integers(1, size - 1)) if size > 1 else st.just(set())
    return inner.map(lambda chosen: (0, *sorted(chosen), size))


@given(st.data())
def test_every_block_once_and_within_the_budget(data):
    height, width, count = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9)), 20
    grid = BlockGrid(data.draw(edges(height)), data.draw(edges(width)))
    labels = np.sort(np.arange(count) * 7 % data.draw(st.integers(1, 6)))
    batch = open_images(np.zeros((count, height, width, 3), np.uint8), "NHWC")
    parts = partition(labels, None, 1, "clamp")
    largest = max(np.diff(grid.row_edges)) * max(np.diff(grid.col_edges))
    least = np.bincount(labels).max() * (MAP_BYTES * grid.blocks + 2 * 3 * largest)
    budget = int(least) + data.draw(st.integers(0, 5000))
    counts = np.zeros((count, grid.rows, grid.cols), int)
    together = data.draw(st.integers(0, budget))
    for begin, end, tiles in cut_into_loads(parts, labels, batch, grid, budget, together):
        images = parts.order[begin:end]
        size = len(images) * (MAP_BYTES * grid.blocks + 2 * 3 * height * width)
        assert size <= together or len(np.unique(labels[images])) == 1
        for tile in tiles:
            counts[images, tile.rows, tile.cols] += 1
            rows, cols = tile.pixels(grid, "NHW")
            tile_bytes = 3 * (rows.stop - rows.start) * (cols.stop - cols.start)
            assert len(images) * (MAP_BYTES * grid.blocks + 2 * tile_bytes) <= budget
    assert (counts == 1).all()


def test_a_tile():
    whole = BlockGrid((0, 2, 5, 9), (0, 1, 8))
    tile = Tile(slice(1, 3), slice(1, 2))
    assert tile.grid(whole) == BlockGrid((0, 3, 7), (0, 7))
    every = slice(None)
    assert tile.pixels(whole, "NHWC") == (slice(2, 9), slice(1, 8), every)
    assert tile.pixels(whole, "NCHW") == (every, slice(2, 9), slice(1, 8))
    assert tile.pixels(whole, "NHW") == (slice(2, 9), slice(1, 8))
