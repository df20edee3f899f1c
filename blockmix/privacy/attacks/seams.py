"""Seams: from the mixed set alone, do two neighbouring blocks come from one image?"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.privacy.pair import Pair, Pixels, Positions
from blockmix.privacy.statistics import area_under_curve, mean_with_interval

Scores = npt.NDArray[np.float32]


def seams(
    pair: Pair, sources: Positions, match: Positions | None, chosen: Positions
) -> dict[str, Any]:
    """How well the edge between two blocks tells whether they belong together.

    A seam is judged by how far the lines on both sides of an edge differ from what the lines next
    to them let expect. Blocks whose seams are smoother than the median are joined; the largest
    piece of an image is taken for what is its own.

    Returns
    -------
    dict
        ``auc``: the chance that a true neighbour looks smoother than a false one (None if there are
        only such or only such), at chance 0.5. ``own_recovered``: the share of an image's own
        blocks that lie in the largest piece, and ``own_in_piece``: the share of the piece that is
        its own (None without a match), beside ``own_share``, what a guess would reach.
    """
    across, down = both_seams(pair, pair.mixed[chosen])
    truth = sources[chosen]
    together = np.concatenate(
        [
            (truth[:, :, :-1] == truth[:, :, 1:]).reshape(-1),
            (truth[:, :-1] == truth[:, 1:]).reshape(-1),
        ]
    )
    scores = -np.concatenate([across.reshape(-1), down.reshape(-1)])
    result: dict[str, Any] = {
        "images": len(chosen),
        "seams": len(scores),
        "together": float(together.mean()) if len(together) else None,
        "auc": area_under_curve(scores, together) if len(together) else None,
        "chance": 0.5,
    }
    if match is None or not len(scores):
        return result | {"own_recovered": None, "own_in_piece": None, "own_share": None}
    limit = float(np.median(-scores))
    own = truth == match[chosen][:, None, None]
    recovered, pure = [], []
    for number in range(len(chosen)):
        piece = largest_piece(across[number] <= limit, down[number] <= limit)
        hits = int((piece & own[number]).sum())
        if own[number].any():
            recovered.append(hits / int(own[number].sum()))
        pure.append(hits / int(piece.sum()))
    return result | {
        "own_recovered": mean_with_interval(np.array(recovered)) if recovered else None,
        "own_in_piece": mean_with_interval(np.array(pure)),
        "own_share": float(own.mean()),
    }


def both_seams(pair: Pair, images: Pixels) -> tuple[Scores, Scores]:
    """Roughness of every edge between blocks: (N, rows, cols - 1) and (N, rows - 1, cols).

    The mean over an edge of |b - a - (step before + step after) / 2|, where a and b are the pixels
    on both sides of it and the steps are those of the lines next to them.
    """
    grid = pair.grid
    across = np.zeros((len(images), grid.rows, grid.cols - 1), np.float32)
    down = np.zeros((len(images), grid.rows - 1, grid.cols), np.float32)
    for col, edge in enumerate(grid.col_edges[1:-1]):
        rough = roughness(*(images[:, :, at] for at in _beside(edge, grid.width)))
        across[:, :, col] = np.add.reduceat(rough, grid.row_edges[:-1], axis=1) / np.diff(
            grid.row_edges
        )
    for row, edge in enumerate(grid.row_edges[1:-1]):
        rough = roughness(*(images[:, at] for at in _beside(edge, grid.height)))
        down[:, row] = np.add.reduceat(rough, grid.col_edges[:-1], axis=1) / np.diff(grid.col_edges)
    return across, down


def roughness(before: Pixels, last: Pixels, first: Pixels, after: Pixels) -> Scores:
    """Of the pixels along an edge: two lines on either side, mean over channels."""
    outer, inner, beyond, outside = (
        line.astype(np.float32) for line in (before, last, first, after)
    )
    expected = ((inner - outer) + (outside - beyond)) / 2
    rough: Scores = np.abs(beyond - inner - expected).mean(axis=-1)
    return rough


def largest_piece(
    across: npt.NDArray[np.bool_], down: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """The most blocks that hang together: (rows, cols), from what is joined."""
    rows, cols = across.shape[0], down.shape[1]
    piece = np.arange(rows * cols).reshape(rows, cols)
    for _ in range(rows * cols):
        before = piece.copy()
        for joined, one, other in (
            (across, piece[:, :-1], piece[:, 1:]),
            (down, piece[:-1], piece[1:]),
        ):
            least = np.minimum(one, other)
            one[joined], other[joined] = least[joined], least[joined]
        if np.array_equal(piece, before):
            break
    return np.asarray(piece == np.bincount(piece.reshape(-1)).argmax())


def _beside(edge: int, end: int) -> tuple[int, int, int, int]:
    """Two places before an edge and two from it on; at the border of an image the same twice."""
    return max(edge - 2, 0), edge - 1, edge, min(edge + 1, end - 1)
