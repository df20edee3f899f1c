"""Where the blocks of a mixed set come from, as pixels alone tell it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blockmix.privacy.linking import Ranks
from blockmix.privacy.pair import Pair, Pixels, Positions
from blockmix.progress import Progress

Telling = Callable[[Pair, int], Ranks]


@dataclass(frozen=True)
class Nearest:
    """What somebody finds who holds the originals and compares.

    Attributes
    ----------
    sources : (N, rows, cols) int64
        For each block of each mixed image the original, of its label, that has the nearest block at
        that place.
    exact : float
        Share of blocks that are in that original byte by byte: 1 if the mixed set was stored
        without loss.
    image : (N,) int64
        For each mixed image the original of its label that is nearest as a whole.
    votes : (N,) int64
        For each mixed image the original whose number of blocks in it tells most; of several the
        one that is nearer as a whole.
    """

    sources: Positions
    exact: float
    image: Positions
    votes: Positions


def most_blocks(pair: Pair, size: int) -> Ranks:
    """For `nearest`: the more blocks are an original's, the more that tells."""
    return np.arange(pair.grid.blocks + 1)


def nearest(pair: Pair, telling: Telling, progress: Progress) -> Nearest:
    """Compare every block with every original of its label, by Euclidean distance.

    This restores the map wherever blocks of different originals differ by more than storing has
    changed them.

    Parameters
    ----------
    pair : Pair
        The sets.
    telling : callable
        Called as ``telling(pair, size)`` for a label of that many originals: how much 0, 1, ...
        blocks of an original tell, see `blockmix.privacy.linking.telling`; or `most_blocks`.
    progress : callable
        Called as ``progress("blocks", done, total)``.
    """
    count, grid = len(pair.mixed), pair.grid
    sources = np.zeros((count, grid.rows, grid.cols), np.int64)
    image, votes = np.zeros(count, np.int64), np.zeros(count, np.int64)
    same = done = 0
    total = sum(1 for _ in pair.classes()) * grid.blocks
    for _, of_label, mixed_of_label in pair.classes():
        whole = np.zeros((len(mixed_of_label), len(of_label)), np.float32)
        tally = np.zeros(whole.shape, np.int32)
        for row, col in np.ndindex(grid.rows, grid.cols):
            lines, columns = pair.block(row, col)
            before = pair.originals[of_label, lines, columns]
            after = pair.mixed[mixed_of_label, lines, columns]
            apart = _squared_distances(after, before)
            found = apart.argmin(axis=1)
            whole += apart
            tally[np.arange(len(found)), found] += 1
            sources[mixed_of_label, row, col] = of_label[found]
            same += int((before[found] == after).all(axis=(1, 2, 3)).sum())
            done += 1
            progress("blocks", done, total)
        image[mixed_of_label] = of_label[whole.argmin(axis=1)]
        # Of those that tell as much the nearest: being near adds less than a rank.
        near = 1 / (2 + whole / np.maximum(whole.min(axis=1, keepdims=True), 1))
        told = telling(pair, len(of_label))[tally] + near
        votes[mixed_of_label] = of_label[told.argmax(axis=1)]
    return Nearest(sources, same / sources.size, image, votes)


def _squared_distances(some: Pixels, others: Pixels) -> npt.NDArray[np.float32]:
    """Between all of some and all of others; whole numbers up to 2**24 are exact in float32."""
    one = some.reshape(len(some), -1).astype(np.float32) - 128
    two = others.reshape(len(others), -1).astype(np.float32) - 128
    apart: npt.NDArray[np.float32] = one @ two.T
    apart *= -2
    apart += (one * one).sum(axis=1)[:, None]
    apart += (two * two).sum(axis=1)
    return np.maximum(apart, 0, out=apart)
