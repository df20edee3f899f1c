"""What a perfect puzzle solver reaches: forecast, counted cell by cell, and from drawn maps."""

from itertools import product

import numpy as np
import pytest

from blockmix import BlockMixer, InputError, Key
from blockmix.forecasting.reassembly import near_square, published_too, reassembled
from blockmix.privacy import forecast


def reached(is_published, start):
    """Count the cells that neighbours lead to, one by one."""
    placed, waiting = {start}, [start]
    while waiting:
        row, col = waiting.pop()
        for cell in ((row - 1, col), (row + 1, col), (row, col - 1), (row, col + 1)):
            if cell in is_published and cell not in placed:
                placed.add(cell)
                waiting.append(cell)
    return len(placed)


def exact(published, rows, cols):
    """The mean over all ways to publish the cells of a small grid."""
    middle = (rows // 2, cols // 2)
    others = [cell for cell in product(range(rows), range(cols)) if cell != middle]
    mean = 0.0
    for states in product((False, True), repeat=len(others)):
        chance = np.prod([published if state else 1 - published for state in states])
        cells = {cell for cell, state in zip(others, states, strict=True) if state}
        mean += chance * reached(cells, middle)
    return mean / (rows * cols)


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (1, 2), (2, 2), (1, 7), (4, 1), (3, 3)])
@pytest.mark.parametrize("published", [0.2, 0.6, 0.9])
def test_small_grids_against_all_ways_to_publish_them(rows, cols, published):
    assert reassembled(published, rows, cols) == pytest.approx(
        exact(published, rows, cols), abs=0.005
    )


def test_a_line_with_neighbours_that_are_not_recognised():
    # A cell is reached if it and all cells up to it are published and recognised.
    chance = 0.8 * 0.9
    ahead, behind = sum(chance**k for k in range(1, 4)), sum(chance**k for k in range(1, 5))
    assert reassembled(0.8, 1, 8, 0.9) == pytest.approx((1 + ahead + behind) / 8, abs=0.005)


def test_nothing_and_everything():
    assert reassembled(0.0, 8, 8) == reassembled(1.0, 8, 8, 0.0) == 1 / 64
    assert reassembled(1.0, 5, 7) == 1


WAYS = pytest.mark.parametrize(
    ("sources", "rounds", "probability"),
    [(10, 1, 0.5), (1, 1, 0.5), (10, 1, "balanced"), (10, 3, "balanced"), (2, 3, 0.5)],
)


def drawn_sources(size, block, sources, rounds, probability):
    mixer = BlockMixer(
        block=block, sources=sources, rounds=rounds, probability=probability, key=Key.from_seed(0)
    )
    return np.asarray(mixer.plan([0] * size, 96, 96).sources)


@WAYS
def test_another_block_is_published_too(sources, rounds, probability):
    size = 1000
    drawn = drawn_sources(size, 12, sources, rounds, probability).reshape(size, -1)
    is_published = np.zeros((drawn.shape[1], size), bool)
    is_published[np.arange(len(is_published))[:, None], drawn.T] = True
    count = is_published.sum(axis=0)
    pairs = (count * (count - 1)).mean()
    expected = forecast(size, sources=sources, rounds=rounds, probability=probability)
    measured = pairs / (count.mean() * (len(is_published) - 1))
    assert measured == pytest.approx(
        published_too(size, sources, expected.probability, rounds), abs=0.01
    )


@WAYS
@pytest.mark.parametrize("block", [(24, 24), (96, 12)])
def test_forecast_against_drawn_maps(sources, rounds, probability, block):
    size = 300
    drawn = drawn_sources(size, block, sources, rounds, probability)
    rows, cols = drawn.shape[1:]
    shares = []
    for image in range(size):
        target = drawn[image, rows // 2, cols // 2]
        cells = set(map(tuple, np.argwhere((drawn == target).any(axis=0)).tolist()))
        shares.append(reached(cells, (rows // 2, cols // 2)) / (rows * cols))
    expected = forecast(
        size, sources=sources, rounds=rounds, probability=probability, blocks=(rows, cols)
    )
    assert expected.blocks == rows * cols
    # Blocks of an original that is in many pools are published together, which is neglected.
    tolerance = 4 * np.std(shares) / np.sqrt(size) + 0.02
    assert np.mean(shares) == pytest.approx(expected.reassembled, abs=tolerance)


def test_a_number_of_blocks_stands_for_the_most_nearly_square_grid():
    assert near_square(12) == (3, 4)
    assert forecast(300, blocks=12) == forecast(300, blocks=(3, 4))
    assert forecast(300, blocks=(1, 12)).reassembled < forecast(300, blocks=12).reassembled


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ((8,), r"blocks is a number or \(rows, columns\), got \(8,\)"),
        ((0, 8), "blocks is from 1 to 1000000, got 0"),
        ((2000, 2000), "blocks is from 1 to 1000000, got 4000000"),
    ],
)
def test_bad_grids(blocks, message):
    with pytest.raises(InputError, match=message):
        forecast(300, blocks=blocks)
