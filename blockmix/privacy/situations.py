"""Section VI-A, counted: repeated blocks, erased blocks, and what equations 8 and 9 say."""

from __future__ import annotations

from math import lgamma, log
from typing import Any

import numpy as np

from blockmix.privacy.pair import Pair, Positions

LOG10 = log(10)
COPIES = 8  # the last: as many or more


def situations(pair: Pair, sources: Positions) -> dict[str, Any]:
    """Count what the paper tells three situations apart by, and what an image is made of.

    Parameters
    ----------
    pair : Pair
        The sets.
    sources : (N, rows, cols) int64
        The original that each block comes from.

    Returns
    -------
    dict
        Shares of all original blocks: ``erased``, published nowhere; ``repeated``, published more
        than once; ``copies``, published 0, 1, 2, ... times (the last: as often or more). Of an
        image: ``own_kept``, the share of its blocks that are its own, and ``unmixed``, the share
        of images with no other block (None without a match); ``distinct_sources``, how many
        originals its blocks come from. ``whole_places`` of ``places``: at how many places of the
        grid, of all labels, every original block is still there. As powers of ten the paper's
        probabilities ``equation_8`` (of the largest label) and ``equation_9`` (of all), and
        ``fixed_places``: the (n!)^N_b ways to put the images of a label together if every block
        were there and has to stay at its place, over all labels.
    """
    places, whole = pair.grid.blocks, 0
    tally = np.zeros(COPIES + 1, np.int64)
    sizes = []
    for _, of_label, mixed_of_label in pair.classes():
        copies = _copies(sources[mixed_of_label], of_label, len(pair.originals))
        tally += np.bincount(np.minimum(copies, COPIES).reshape(-1), minlength=COPIES + 1)
        whole += int((copies > 0).all(axis=0).sum())
        sizes.append(len(of_label))
    shares = tally / tally.sum()
    own = None if pair.match is None else sources == pair.match[:, None, None]
    arrangements = lgamma(places + 1) / LOG10
    return {
        "erased": float(shares[0]),
        "repeated": float(shares[2:].sum()),
        "copies": shares.tolist(),
        "own_kept": None if own is None else float(own.mean()),
        "unmixed": None if own is None else float(own.all(axis=(1, 2)).mean()),
        "distinct_sources": _distinct(sources),
        "whole_places": whole,
        "places": places * len(sizes),
        "equation_8": -max(sizes) * arrangements,
        "equation_9": -sum(sizes) * arrangements,
        "fixed_places": places * sum(lgamma(size + 1) for size in sizes) / LOG10,
    }


def _copies(sources: Positions, of_label: Positions, count: int) -> Positions:
    """How often each original block of a label is published: (originals, places)."""
    place_of = np.full(count, -1)
    place_of[of_label] = np.arange(len(of_label))
    numbers = place_of[sources.reshape(len(sources), -1)]
    places = numbers.shape[1]
    flat = numbers * places + np.arange(places)
    return np.bincount(flat.reshape(-1), minlength=len(of_label) * places).reshape(-1, places)


def _distinct(sources: Positions) -> float:
    """How many different numbers an image's blocks have, on average."""
    ordered = np.sort(sources.reshape(len(sources), -1), axis=1)
    return float(1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1).mean())
