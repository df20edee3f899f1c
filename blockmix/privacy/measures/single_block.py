"""What a single block shows: is it enough to find the person in other photographs?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.privacy.measures.recogniser import Recogniser, Vectors, check_lengths, embeddings
from blockmix.privacy.measures.statistics import mean_with_interval, share_with_interval
from blockmix.privacy.sets.pair import Indices, Pair
from blockmix.support.pictures import stretched
from blockmix.support.pixels import Pixels
from blockmix.support.progress import Progress, no_progress

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow converts to grey
# Blocks that a recogniser is shown, in as many whole cells as this allows: 64 of 400 photographs, 8
# of 6,000. Of 64 blocks of 400 photographs of 40 persons, the share that finds its person had a
# standard deviation of 0.07 from cell to cell.
_MAX_SHOWN = 50_000
_BATCH = 256  # blocks stretched at once, to bound memory


def single_block(
    pair: Pair,
    *,
    sample: int,
    seed: int,
    recogniser: Recogniser | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any] | None:
    """Measure how often one block finds its person among the other photographs of the label.

    A published block is a true piece of an original, so blocks of originals are looked at. Somebody
    holds all photographs of the label but the one that the block comes from, and takes the person
    whose block in the same cell is most alike: correlates most with it, in grey, or is nearest in
    the eyes of a recogniser. Neither the mixing nor its key matters.

    Without persons, a recogniser is not enough: the one photograph that is sure to show the person
    of a block is the one that it comes from, which shows the same pixels.

    Parameters
    ----------
    pair : Pair
        The sets, with ``groups``.
    sample : int
        Number of originals, of persons with several photographs in their label, that one block in a
        random cell is taken from.
    seed : int
        Seed of this choice; photographs whose blocks are equally near are also taken at random.
    recogniser : callable, optional
        From images to vectors, see `blockmix.privacy.measures.recogniser`. It is shown each block
        alone, stretched to the size of an image.
    progress : callable, optional
        Called as ``progress("single blocks", done, total)`` while a recogniser looks at blocks.

    Returns
    -------
    dict or None
        ``blocks``, their number; ``persons``, the number of persons that could be found; ``right``,
        the share of blocks that find their person by correlation, as value and 95 % interval;
        ``chance``, the share for a guess. ``by_recogniser``, None without one: ``right``, and the
        number of ``cells`` that its blocks are from. Where a large set leaves few of them, the
        interval is that of a mean over cells, if it is wider. None without groups, or if no person
        has two photographs in a label.
    """
    if pair.groups is None:
        return None
    rng = np.random.default_rng(seed)
    others = _other_photographs(pair, pair.groups)
    eligible = np.flatnonzero(others > 0)
    if not len(eligible):
        return None
    chosen = rng.permutation(eligible)[:sample]
    cells = rng.integers(0, pair.grid.blocks, len(chosen))
    is_right = _find(pair, pair.groups, chosen, cells, _standardised, rng)
    label_sizes = np.bincount(pair.labels)[pair.labels[chosen]]
    return {
        "blocks": len(chosen),
        "persons": len(np.unique(pair.groups[eligible])),
        "right": share_with_interval(int(is_right.sum()), len(chosen)),
        "chance": float((others[chosen] / (label_sizes - 1)).mean()),
        "by_recogniser": None
        if recogniser is None
        else _by_recogniser(pair, pair.groups, chosen, recogniser, rng, progress),
    }


def _by_recogniser(
    pair: Pair,
    groups: Indices,
    chosen: Indices,
    recogniser: Recogniser,
    rng: np.random.Generator,
    progress: Progress,
) -> dict[str, Any]:
    """Return how often a recogniser finds the person of one block of each chosen photograph."""
    affordable = max(2, _MAX_SHOWN // len(pair.originals))
    usable = min(pair.grid.blocks, len(chosen))
    shown_cells = rng.permutation(pair.grid.blocks)[: min(affordable, usable)]
    cells = np.resize(shown_cells, len(chosen))  # as many photographs for each, up to one
    labels_and_cells = np.unique(np.stack([pair.labels[chosen], cells]), axis=1)
    total, done = int(np.bincount(pair.labels)[labels_and_cells[0]].sum()), 0

    def describe(blocks: Pixels) -> Vectors:
        nonlocal done
        vectors: list[Vectors] = []
        for start in range(0, len(blocks), _BATCH):
            batch = blocks[start : start + _BATCH]
            images = stretched(batch, pair.grid.height, pair.grid.width)
            vectors.append(embeddings(recogniser, images))
            check_lengths(vectors[0], vectors[-1])
            done += len(batch)
            progress("single blocks", done, total)
        return np.concatenate(vectors)

    is_right = _find(pair, groups, chosen, cells, describe, rng)
    right = share_with_interval(int(is_right.sum()), len(chosen))
    if affordable < usable:
        shares = np.array([is_right[cells == cell].mean() for cell in shown_cells])
        both = (right, mean_with_interval(shares, 0, 1))
        ends = np.array([[estimate["low"], estimate["high"]] for estimate in both], float)
        right |= {"low": float(ends[:, 0].min()), "high": float(ends[:, 1].max())}
    return {"cells": len(shown_cells), "right": right}


def _find(
    pair: Pair,
    groups: Indices,
    chosen: Indices,
    cells: Indices,
    describe: Callable[[Pixels], Vectors],
    rng: np.random.Generator,
) -> npt.NDArray[np.bool_]:
    """Return for chosen photographs whether their block in a cell finds the person.

    ``describe`` gives blocks vectors of length 1, or 0; alike blocks have a large product.
    """
    is_right = np.zeros(len(chosen), bool)
    for _, label_originals, _ in pair.classes():
        photographs = rng.permutation(label_originals)  # the first of equally near ones is taken
        position = np.full(len(pair.originals), -1)
        position[photographs] = np.arange(len(photographs))
        is_here = position[chosen] >= 0
        for cell in np.unique(cells[is_here]):
            asked = np.flatnonzero(is_here & (cells == cell))
            lines, columns = pair.block(*divmod(int(cell), pair.grid.cols))
            vectors = describe(pair.originals[photographs, lines, columns])
            nearest = photographs[_nearest(vectors, position[chosen[asked]])]
            is_right[asked] = groups[nearest] == groups[chosen[asked]]
    return is_right


def _other_photographs(pair: Pair, groups: Indices) -> Indices:
    """Return how many other originals of its label show the person of each original.

    Originals of labels that were not mixed have none.
    """
    others = np.zeros(len(pair.originals), np.int64)
    for _, label_originals, _ in pair.classes():
        _, index, counts = np.unique(
            groups[label_originals], return_inverse=True, return_counts=True
        )
        others[label_originals] = counts[index] - 1
    return others


def _nearest(vectors: Vectors, positions: Indices) -> Indices:
    """Return for some vectors the position of the other one that is most alike."""
    products = vectors[positions] @ vectors.T
    products[np.arange(len(positions)), positions] = -np.inf
    nearest: Indices = products.argmax(axis=1)
    return nearest


def _standardised(blocks: Pixels) -> Vectors:
    """Return blocks in grey as vectors of mean 0 and length 1; plain ones as zeros."""
    grey = blocks[..., 0].astype(np.float32) if blocks.shape[-1] == 1 else blocks @ _LUMA
    vectors = grey.reshape(len(grey), -1)
    vectors = vectors - vectors.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    is_plain = lengths <= 1e-3 * np.sqrt(vectors.shape[1])
    return np.where(is_plain, np.float32(0), vectors / np.where(is_plain, 1, lengths))
