"""What a single block shows: is it enough to find the person in other photographs?"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.privacy.measures.statistics import share_with_interval
from blockmix.privacy.sets.pair import Indices, Pair, Pixels

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow converts to grey


def single_block(pair: Pair, *, sample: int, seed: int) -> dict[str, Any] | None:
    """Measure how often one block finds its person among the other photographs of the label.

    A published block is a true piece of an original, so blocks of originals are looked at. Somebody
    holds all photographs of the label but the one that the block comes from, and takes the person
    whose block in the same cell correlates most with it, in grey. Neither the mixing nor its key
    matters.

    Parameters
    ----------
    pair : Pair
        The sets, with ``groups``.
    sample : int
        Number of originals, of persons with several photographs in their label, that one block in a
        random cell is taken from.
    seed : int
        Seed of this choice; photographs whose blocks are equally near are also taken at random.

    Returns
    -------
    dict or None
        ``blocks``, their number; ``persons``, the number of persons that could be found; ``right``,
        the share of blocks that find their person, as value and 95 % interval; ``chance``, the
        share for a guess. None without groups, or if no person has two photographs in a label.
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
    chances, right = [], 0
    for _, label_originals, _ in pair.classes():
        photographs = rng.permutation(label_originals)  # the first of equally near ones is taken
        position = np.full(len(pair.originals), -1)
        position[photographs] = np.arange(len(photographs))
        is_here = position[chosen] >= 0
        chances.append(others[chosen[is_here]] / (len(photographs) - 1))
        for cell in np.unique(cells[is_here]):
            queries = chosen[is_here & (cells == cell)]
            row, col = divmod(int(cell), pair.grid.cols)
            nearest = _nearest(pair, photographs, position[queries], row, col)
            right += int((pair.groups[nearest] == pair.groups[queries]).sum())
    return {
        "blocks": len(chosen),
        "persons": len(np.unique(pair.groups[eligible])),
        "right": share_with_interval(right, len(chosen)),
        "chance": float(np.concatenate(chances).mean()),
    }


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


def _nearest(pair: Pair, photographs: Indices, positions: Indices, row: int, col: int) -> Indices:
    """Return for some photographs the other one whose block in a cell is most alike."""
    lines, columns = pair.block(row, col)
    blocks = _standardised(pair.originals[photographs, lines, columns])
    correlations = blocks[positions] @ blocks.T
    correlations[np.arange(len(positions)), positions] = -np.inf
    nearest: Indices = photographs[correlations.argmax(axis=1)]
    return nearest


def _standardised(blocks: Pixels) -> npt.NDArray[np.float32]:
    """Return blocks in grey as vectors of mean 0 and length 1; plain ones as zeros."""
    grey = blocks[..., 0].astype(np.float32) if blocks.shape[-1] == 1 else blocks @ _LUMA
    vectors = grey.reshape(len(grey), -1)
    vectors = vectors - vectors.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    is_plain = lengths <= 1e-3 * np.sqrt(vectors.shape[1])
    return np.where(is_plain, np.float32(0), vectors / np.where(is_plain, 1, lengths))
