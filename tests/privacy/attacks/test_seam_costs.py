"""Right neighbours have the lowest costs, and the evidence is fitted to costs alone."""

import numpy as np
import pytest
from privacy_builders import smooth_faces

from blockmix.privacy.attacks.seam_costs import likeliest_neighbours, side_of_blocks
from blockmix.privacy.attacks.seam_evidence import fitted_intercept, seam_evidence


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_right_neighbours_have_the_lowest_cost(axis, channels):
    faces = smooth_faces()[::2, ..., :channels]
    halves = np.split(faces, 2, axis=axis)
    sides = side_of_blocks(halves[0], axis, at_end=True), side_of_blocks(halves[1], axis, False)
    for neighbours in likeliest_neighbours(*sides):
        assert neighbours.blocks.shape == neighbours.costs.shape == (20, 16)
        best = neighbours.costs.argmin(axis=1)
        assert (neighbours.blocks[np.arange(20), best] == np.arange(20)).mean() >= 0.9


def test_sides():
    blocks = np.arange(12, dtype=np.uint8).reshape(1, 3, 4, 1)
    last_column = side_of_blocks(blocks, 2, at_end=True)
    assert last_column.edge.tolist() == [[3, 7, 11]]
    assert last_column.expected.tolist() == [[3.5, 7.5, 11.5]]
    assert side_of_blocks(blocks, 1, at_end=False).expected.tolist() == [[-2, -1, 0, 1]]
    line = side_of_blocks(blocks[:, :1], 1, at_end=True)
    assert line.edge.tolist() == line.expected.tolist()


def test_one_block_on_each_side():
    side = side_of_blocks(np.zeros((1, 4, 4, 3), np.uint8), 1, at_end=True)
    for neighbours in likeliest_neighbours(side, side):
        assert neighbours.blocks.tolist() == [[0]]
        assert neighbours.costs.tolist() == [[0]]


def test_the_fitted_evidence_finds_as_many_neighbours_as_are_published():
    rng = np.random.default_rng(0)
    costs = rng.normal(1.1, 0.05, (2000, 16)).astype(np.float32)
    costs[:1400, 3] = rng.normal(0.5, 0.1, 1400)
    intercept = fitted_intercept([costs[:700], costs[700:]], 0.7)
    odds = np.exp(seam_evidence(costs, 1000, intercept)).sum(axis=1) / 1000
    found = odds / (odds + 0.3 / 0.7)
    assert found.mean() == pytest.approx(0.7, abs=0.02)
    assert found[:1400].mean() > 0.95
    assert found[1400:].mean() < 0.1


def test_neighbours_keep_no_more_memory_than_they_need():
    """A puzzle holds those of all seams, each found among thousands of columns."""
    side = side_of_blocks(np.zeros((200, 4, 4, 1), np.uint8), 1, at_end=True)
    for neighbours in likeliest_neighbours(side, side):
        for array in neighbours:
            owner = array if array.base is None else array.base
            assert owner.nbytes == array.nbytes
