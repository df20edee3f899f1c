"""The block size for a number of equal blocks."""

import pytest

from blockmix import InputError
from blockmix.bench.common.blocks import block_size
from blockmix.bench.curves.plan import FULL, QUICK


@pytest.mark.parametrize("plan", [FULL, QUICK])
def test_blocks_cut_an_image_evenly(plan):
    for blocks in plan.blocks:
        height, width = block_size(blocks)
        assert (192 // height) * (192 // width) == blocks
        assert 192 % height == 192 % width == 0


def test_blocks_are_as_square_as_possible():
    assert block_size(64) == (24, 24)
    assert block_size(128) == (24, 12)


@pytest.mark.parametrize("blocks", [5, 7, 8192])
def test_impossible_numbers_of_blocks(blocks):
    with pytest.raises(InputError, match=f"cannot be cut into {blocks} equal blocks"):
        block_size(blocks)
