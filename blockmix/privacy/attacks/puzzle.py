"""A puzzle: the published blocks of a label, and images grown from single blocks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import chain, repeat

import numpy as np
import numpy.typing as npt

from blockmix.privacy.attacks.distinct_blocks import distinct_blocks
from blockmix.privacy.attacks.seam_costs import (
    Neighbours,
    Side,
    likeliest_neighbours,
    side_of_blocks,
)
from blockmix.privacy.attacks.seam_evidence import (
    LEAST_EVIDENCE,
    Beside,
    Evidence,
    fitted_intercept,
    seam_evidence,
)
from blockmix.privacy.sets.pair import Indices, Pair

_LINES, _COLUMNS = 1, 2  # axes of blocks, (K, height, width, C)
EMPTY = -1  # a cell without a block
_FITTED_BLOCKS = 100  # blocks of a seam by which evidence is fitted to costs
_SURE = 6.0  # evidence from which two blocks surely are neighbours
_NEEDED = 2.0  # log odds from which a block is placed: it is right with a chance of 88 %
_CLEAR = 4.0  # log odds from which several blocks are placed in one step


class Puzzle:
    """The published blocks of some mixed images of one label.

    Blocks stay in their cell, and blocks of one original often stay together in a mixed image. The
    puzzle uses both, and the seams.

    Parameters
    ----------
    pair : Pair
        The sets; only the mixed one is looked at.
    members : (N,) int64
        The mixed images of the puzzle.

    Attributes
    ----------
    numbers : (cells, N) int64
        The number of the distinct block that each member shows in each cell. Cells are counted row
        by row.
    """

    def __init__(self, pair: Pair, members: Indices) -> None:
        grid, size = pair.grid, len(members)

        def distinct(cell: int) -> tuple[Indices, Indices]:
            return distinct_blocks(pair.mixed[members, *pair.block(*divmod(cell, grid.cols))])

        with ThreadPoolExecutor() as pool:
            firsts, numbers = zip(*pool.map(distinct, range(grid.blocks)), strict=True)
            first_copies = [members[first] for first in firsts]
            neighbours = _all_neighbours(pair, first_copies, pool)
        self.numbers = np.stack(numbers)
        self._counts = np.array([len(first) for first in first_copies])
        published = np.clip(self._counts / size, 1 / (size + 1), size / (size + 1))
        self._beside = _weigh(neighbours, self._counts, published.mean())
        self._spread = self._measure_spread()
        # The log odds that a cell's own block is missing, against any one of those published.
        self._missing = np.log((1 - published) / published * self._counts)

    def grow(self, member: int, cell: int) -> Indices:
        """Grow an image from the block that a member shows in a cell.

        In each step, the cell whose best block is the surest takes it. This ends when no block is
        right with a chance of 88 %.

        Parameters
        ----------
        member : int
            Index of the mixed image among the members.
        cell : int
            Number of the cell.

        Returns
        -------
        (cells,) int64
            The distinct block of each cell, or `EMPTY`.
        """
        placed = np.full(len(self.numbers), EMPTY)
        evidence = np.zeros((len(placed), self._counts.max()), np.float32)
        evidence[np.arange(evidence.shape[1]) >= self._counts[:, None]] = -np.inf
        is_reached = np.zeros(len(placed), bool)  # has a neighbour with a block
        shown = np.zeros(self.numbers.shape[1])  # how many of the placed blocks each member shows
        chosen_cells, blocks = np.array([cell]), self.numbers[cell, [member]]
        while len(chosen_cells):
            placed[chosen_cells] = blocks
            shown += (self.numbers[chosen_cells] == blocks[:, None]).sum(axis=0)
            for near, block in zip(chosen_cells, blocks, strict=True):
                for neighbour, beside in self._beside[near].items():
                    evidence[neighbour] += LEAST_EVIDENCE
                    excess = beside.evidence[block] - LEAST_EVIDENCE
                    evidence[neighbour, beside.blocks[block]] += excess
                    is_reached[neighbour] = True
            is_empty = placed == EMPTY
            for cells in (np.flatnonzero(is_empty & part) for part in (is_reached, ~is_reached)):
                best, log_odds = self._best_blocks(
                    cells, evidence[cells], shown, int((~is_empty).sum())
                )
                is_chosen = log_odds >= min(max(log_odds.max(initial=0), _NEEDED), _CLEAR)
                chosen_cells, blocks = cells[is_chosen], best[is_chosen]
                if len(chosen_cells):
                    break
        return placed

    def nearest(self, cell: int) -> Iterator[tuple[int, Indices]]:
        """Yield each adjacent cell, and the likeliest neighbour there of each distinct block."""
        for neighbour, beside in self._beside[cell].items():
            yield neighbour, beside.likeliest()[0]

    def _best_blocks(
        self,
        cells: Indices,
        evidence: Evidence,
        shown: npt.NDArray[np.float64],
        placed: int,
    ) -> tuple[Indices, npt.NDArray[np.float64]]:
        """Return the likeliest block of each cell, and its log odds against all others and none."""
        showing = np.flatnonzero(shown)
        # How much likelier a member shows another block of this original than of any original.
        ratio = (len(shown) * shown[showing] + self._spread) / (placed + self._spread)
        bonus = np.zeros_like(evidence)
        rows = np.arange(len(cells))
        np.maximum.at(bonus, (rows[:, None], self.numbers[cells][:, showing]), np.log(ratio))
        total = evidence + bonus
        best = total.argmax(axis=1)
        highest = total[rows, best]
        total[rows, best] = -np.inf
        with np.errstate(divide="ignore"):
            others = np.log(np.exp(total - highest[:, None]).sum(axis=1)) + highest
        return best, highest - np.logaddexp(others, self._missing[cells])

    def _measure_spread(self) -> float:
        """Return how widely the blocks of an original are spread over mixed images.

        It is the concentration of a Polya urn that gives two blocks of one original to one mixed
        image as often as blocks that surely are neighbours lie in one.
        """
        together, total = 0, 0
        for cell, all_beside in enumerate(self._beside):
            for neighbour, after in all_beside.items():
                nearest, evidence = after.likeliest()
                nearest_back, _ = self._beside[neighbour][cell].likeliest()
                is_mutual = nearest_back[nearest] == np.arange(len(nearest))
                is_sure = is_mutual & (evidence >= _SURE)
                numbers = self.numbers[cell]
                sure = is_sure[numbers]
                together += int((self.numbers[neighbour] == nearest[numbers])[sure].sum())
                total += int(sure.sum())
        size = self.numbers.shape[1]
        share = max(together / total if total else 0.0, 1 / size)
        return float(1 / share - 1)


def _all_neighbours(
    pair: Pair, first_copies: list[Indices], pool: Executor
) -> list[dict[int, Neighbours]]:
    """Return for each cell the likeliest neighbours in each adjacent cell, by its number."""

    def side(cell: int, axis: int, at_end: bool) -> Side:
        lines, columns = pair.block(*divmod(cell, pair.grid.cols))
        return side_of_blocks(pair.mixed[first_copies[cell], lines, columns], axis, at_end)

    def both_ways(seam: tuple[int, int, int]) -> tuple[Neighbours, Neighbours]:
        cell, next_cell, axis = seam
        return likeliest_neighbours(side(cell, axis, True), side(next_cell, axis, False))

    cells = np.arange(pair.grid.blocks).reshape(pair.grid.rows, pair.grid.cols)
    across = zip(cells[:, :-1].flat, cells[:, 1:].flat, repeat(_COLUMNS))
    down = zip(cells[:-1].flat, cells[1:].flat, repeat(_LINES))
    seams = [(int(cell), int(next_cell), axis) for cell, next_cell, axis in chain(across, down)]
    neighbours: list[dict[int, Neighbours]] = [{} for _ in first_copies]
    for (cell, next_cell, _), (after, before) in zip(
        seams, pool.map(both_ways, seams), strict=True
    ):
        neighbours[cell][next_cell], neighbours[next_cell][cell] = after, before
    return neighbours


def _weigh(
    neighbours: list[dict[int, Neighbours]], counts: Indices, published: float
) -> list[dict[int, Beside]]:
    """Return neighbours with evidence instead of costs."""
    costs = [sides.costs for of_cell in neighbours for sides in of_cell.values()]
    intercept = fitted_intercept([part[:_FITTED_BLOCKS] for part in costs], published)
    return [
        {
            cell: Beside(sides.blocks, seam_evidence(sides.costs, counts[cell], intercept))
            for cell, sides in of_cell.items()
        }
        for of_cell in neighbours
    ]
