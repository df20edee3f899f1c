"""Seams: from the mixed set alone, do two neighbouring blocks come from one image?"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.privacy.measures.nearest import UNKNOWN
from blockmix.privacy.measures.statistics import area_under_curve, mean_with_interval
from blockmix.privacy.sets.pair import Indices, Pair, Pixels

Scores = npt.NDArray[np.float32]
Joined = npt.NDArray[np.bool_]


def seams(
    pair: Pair, sources: Indices, match: Indices | None, chosen: Indices, expected: float
) -> dict[str, Any]:
    """How well the edge between two blocks tells whether they belong together.

    A seam is judged by how far the lines on both sides of an edge differ from what the lines next
    to them let expect. As many of the smoothest seams as are expected to be true are joined; the
    largest piece of an image is taken for what is its own.

    Parameters
    ----------
    pair : Pair
        The sets, of which only the mixed one is looked at.
    sources : (N, rows, cols) int64
        The original that each block comes from, to judge by; blocks of which it is `UNKNOWN` are
        left out.
    match : (N,) int64, optional
        The original of each mixed image, to judge by.
    chosen : (M,) int64
        The mixed images to look at.
    expected : float
        Share of neighbours that come from one image, which the parameters tell.

    Returns
    -------
    dict
        ``auc``: the chance that a true neighbour looks smoother than a false one (None if there are
        only such or only such), at ``chance`` 0.5. ``own_recovered``: the share of an image's own
        blocks that lie in the largest piece; ``piece``, the share of the image that this piece is,
        is what a random one would recover. ``own_in_piece``: the share of the piece that is the
        image's own, beside ``own_share``, what a random piece has (None without a match).
    """
    rough, truth = both_seams(pair, pair.mixed[chosen]), sources[chosen]
    together, known = neighbours(truth)
    count = len(chosen)
    scores = -np.concatenate([part.reshape(count, -1) for part in rough], axis=1)
    told = np.concatenate([part.reshape(count, -1) for part in known], axis=1)
    true = np.concatenate([part.reshape(count, -1) for part in together], axis=1)
    result: dict[str, Any] = {
        "images": count,
        "seams": int(told.sum()),
        "together": float(true[told].mean()) if told.any() else None,
        "auc": area_under_curve(scores, true, told),
        "chance": 0.5,
        "own_recovered": None,
        "piece": None,
        "own_in_piece": None,
        "own_share": None,
    }
    if match is None or not scores.size:
        return result
    limit = float(np.quantile(-scores, expected))
    own = truth == match[chosen][:, None, None]
    pieces = np.stack(
        [largest_piece(*(part[number] <= limit for part in rough)) for number in range(count)]
    )
    hits = (pieces & own).sum(axis=(1, 2))
    judged = (pieces & (truth != UNKNOWN)).sum(axis=(1, 2))
    some = own.any(axis=(1, 2)) & (judged > 0)
    if some.any():
        result["own_recovered"] = mean_with_interval(hits[some] / own.sum(axis=(1, 2))[some], 0, 1)
        result["own_in_piece"] = mean_with_interval(hits[some] / judged[some], 0, 1)
        result["piece"] = float(judged.sum() / (truth != UNKNOWN).sum())
        result["own_share"] = float(own[truth != UNKNOWN].mean())
    return result


def neighbours(sources: Indices) -> tuple[tuple[Joined, Joined], tuple[Joined, Joined]]:
    """Whether neighbours come from one image, and whether that is known; across and down."""
    pairs = (
        (sources[..., :, :-1], sources[..., :, 1:]),
        (sources[..., :-1, :], sources[..., 1:, :]),
    )
    same = tuple(one == other for one, other in pairs)
    known = tuple((one != UNKNOWN) & (other != UNKNOWN) for one, other in pairs)
    return (same[0], same[1]), (known[0], known[1])


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
        across[:, :, col] = np.add.reduceat(rough, grid.row_edges[:-1], axis=1)
        across[:, :, col] /= np.diff(grid.row_edges)
    for row, edge in enumerate(grid.row_edges[1:-1]):
        rough = roughness(*(images[:, at] for at in _beside(edge, grid.height)))
        down[:, row] = np.add.reduceat(rough, grid.col_edges[:-1], axis=1)
        down[:, row] /= np.diff(grid.col_edges)
    return across, down


def roughness(before: Pixels, last: Pixels, first: Pixels, after: Pixels) -> Scores:
    """Of the pixels along an edge: two lines on either side, mean over channels."""
    outer, inner, beyond, outside = (
        line.astype(np.float32) for line in (before, last, first, after)
    )
    expected = ((inner - outer) + (outside - beyond)) / 2
    rough: Scores = np.abs(beyond - inner - expected).mean(axis=-1)
    return rough


def largest_piece(across: Joined, down: Joined) -> Joined:
    """The most blocks that hang together: (rows, cols), from what is joined."""
    rows, cols = across.shape[0], down.shape[1]
    piece = np.arange(rows * cols).reshape(rows, cols)
    before = np.full_like(piece, -1)
    while not np.array_equal(piece, before):
        before = piece.copy()
        for joined, one, other in (
            (across, piece[:, :-1], piece[:, 1:]),
            (down, piece[:-1], piece[1:]),
        ):
            least = np.minimum(one, other)
            one[joined], other[joined] = least[joined], least[joined]
    return np.asarray(piece == np.bincount(piece.reshape(-1)).argmax())


def _beside(edge: int, end: int) -> tuple[int, int, int, int]:
    """Two places before an edge and two from it on; at the border of an image the same twice."""
    return max(edge - 2, 0), edge - 1, edge, min(edge + 1, end - 1)
