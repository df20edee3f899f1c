"""Section VI-A, counted: repeated blocks, erased blocks, and equations 8 and 9."""

from __future__ import annotations

from math import lgamma, log
from typing import Any

import numpy as np

from blockmix.privacy.measures.nearest import UNKNOWN, clear_cells
from blockmix.privacy.sets.pair import Indices, Pair

LOG10 = log(10)
MAX_COPIES = 8  # blocks with more copies are counted together with these


def situations(pair: Pair, sources: Indices) -> dict[str, Any]:
    """Count the three situations of the paper, and where the blocks of an image come from.

    Parameters
    ----------
    pair : Pair
        The sets.
    sources : (N, rows, cols) int64
        The original that each block comes from, or `UNKNOWN`.

    Returns
    -------
    dict
        ``told``: the share of mixed blocks whose source is known.

        Shares of original blocks, counted in clear cells only, see `clear_cells`: ``erased``,
        published nowhere; ``repeated``, published more than once; ``copies``, published 0, 1, 2,
        ... times (the last entry: as often or more). All are None if no cell is clear. ``places``:
        the number of clear cells, over all labels. ``whole_places``: in how many of these every
        original block is still published.

        From the known blocks of an image: ``own_kept``, the share that is its own; ``unmixed``, the
        share of images in which all are (both None without a match); ``distinct_sources``, the
        number of originals that they come from.

        As powers of ten: the paper's probabilities ``equation_8`` (of the largest label) and
        ``equation_9`` (of all labels); ``fixed_places``, the (n!)^N_b ways to put the images of a
        label together if every block is published and stays in its cell, over all labels.
    """
    blocks, cells, complete_cells = pair.grid.blocks, 0, 0
    tally = np.zeros(MAX_COPIES + 1, np.int64)
    sizes = []
    for _, label_originals, label_mixed in pair.classes():
        copies = _copies(pair, sources[label_mixed], label_originals)
        tally += np.bincount(np.minimum(copies, MAX_COPIES).reshape(-1), minlength=MAX_COPIES + 1)
        complete_cells += int((copies > 0).all(axis=0).sum())
        cells += copies.shape[1]
        sizes.append(len(label_originals))
    shares = tally / tally.sum() if cells else None
    arrangements = lgamma(blocks + 1) / LOG10
    return {
        "told": float((sources != UNKNOWN).mean()),
        "erased": None if shares is None else float(shares[0]),
        "repeated": None if shares is None else float(shares[2:].sum()),
        "copies": None if shares is None else shares.tolist(),
        **_own_blocks(sources, pair.match),
        "distinct_sources": _distinct_sources(sources),
        "whole_places": complete_cells,
        "places": cells,
        "equation_8": -max(sizes) * arrangements,
        "equation_9": -sum(sizes) * arrangements,
        "fixed_places": blocks * sum(lgamma(size + 1) for size in sizes) / LOG10,
    }


def _own_blocks(sources: Indices, match: Indices | None) -> dict[str, float | None]:
    is_known = sources != UNKNOWN
    if match is None or not is_known.any():
        return {"own_kept": None, "unmixed": None}
    is_own = sources == match[:, None, None]
    has_known = is_known.any(axis=(1, 2))
    return {
        "own_kept": float(is_own[is_known].mean()),
        "unmixed": float((is_own | ~is_known)[has_known].all(axis=(1, 2)).mean()),
    }


def _copies(pair: Pair, sources: Indices, label_originals: Indices) -> Indices:
    """Count how often each original block of a label is published: (originals, clear cells)."""
    index_in_label = np.full(len(pair.originals), -1)
    index_in_label[label_originals] = np.arange(len(label_originals))
    clear = sources[:, clear_cells(sources)]
    images, cells = np.nonzero(clear != UNKNOWN)
    copies = np.zeros((len(label_originals), clear.shape[1]), np.int64)
    np.add.at(copies, (index_in_label[clear[images, cells]], cells), 1)
    return copies


def _distinct_sources(sources: Indices) -> float:
    """Return the mean number of different known sources of an image."""
    ordered = np.sort(sources.reshape(len(sources), -1), axis=1)
    distinct = (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1) + (ordered[:, 0] != UNKNOWN)
    return float(distinct.mean())
