"""The points of a plan, and numbers that are refused."""

import pytest

from blockmix import InputError
from blockmix.bench.common import paper
from blockmix.bench.curves.plan import (
    FULL,
    QUICK,
    check_counts,
    largest_in_paper,
    with_numbers,
)


def test_the_full_plan_covers_the_paper():
    assert set(paper.COUNTS) <= set(FULL.file_counts) & set(FULL.array_counts)
    assert set(paper.BLOCKS) <= set(FULL.blocks)
    assert (max(FULL.blocks), max(FULL.array_counts)) == (1024, 50_000)


def test_given_numbers_are_sorted():
    plan = with_numbers(FULL, (300, 100, 300), (64, 4))
    assert plan.file_counts == plan.array_counts == (100, 300)
    assert plan.blocks == (4, 64)
    assert plan.peer_images() == 300
    assert with_numbers(FULL, None, None) == FULL


def test_peers_have_a_number_of_images_at_which_blockmix_is_measured():
    assert FULL.peer_images() == 5000
    assert QUICK.peer_images() == 4000
    assert largest_in_paper((1000, 3000, 7000)) == 3000
    assert largest_in_paper((7000, 6000)) == 6000


@pytest.mark.parametrize("plan", [FULL, QUICK])
def test_the_papers_algorithm_has_equal_work_for_all_numbers_of_blocks(plan):
    opened = [
        step.timed_images * (step.blocks / 2 + 1)
        for step in plan.file_steps()
        if step.row == "algorithm 1" and step.timed_images < step.images
    ]
    assert max(opened) / min(opened) < 1.5


@pytest.mark.parametrize("blocks", [7, 5, 8192])
def test_impossible_numbers_of_blocks(blocks):
    with pytest.raises(InputError, match="cannot be cut into"):
        with_numbers(FULL, None, (blocks,))


def test_too_few_images():
    check_counts((22, 30), 2)
    with pytest.raises(InputError, match="2 labels with 10 sources need 22 images"):
        check_counts((21, 30), 2)
