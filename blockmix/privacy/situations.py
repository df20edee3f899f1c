"""Section VI-A, counted: repeated blocks, erased blocks, and what equations 8 and 9 say."""

from __future__ import annotations

from math import lgamma, log
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.privacy.nearest import ROWS, UNKNOWN, squared_distances
from blockmix.privacy.pair import Pair, Positions

Noise = npt.NDArray[np.float32]

LOG10 = log(10)
COPIES = 8  # the last: as many or more


def situations(pair: Pair, sources: Positions, noise: Noise) -> dict[str, Any]:
    """Count what the paper tells three situations apart by, and what an image is made of.

    Parameters
    ----------
    pair : Pair
        The sets.
    sources : (N, rows, cols) int64
        The original that each block comes from. Where it is `UNKNOWN`, the block is left out, and
        so are the originals' blocks at that place that nobody can tell apart.
    noise : (rows, cols) float32
        See `Nearest`: how near blocks are that cannot be told apart.

    Returns
    -------
    dict
        ``told``: the share of the mixed blocks of which the source is known. Shares of original
        blocks: ``erased``, published nowhere; ``repeated``, published more
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
        copies, apart = _copies(pair, sources[mixed_of_label], of_label, noise)
        tally += np.bincount(np.minimum(copies, COPIES)[apart], minlength=COPIES + 1)
        whole += int(((copies > 0) | ~apart).all(axis=0).sum())
        sizes.append(len(of_label))
    shares = tally / max(tally.sum(), 1)
    own, known = _own(sources, pair.match), sources != UNKNOWN
    arrangements = lgamma(places + 1) / LOG10
    return {
        "told": float(known.mean()),
        "erased": float(shares[0]),
        "repeated": float(shares[2:].sum()),
        "copies": shares.tolist(),
        "own_kept": None if own is None or not known.any() else float(own[known].mean()),
        "unmixed": None if own is None else float((own | ~known).all(axis=(1, 2)).mean()),
        "distinct_sources": _distinct(sources),
        "whole_places": whole,
        "places": places * len(sizes),
        "equation_8": -max(sizes) * arrangements,
        "equation_9": -sum(sizes) * arrangements,
        "fixed_places": places * sum(lgamma(size + 1) for size in sizes) / LOG10,
    }


def _own(sources: Positions, match: Positions | None) -> npt.NDArray[np.bool_] | None:
    return None if match is None else sources == match[:, None, None]


def _copies(
    pair: Pair, sources: Positions, of_label: Positions, noise: Noise
) -> tuple[Positions, npt.NDArray[np.bool_]]:
    """How often each original block is published, and whether it is unlike all others at its place.

    Both (originals, places). Where all sources are known, every block counts.
    """
    place_of = np.full(len(pair.originals), -1)
    place_of[of_label] = np.arange(len(of_label))
    flat = sources.reshape(len(sources), -1)
    images, places = np.nonzero(flat != UNKNOWN)
    copies = np.zeros((len(of_label), pair.grid.blocks), np.int64)
    np.add.at(copies, (place_of[flat[images, places]], places), 1)
    if len(images) == flat.size:
        return copies, np.ones(copies.shape, np.bool_)
    return copies, _unlike(pair, of_label, noise)


def _unlike(pair: Pair, of_label: Positions, noise: Noise) -> npt.NDArray[np.bool_]:
    """Whether a block could be told from those of all other originals: (originals, places)."""
    unlike = np.empty((len(of_label), pair.grid.blocks), np.bool_)
    for place, (row, col) in enumerate(np.ndindex(noise.shape)):
        lines, columns = pair.block(row, col)
        blocks = pair.originals[of_label, lines, columns]
        for begin in range(0, len(blocks), ROWS):
            some = np.arange(begin, min(begin + ROWS, len(blocks)))
            apart, nothing = squared_distances(blocks[some], blocks)
            apart[some - begin, some] = np.inf
            unlike[some, place] = apart.min(axis=1) > np.maximum(noise[row, col], nothing)
    return unlike


def _distinct(sources: Positions) -> float:
    """How many different numbers an image's known blocks have, on average."""
    ordered = np.sort(sources.reshape(len(sources), -1), axis=1)
    new = (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1) + (ordered[:, 0] != UNKNOWN)
    return float(new.mean())
