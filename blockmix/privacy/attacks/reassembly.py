"""Reassembly: the blocks of a label as a puzzle, from the mixed set alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from blockmix.forecasting.reassembly import reassembled
from blockmix.privacy.attacks.puzzle import EMPTY, Puzzle
from blockmix.privacy.measures.nearest import UNKNOWN, clear_cells
from blockmix.privacy.measures.statistics import mean_with_interval
from blockmix.privacy.sets.pair import Indices, Pair
from blockmix.support.progress import Progress

_MAX_MEMBERS = 2000  # mixed images of a label in one puzzle: time and memory grow with the square
_ESTIMATES = ("right", "wrong", "unfilled", "of_ceiling")  # have intervals


class _Scores(NamedTuple):
    """Shares of the clear cells for one image; ``of_ceiling`` is a share of the ceiling."""

    right: float
    wrong: float
    unfilled: float
    of_ceiling: float
    ceiling: float
    chance: float
    as_published: float


class _LabelResult(NamedTuple):
    """What became of the images of one label, and how many neighbours were recognised in it."""

    scores: list[_Scores]
    right_neighbours: int
    published_neighbours: int


def reassembly(
    pair: Pair, sources: Indices, chosen: Indices, seed: int, progress: Progress
) -> dict[str, Any]:
    """Grow an image from the middle block of each chosen mixed image, and score the result.

    The aim is the original that the middle block comes from, see `Puzzle.grow`. A cell stays empty
    where no published block clearly fits.

    Parameters
    ----------
    pair : Pair
        The sets. The attack looks at the mixed one only.
    sources : (N, rows, cols) int64
        The original that each block comes from, to judge by. Only clear cells are judged, see
        `clear_cells`.
    chosen : (M,) int64
        The mixed images that give a middle block.
    seed : int
        Seed of the random blocks for the chance level, and of the members of large puzzles.
    progress : callable
        Called as ``progress("reassembly", done, total)``.

    Returns
    -------
    dict
        ``images``: how many images were grown. Mean shares of cells, with 95 % intervals over these
        images: ``right``, ``wrong`` and ``unfilled``. A block is right if it, or a copy of it,
        comes from the original; the middle block counts as right. ``ceiling``: the largest possible
        ``right``, with every block that is still published; ``of_ceiling``, with an interval: the
        share of these that was put right. ``chance``: the share right of random blocks of the
        label; ``as_published``: that of the mixed image as it is. ``right_neighbours``: of the
        blocks whose right neighbour is published, the share whose likeliest neighbour it is;
        ``expected``: the right share that follows from it and from the ceiling. All are None if the
        grid has one block only, or no source is known; the last two also if no right neighbour is
        published.

        Of labels with more than 2,000 mixed images, the attack sees a random 2,000; the ceiling
        counts all.
    """
    rng = np.random.default_rng(seed)
    labels = pair.mixed_labels[chosen]
    results, done = [], 0
    for label in np.unique(labels):
        images = chosen[labels == label]
        of_label = np.flatnonzero(pair.mixed_labels == label)
        results.append(_solve_label(pair, sources, of_label, images, rng))
        done += len(images)
        progress("reassembly", done, len(chosen))
    scores = [score for result in results for score in result.scores]
    if not scores:
        names = (*_Scores._fields, "right_neighbours", "expected")
        return {"images": 0, **dict.fromkeys(names)}
    columns = dict(zip(_Scores._fields, np.array(scores).T, strict=True))
    recognised = expected = None
    published_neighbours = sum(result.published_neighbours for result in results)
    if published_neighbours:
        recognised = sum(result.right_neighbours for result in results) / published_neighbours
        # The middle block is always published.
        blocks = pair.grid.blocks
        published = max(0.0, (float(columns["ceiling"].mean()) * blocks - 1) / (blocks - 1))
        expected = reassembled(published, pair.grid.rows, pair.grid.cols, recognised)
    return {
        "images": len(scores),
        **{
            name: mean_with_interval(column, 0, 1) if name in _ESTIMATES else float(column.mean())
            for name, column in columns.items()
        },
        "right_neighbours": recognised,
        "expected": expected,
    }


def _solve_label(
    pair: Pair, sources: Indices, of_label: Indices, images: Indices, rng: np.random.Generator
) -> _LabelResult:
    """Grow an image from the middle block of some mixed images of one label."""
    clear = clear_cells(sources[of_label]).reshape(-1)
    middle = pair.grid.rows // 2 * pair.grid.cols + pair.grid.cols // 2
    sources_of_label = sources[of_label].reshape(len(of_label), -1).T  # (cells, N)
    images = images[sources[images].reshape(len(images), -1)[:, middle] != UNKNOWN]
    if pair.grid.blocks == 1 or not clear.any() or not len(images):
        return _LabelResult([], 0, 0)
    members = np.searchsorted(of_label, images)
    if len(of_label) > _MAX_MEMBERS:
        others = np.setdiff1d(np.arange(len(of_label)), members)
        drawn = rng.permutation(others)[: _MAX_MEMBERS - len(members)]
        seen = np.sort(np.concatenate([members, drawn]))
    else:
        seen = np.arange(len(of_label))
    puzzle = Puzzle(pair, of_label[seen])
    scores = []
    for member in members:
        target = sources_of_label[middle, member]
        shows_target = (sources_of_label == target)[clear]
        grown = puzzle.grow(int(np.searchsorted(seen, member)), middle)
        shows_grown = (puzzle.numbers == grown[:, None])[clear]
        is_filled = grown[clear] != EMPTY
        is_right = (shows_grown & shows_target[:, seen]).any(axis=1)
        is_published = shows_target.any(axis=1)
        at_random = rng.integers(len(of_label), size=len(shows_target))
        at_random[np.flatnonzero(clear) == middle] = member
        scores.append(
            _Scores(
                right=is_right.mean(),
                wrong=(is_filled & ~is_right).mean(),
                unfilled=(~is_filled).mean(),
                of_ceiling=is_right.sum() / max(is_published.sum(), 1),
                ceiling=is_published.mean(),
                chance=shows_target[np.arange(len(at_random)), at_random].mean(),
                as_published=shows_target[:, member].mean(),
            )
        )
    return _LabelResult(scores, *_count_neighbours(puzzle, sources_of_label[:, seen]))


def _count_neighbours(puzzle: Puzzle, sources: Indices) -> tuple[int, int]:
    """Return how many blocks have their right neighbour for the likeliest, and how many have one.

    ``sources`` are those of the blocks of each member: (cells, N). Several neighbours of a block
    are counted one by one.
    """
    source_of_block = [
        sources[cell, np.unique(numbers, return_index=True)[1]]
        for cell, numbers in enumerate(puzzle.numbers)
    ]
    right = published = 0
    for cell, wanted in enumerate(source_of_block):
        for neighbour, likeliest in puzzle.nearest(cell):
            known = source_of_block[neighbour]
            is_published = (wanted != UNKNOWN) & np.isin(wanted, known)
            right += int((known[likeliest] == wanted)[is_published].sum())
            published += int(is_published.sum())
    return right, published
