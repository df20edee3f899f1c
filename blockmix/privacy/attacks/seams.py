"""Seams: do two neighbouring blocks come from one image, judged by the mixed set alone?"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.privacy.measures.nearest import UNKNOWN
from blockmix.privacy.measures.statistics import area_under_curve, mean_with_interval
from blockmix.privacy.sets.pair import Indices, Pair
from blockmix.support.pixels import Pixels

Roughness = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


def seams(
    pair: Pair, sources: Indices, match: Indices | None, chosen: Indices, expected_share: float
) -> dict[str, Any]:
    """Measure how well the seam between two blocks shows whether they come from one image.

    A seam is rough if the lines of pixels on both sides of it differ by more than the lines next to
    them suggest. The smoothest seams are joined, as many as are expected within one image. The
    attacker takes the largest joined piece for the image's own.

    Parameters
    ----------
    pair : Pair
        The sets. The attack looks at the mixed one only.
    sources : (N, rows, cols) int64
        The original that each block comes from, to judge by; blocks that are `UNKNOWN` are left
        out.
    match : (N,) int64, optional
        The original of each mixed image, to judge by.
    chosen : (M,) int64
        The mixed images to look at.
    expected_share : float
        Expected share of neighbours that come from one image, which follows from the parameters.

    Returns
    -------
    dict
        ``auc``: the chance that a seam within one image looks smoother than one between two images
        (None without the one kind or the other); its ``chance`` level is 0.5. ``own_recovered``:
        the share of an image's own blocks that lie in the largest piece; its chance level is
        ``piece``, the share of the image that the piece covers. ``own_in_piece``: the share of the
        piece that is the image's own; its chance level is ``own_share``, the share of own blocks in
        the image. The last four are None without a match.
    """
    roughness_of_seams = both_seams(pair, pair.mixed[chosen])
    chosen_sources = sources[chosen]
    from_one_image, is_known = neighbours(chosen_sources)
    count = len(chosen)

    def flat(parts: tuple[npt.NDArray[Any], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        return np.concatenate([part.reshape(count, -1) for part in parts], axis=1)

    smoothness, together, known = -flat(roughness_of_seams), flat(from_one_image), flat(is_known)
    result: dict[str, Any] = {
        "images": count,
        "seams": int(known.sum()),
        "together": float(together[known].mean()) if known.any() else None,
        "auc": area_under_curve(smoothness, together, known),
        "chance": 0.5,
        "own_recovered": None,
        "piece": None,
        "own_in_piece": None,
        "own_share": None,
    }
    if match is None or not smoothness.size:
        return result
    limit = float(np.quantile(-smoothness, expected_share))
    own = chosen_sources == match[chosen][:, None, None]
    across, down = (roughness <= limit for roughness in roughness_of_seams)
    pieces = np.stack([largest_piece(*joined) for joined in zip(across, down, strict=True)])
    has_source = chosen_sources != UNKNOWN
    own_in_piece = (pieces & own).sum(axis=(1, 2))
    known_in_piece = (pieces & has_source).sum(axis=(1, 2))
    judged = own.any(axis=(1, 2)) & (known_in_piece > 0)
    if judged.any():
        recovered = own_in_piece[judged] / own.sum(axis=(1, 2))[judged]
        result["own_recovered"] = mean_with_interval(recovered, 0, 1)
        precision = own_in_piece[judged] / known_in_piece[judged]
        result["own_in_piece"] = mean_with_interval(precision, 0, 1)
        result["piece"] = float(known_in_piece.sum() / has_source.sum())
        result["own_share"] = float(own[has_source].mean())
    return result


def neighbours(sources: Indices) -> tuple[tuple[Flags, Flags], tuple[Flags, Flags]]:
    """Return which neighbours come from one image and which are known, each across and down."""
    left, right = sources[..., :, :-1], sources[..., :, 1:]
    upper, lower = sources[..., :-1, :], sources[..., 1:, :]
    from_one_image = (left == right, upper == lower)
    is_known = (
        (left != UNKNOWN) & (right != UNKNOWN),
        (upper != UNKNOWN) & (lower != UNKNOWN),
    )
    return from_one_image, is_known


def both_seams(pair: Pair, images: Pixels) -> tuple[Roughness, Roughness]:
    """Return the roughness of all seams: (N, rows, cols - 1) and (N, rows - 1, cols).

    It is the mean along a seam of |b - a - (step before + step after) / 2|, where a and b are the
    pixels on its two sides and the steps are those to the next line on each side.
    """
    grid = pair.grid
    across = np.zeros((len(images), grid.rows, grid.cols - 1), np.float32)
    down = np.zeros((len(images), grid.rows - 1, grid.cols), np.float32)
    for col, edge in enumerate(grid.col_edges[1:-1]):
        rough = roughness(*(images[:, :, column] for column in _around(edge, grid.width)))
        across[:, :, col] = np.add.reduceat(rough, grid.row_edges[:-1], axis=1)
        across[:, :, col] /= np.diff(grid.row_edges)
    for row, edge in enumerate(grid.row_edges[1:-1]):
        rough = roughness(*(images[:, line] for line in _around(edge, grid.height)))
        down[:, row] = np.add.reduceat(rough, grid.col_edges[:-1], axis=1)
        down[:, row] /= np.diff(grid.col_edges)
    return across, down


def roughness(far_before: Pixels, before: Pixels, after: Pixels, far_after: Pixels) -> Roughness:
    """Return the roughness along a seam, mean over channels, from two lines on either side."""
    first, second, third, fourth = (
        line.astype(np.float32) for line in (far_before, before, after, far_after)
    )
    expected_step = ((second - first) + (fourth - third)) / 2
    rough: Roughness = np.abs(third - second - expected_step).mean(axis=-1)
    return rough


def largest_piece(across: Flags, down: Flags) -> Flags:
    """Return the largest connected component of blocks, (rows, cols), by their joined seams."""
    rows, cols = across.shape[0], down.shape[1]
    piece_ids = np.arange(rows * cols).reshape(rows, cols)
    previous = np.full_like(piece_ids, -1)
    while not np.array_equal(piece_ids, previous):
        previous = piece_ids.copy()
        for joined, first, second in (
            (across, piece_ids[:, :-1], piece_ids[:, 1:]),
            (down, piece_ids[:-1], piece_ids[1:]),
        ):
            smaller = np.minimum(first, second)
            first[joined], second[joined] = smaller[joined], smaller[joined]
    return np.asarray(piece_ids == np.bincount(piece_ids.reshape(-1)).argmax())


def _around(edge: int, size: int) -> tuple[int, int, int, int]:
    """Return two lines before an edge and two from it on; the outermost repeat at the border."""
    return max(edge - 2, 0), edge - 1, edge, min(edge + 1, size - 1)
