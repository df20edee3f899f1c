"""Grids: even, ragged, uneven; and edges and blocks that are refused."""

import numpy as np
import pytest

from blockmix import BlockGrid, InputError, InputTypeError
from blockmix.grid import resolve_grid


def test_even_grid():
    grid = BlockGrid.even(192, 96, (24, 48))
    assert (grid.rows, grid.cols, grid.blocks) == (8, 2, 16)
    assert (grid.height, grid.width) == (192, 96)
    assert grid.col_edges == (0, 48, 96)


def test_the_last_row_and_column_are_smaller_where_blocks_do_not_divide():
    grid = BlockGrid.even(10, 7, (4, 3))
    assert grid.row_edges == (0, 4, 8, 10)
    assert grid.col_edges == (0, 3, 6, 7)


@pytest.mark.parametrize("block", [3, np.int64(3), (3, 3), [3, 3], np.array([3, 3])])
def test_a_block_is_a_pair_or_one_number(block):
    assert BlockGrid.even(9, 9, block).blocks == 9


def test_one_block():
    assert BlockGrid.even(5, 5, 5).blocks == 1


def test_uneven_grid():
    grid = BlockGrid([0, 1, 9], (0, 2, 3, 11))
    assert (grid.rows, grid.cols, grid.height, grid.width) == (2, 3, 9, 11)


def test_grids_compare_by_their_edges():
    assert BlockGrid.even(6, 6, 3) == BlockGrid([0, 3, 6], np.array([0, 3, 6]))
    assert len({BlockGrid.even(6, 6, 3), BlockGrid.even(6, 6, 2)}) == 2


@pytest.mark.parametrize("edges", [[], [0], [1, 4], [0, 3, 3], [0, 4, 2], [0, -1]])
def test_bad_edges(edges):
    with pytest.raises(InputError, match="row_edges must rise strictly from 0"):
        BlockGrid(edges, [0, 4])
    with pytest.raises(InputError, match="col_edges must rise strictly from 0"):
        BlockGrid([0, 4], edges)


@pytest.mark.parametrize("edges", [[0, 1.5], ["0", "1"], None, 7])
def test_edges_are_integers(edges):
    with pytest.raises(InputTypeError, match="takes integers"):
        BlockGrid(edges, [0, 4])


@pytest.mark.parametrize("block", [0, (0, 4), (4, -1), (4,), (4, 4, 3)])
def test_blocks_of_no_size(block):
    with pytest.raises(InputError, match="a block is"):
        BlockGrid.even(8, 8, block)


@pytest.mark.parametrize("block", [2.5, "24x24", None, (2.0, 2)])
def test_blocks_are_whole(block):
    with pytest.raises(InputTypeError, match="block takes integers"):
        BlockGrid.even(8, 8, block)


@pytest.mark.parametrize(("block", "side"), [((9, 4), "height 9"), ((4, 9), "width 9")])
def test_a_block_larger_than_the_image(block, side):
    with pytest.raises(InputError, match=f"block {side} is larger than the image"):
        BlockGrid.even(8, 8, block)


def test_a_grid_for_another_size_is_refused():
    with pytest.raises(InputError, match="the grid is for images of 8 x 8, but the images are 8 x"):
        resolve_grid(BlockGrid.even(8, 8, 2), 8, 9)
