"""Section VI-A, counted: repeated blocks, erased blocks, and what equations 8 and 9 say."""

from __future__ import annotations

from math import lgamma, log
from typing import Any

import numpy as np

from blockmix.privacy.measures.nearest import UNKNOWN, clear_places
from blockmix.privacy.sets.pair import Pair, Positions

LOG10 = log(10)
COPIES = 8  # the last: as many or more


def situations(pair: Pair, sources: Positions) -> dict[str, Any]:
    """Count what the paper tells three situations apart by, and what an image is made of.

    Parameters
    ----------
    pair : Pair
        The sets.
    sources : (N, rows, cols) int64
        The original that each block comes from, or `UNKNOWN`.

    Returns
    -------
    dict
        ``told``: the share of the mixed blocks of which the source is known. Shares of original
        blocks, at the ``places`` of the grid, of all labels, at which that is known of nearly all:
        ``erased``, published nowhere; ``repeated``, published more than once; ``copies``, published
        0, 1, 2, ... times (the last: as often or more); all None if there is no such place.
        ``whole_places``: at how many of these every original block is still there. Of the known
        blocks of an image: ``own_kept``, the share that is its own, and ``unmixed``, the share of
        images with no other one (None without a match); ``distinct_sources``, how many originals
        they come from. As powers of ten the paper's probabilities ``equation_8`` (of the largest
        label) and ``equation_9`` (of all), and ``fixed_places``: the (n!)^N_b ways to put the
        images of a label together if every block were there and has to stay at its place, over all
        labels.
    """
    blocks, places, whole = pair.grid.blocks, 0, 0
    tally = np.zeros(COPIES + 1, np.int64)
    sizes = []
    for _, of_label, mixed_of_label in pair.classes():
        copies = _copies(pair, sources[mixed_of_label], of_label)
        tally += np.bincount(np.minimum(copies, COPIES).reshape(-1), minlength=COPIES + 1)
        whole += int((copies > 0).all(axis=0).sum())
        places += copies.shape[1]
        sizes.append(len(of_label))
    shares = tally / tally.sum() if places else None
    arrangements = lgamma(blocks + 1) / LOG10
    return {
        "told": float((sources != UNKNOWN).mean()),
        "erased": None if shares is None else float(shares[0]),
        "repeated": None if shares is None else float(shares[2:].sum()),
        "copies": None if shares is None else shares.tolist(),
        **_own(sources, pair.match),
        "distinct_sources": _distinct(sources),
        "whole_places": whole,
        "places": places,
        "equation_8": -max(sizes) * arrangements,
        "equation_9": -sum(sizes) * arrangements,
        "fixed_places": blocks * sum(lgamma(size + 1) for size in sizes) / LOG10,
    }


def _own(sources: Positions, match: Positions | None) -> dict[str, float | None]:
    known = sources != UNKNOWN
    if match is None or not known.any():
        return {"own_kept": None, "unmixed": None}
    own = sources == match[:, None, None]
    some = known.any(axis=(1, 2))
    return {
        "own_kept": float(own[known].mean()),
        "unmixed": float((own | ~known)[some].all(axis=(1, 2)).mean()),
    }


def _copies(pair: Pair, sources: Positions, of_label: Positions) -> Positions:
    """How often each original block of a label is published: (originals, clear places)."""
    place_of = np.full(len(pair.originals), -1)
    place_of[of_label] = np.arange(len(of_label))
    clear = sources[:, clear_places(sources)]
    images, places = np.nonzero(clear != UNKNOWN)
    copies = np.zeros((len(of_label), clear.shape[1]), np.int64)
    np.add.at(copies, (place_of[clear[images, places]], places), 1)
    return copies


def _distinct(sources: Positions) -> float:
    """How many different numbers an image's known blocks have, on average."""
    ordered = np.sort(sources.reshape(len(sources), -1), axis=1)
    new = (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1) + (ordered[:, 0] != UNKNOWN)
    return float(new.mean())
