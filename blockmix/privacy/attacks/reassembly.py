"""Reassembly: the blocks of a label as a puzzle, from the mixed set alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.privacy.attacks.seams import Flags, largest_piece, neighbours, roughness
from blockmix.privacy.measures.nearest import UNKNOWN, clear_cells
from blockmix.privacy.measures.statistics import mean_with_interval
from blockmix.privacy.sets.pair import Indices, Pair, Pixels
from blockmix.support.progress import Progress

Cell = tuple[int, int]  # row and column of the grid
_SCORES = ("direct", "neighbour", "largest")


def reassembly(
    pair: Pair, sources: Indices, chosen: Indices, seed: int, progress: Progress
) -> dict[str, Any]:
    """Grow an image from the middle block of each chosen mixed image, and score the result.

    From the middle outwards, each cell takes the published block of the label that best fits the
    neighbours placed before it. The aim is the original that the middle block comes from.

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
        Seed of the random blocks for the chance level.
    progress : callable
        Called as ``progress("reassembly", done, total)``.

    Returns
    -------
    dict
        Means over the images with 95 % intervals, as usual for puzzles: ``direct``, the share of
        cells with the right block; ``neighbour``, the share of neighbouring cells whose blocks come
        from one image; ``largest``, the share of cells in the largest connected piece whose blocks
        come from one image. The middle block counts as right. ``chance``: the same scores of random
        blocks of the label; ``as_published``: those of the mixed image as it is; ``ceiling``: the
        largest possible ``direct``, with every right block that is still published. All are None if
        the grid has one block only, or no source is known.
    """
    rng = np.random.default_rng(seed)
    order = _outwards(pair.grid.rows, pair.grid.cols)
    middle = order[0]
    scores, ceilings = [], []
    for index, image in enumerate(chosen):
        members = np.flatnonzero(pair.mixed_labels == pair.mixed_labels[image])
        clear = clear_cells(sources[members])
        target = sources[image][middle]
        if pair.grid.blocks > 1 and target != UNKNOWN and clear.any():
            at_random = rng.choice(members, clear.shape)
            at_random[middle] = image
            grown = _grow(pair, members, image, order)
            as_published = np.full_like(at_random, image)
            scores.append(
                [
                    _score(sources, images, target, clear)
                    for images in (grown, at_random, as_published)
                ]
            )
            ceilings.append((sources[members] == target).any(axis=0)[clear].mean())
        progress("reassembly", index + 1, len(chosen))
    if not scores:
        return {"images": 0, **dict.fromkeys((*_SCORES, "chance", "as_published", "ceiling"))}
    grown_scores, random_scores, published_scores = np.array(scores).swapaxes(0, 1)
    return {
        "images": len(scores),
        **{
            name: mean_with_interval(column, 0, 1)
            for name, column in zip(_SCORES, grown_scores.T, strict=True)
        },
        "chance": dict(zip(_SCORES, random_scores.mean(axis=0).tolist(), strict=True)),
        "as_published": dict(zip(_SCORES, published_scores.mean(axis=0).tolist(), strict=True)),
        "ceiling": float(np.mean(ceilings)),
    }


def _grow(pair: Pair, members: Indices, first: int, order: list[Cell]) -> Indices:
    """Return for each cell the mixed image whose block it takes: (rows, cols)."""
    images = np.full((pair.grid.rows, pair.grid.cols), -1)
    images[order[0]] = first
    for cell in order[1:]:
        images[cell] = members[_costs(pair, images, cell, members).argmin()]
    return images


def _score(sources: Indices, images: Indices, target: int, clear: Flags) -> tuple[float, ...]:
    """Return `_SCORES` of the clear cells, where unknown blocks count as wrong."""
    rows, cols = np.indices(images.shape)
    placed = np.where(clear, sources[images, rows, cols], UNKNOWN)
    (across, down), (known_across, known_down) = neighbours(placed)
    across, down = across & known_across, down & known_down
    clear_pairs = (clear[:, :-1] & clear[:, 1:]).sum() + (clear[:-1] & clear[1:]).sum()
    return (
        float((placed == target)[clear].mean()),
        float((across.sum() + down.sum()) / max(clear_pairs, 1)),
        float(largest_piece(across, down).sum() / clear.sum()),
    )


def _outwards(rows: int, cols: int) -> list[Cell]:
    """Return all cells from the middle outwards, each next to one before it."""
    middle = (rows // 2, cols // 2)
    cells: list[Cell] = list(np.ndindex(rows, cols))
    return sorted(cells, key=lambda cell: abs(cell[0] - middle[0]) + abs(cell[1] - middle[1]))


def _costs(pair: Pair, images: Indices, cell: Cell, members: Indices) -> npt.NDArray[np.float32]:
    """Return for each member how rough the seams would be if the cell took its block."""
    row, col = cell
    total = np.zeros(len(members), np.float32)
    for side in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        neighbour = row + side[0], col + side[1]
        is_inside = 0 <= neighbour[0] < pair.grid.rows and 0 <= neighbour[1] < pair.grid.cols
        if is_inside and images[neighbour] >= 0:
            border, inside = _edge(pair, members, cell, side)
            opposite = (-side[0], -side[1])
            placed = images[neighbour].reshape(1)
            next_border, next_inside = _edge(pair, placed, neighbour, opposite)
            total += roughness(inside, border, next_border, next_inside).mean(axis=1)
    return total


def _edge(pair: Pair, images: Indices, cell: Cell, side: tuple[int, int]) -> tuple[Pixels, Pixels]:
    """Return the outermost line of a block on a side, and the line inside it: (N, pixels, C)."""
    lines, columns = pair.block(*cell)
    if side[0]:
        first, last, step = lines.start, lines.stop - 1, side[0]
    else:
        first, last, step = columns.start, columns.stop - 1, side[1]
    border = last if step > 0 else first
    inside = min(max(border - step, first), last)  # the same line in a block of one line
    if side[0]:
        return pair.mixed[images, border, columns], pair.mixed[images, inside, columns]
    return pair.mixed[images, lines, border], pair.mixed[images, lines, inside]
