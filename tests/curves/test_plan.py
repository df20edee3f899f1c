"""What is measured, and what is refused before anything is."""

import pytest

from blockmix import InputError
from blockmix.bench.curves import paper
from blockmix.bench.curves.plan import FULL, QUICK, block_of, chosen


@pytest.mark.parametrize("plan", [FULL, QUICK])
def test_blocks_cut_an_image_evenly(plan):
    for blocks in plan.blocks:
        height, width = block_of(blocks)
        assert (192 // height) * (192 // width) == blocks
        assert 192 % height == 192 % width == 0


def test_the_full_plan_covers_the_paper():
    assert set(paper.COUNTS) <= set(FULL.file_counts) & set(FULL.array_counts)
    assert set(paper.BLOCKS) <= set(FULL.blocks)
    assert (max(FULL.blocks), max(FULL.array_counts)) == (1024, 50_000)


def test_other_numbers_are_put_in_order():
    plan = chosen(FULL, (300, 100, 300), (64, 4), labels=2)
    assert plan.file_counts == plan.array_counts == (100, 300)
    assert plan.blocks == (4, 64)
    assert (plan.peer_images, plan.slow_images) == (300, 20)
    assert chosen(FULL, None, None, labels=2) == FULL


@pytest.mark.parametrize(
    ("counts", "blocks", "message"),
    [
        ((10,), None, "2 labels with 10 sources need 22 images, but a count is 10"),
        (None, (7,), "cannot be cut into 7 equal blocks"),
    ],
)
def test_what_cannot_be_measured(counts, blocks, message):
    with pytest.raises(InputError, match=message):
        chosen(FULL, counts, blocks, labels=2)
