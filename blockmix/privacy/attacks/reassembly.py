"""Reassembly: the blocks of a label as a puzzle, from the mixed set alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.privacy.attacks.seams import Joined, largest_piece, neighbours, roughness
from blockmix.privacy.measures.nearest import UNKNOWN, clear_cells
from blockmix.privacy.measures.statistics import mean_with_interval
from blockmix.privacy.sets.pair import Indices, Pair, Pixels
from blockmix.support.progress import Progress

_SCORES = ("direct", "neighbour", "largest")


def reassembly(
    pair: Pair, sources: Indices, chosen: Indices, seed: int, progress: Progress
) -> dict[str, Any]:
    """Grow an image from one block of each chosen mixed image, and look how much of it is right.

    The block in the middle is where it starts. Outwards from there, each place takes the published
    block of the label that fits best to the neighbours that are there already. What should come out
    is the original of the first block.

    Parameters
    ----------
    pair : Pair
        The sets, of which only the mixed one is looked at.
    sources : (N, rows, cols) int64
        The original that each block comes from, to judge by; only places at which nearly all are
        known are judged.
    chosen : (M,) int64
        The mixed images that give a first block.
    seed : int
        Of the blocks that chance picks.
    progress : callable
        Called as ``progress("reassembly", done, total)``.

    Returns
    -------
    dict
        Means over the images with 95 % intervals, as usual for puzzles: ``direct``, share of places
        with the right block; ``neighbour``, share of neighbouring places whose blocks come from
        one image; ``largest``, share of the places in the largest piece whose blocks come from one
        image and neighbour on each other. The first block counts as right. ``chance``: the same
        scores of random blocks of the label; ``as_published``: of the mixed image as it is;
        ``ceiling`` of ``direct``: every right block that is still published. All None if a grid
        of one block leaves nothing to put together, or nothing is known.
    """
    draw = np.random.default_rng(seed)
    order = _outwards(pair.grid.rows, pair.grid.cols)
    scores, ceilings = [], []
    for number, image in enumerate(chosen):
        members = np.flatnonzero(pair.mixed_labels == pair.mixed_labels[image])
        clear = clear_cells(sources[members])
        goal = sources[image][order[0]]
        if pair.grid.blocks > 1 and goal != UNKNOWN and clear.any():
            random = draw.choice(members, clear.shape)
            random[order[0]] = image
            made = _grow(pair, members, image, order), random, np.full_like(random, image)
            scores.append([_judge(sources, taken, goal, clear) for taken in made])
            ceilings.append((sources[members] == goal).any(axis=0)[clear].mean())
        progress("reassembly", number + 1, len(chosen))
    if not scores:
        return {"images": 0, **dict.fromkeys((*_SCORES, "chance", "as_published", "ceiling"))}
    solved, random, published = np.array(scores).swapaxes(0, 1)
    return {
        "images": len(scores),
        **{name: mean_with_interval(solved[:, at], 0, 1) for at, name in enumerate(_SCORES)},
        "chance": dict(zip(_SCORES, random.mean(axis=0).tolist(), strict=True)),
        "as_published": dict(zip(_SCORES, published.mean(axis=0).tolist(), strict=True)),
        "ceiling": float(np.mean(ceilings)),
    }


def _grow(pair: Pair, members: Indices, first: int, order: list[tuple[int, int]]) -> Indices:
    """The mixed image whose block is taken at each place."""
    taken = np.full((pair.grid.rows, pair.grid.cols), -1)
    taken[order[0]] = first
    for place in order[1:]:
        taken[place] = members[_costs(pair, taken, place, members).argmin()]
    return taken


def _judge(sources: Indices, taken: Indices, goal: int, clear: Joined) -> tuple[float, ...]:
    """Direct, neighbour, largest; at clear places, where what is not known is wrong."""
    rows, cols = np.indices(taken.shape)
    found = np.where(clear, sources[taken, rows, cols], UNKNOWN)
    (across, down), known = neighbours(found)
    across, down = across & known[0], down & known[1]
    beside = (clear[:, :-1] & clear[:, 1:]).sum() + (clear[:-1] & clear[1:]).sum()
    return (
        float((found == goal)[clear].mean()),
        float((across.sum() + down.sum()) / max(beside, 1)),
        float(largest_piece(across, down).sum() / clear.sum()),
    )


def _outwards(rows: int, cols: int) -> list[tuple[int, int]]:
    """All places, each beside one before it, from the middle on."""
    middle = (rows // 2, cols // 2)
    places = list(np.ndindex(rows, cols))
    return sorted(places, key=lambda place: abs(place[0] - middle[0]) + abs(place[1] - middle[1]))


def _costs(
    pair: Pair, taken: Indices, place: tuple[int, int], members: Indices
) -> npt.NDArray[np.float32]:
    """For each member: how rough the seams of its block at a place would be."""
    row, col = place
    total = np.zeros(len(members), np.float32)
    for step in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        other = row + step[0], col + step[1]
        inside = 0 <= other[0] < pair.grid.rows and 0 <= other[1] < pair.grid.cols
        if inside and taken[other] >= 0:
            mine = _edge(pair, members, place, step)
            its = _edge(pair, taken[other].reshape(1), other, (-step[0], -step[1]))
            total += roughness(mine[1], mine[0], its[0], its[1]).mean(axis=1)
    return total


def _edge(
    pair: Pair, images: Indices, place: tuple[int, int], side: tuple[int, int]
) -> tuple[Pixels, Pixels]:
    """The outermost line of a block on a side, and the one inside of it: (N, pixels, C) each."""
    lines, columns = pair.block(*place)
    if side[0]:
        first, last, step = lines.start, lines.stop - 1, side[0]
    else:
        first, last, step = columns.start, columns.stop - 1, side[1]
    outer = last if step > 0 else first
    inner = min(max(outer - step, first), last)  # the same again in blocks of one line
    if side[0]:
        return pair.mixed[images, outer, columns], pair.mixed[images, inner, columns]
    return pair.mixed[images, lines, outer], pair.mixed[images, lines, inner]
