"""Where the blocks of a mixed set come from, as pixels alone tell it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blockmix.privacy.sets.pair import Pair, Pixels, Positions
from blockmix.support.progress import Progress

Distances = npt.NDArray[np.float32]
# For a label of that name: how much 0, 1, ... blocks of an original tell, see
# `linking.log_likelihood_ratio`.
LogLikelihoodRatio = Callable[[str], npt.NDArray[np.float64]]

# Mixed images that are compared at once: a few arrays of so many rows and a column an original.
_ROWS = 1000
# An original whose block is at most so many times as far (squared) as the nearest one cannot be
# told from it; and so much of the size of its pixels counts as nothing, as sums are in float32.
_AS_NEAR, _NOTHING = 2.0, 1e-6
# Originals of a label up to which all are matched at once: time grows with the third power.
_JOINTLY = 2000
UNKNOWN = -1
_CLEAR = 0.95


@dataclass(frozen=True)
class Nearest:
    """What somebody finds who holds the originals and compares.

    Attributes
    ----------
    sources : (N, rows, cols) int64
        For each block of each mixed image the original, of its label, that has the nearest block at
        that place; `UNKNOWN` where another one is as near, such as on plain backgrounds.
    exact : float
        Share of blocks that are in that original byte by byte: 1 if the mixed set was stored
        without loss.
    lost : float
        How far blocks are from the nearest original, as a share of how far they are from all
        others on average (squared): what storing has changed, and more if these are not the
        originals.
    image : (N,) int64
        For each mixed image the original of its label that is nearest as a whole.
    votes : (N,) int64
        For each mixed image the original whose number of blocks in it tells most; of several the
        one that is nearer as a whole.
    jointly : (N,) int64
        The same where no original may be taken twice, so that all together tell most; labels of
        more than 2,000 originals are matched one by one.
    """

    sources: Positions
    exact: float
    lost: float
    image: Positions
    votes: Positions
    jointly: Positions

    @property
    def told(self) -> float:
        """Share of blocks of which it is known where they come from."""
        return float((self.sources != UNKNOWN).mean())


def nearest(pair: Pair, log_likelihood_ratio: LogLikelihoodRatio, progress: Progress) -> Nearest:
    """Compare every block with every original of its label, by Euclidean distance.

    This restores the map wherever blocks of different originals differ by more than storing has
    changed them.

    Parameters
    ----------
    pair : Pair
        The sets.
    log_likelihood_ratio : callable
        Called with the name of a label: how much 0, 1, ... blocks of one original tell.
    progress : callable
        Called as ``progress("blocks", done, total)``.
    """
    count = len(pair.mixed)
    comparison = _Comparison(pair)
    done = 0
    for name, of_label, mixed_of_label in pair.classes():
        tells, told = log_likelihood_ratio(name), []
        for begin in range(0, len(mixed_of_label), _ROWS):
            some = mixed_of_label[begin : begin + _ROWS]
            found = comparison.look(of_label, some, tells)
            if len(of_label) <= _JOINTLY:
                told.append(found)
            done += len(some)
            progress("blocks", done, count)
        if told and len(mixed_of_label) <= len(of_label):
            comparison.jointly[mixed_of_label] = of_label[_assigned(np.concatenate(told))]
    return Nearest(
        sources=comparison.sources,
        exact=comparison.same / comparison.sources.size,
        lost=comparison.least / max(comparison.mean, 1.0),
        image=comparison.image,
        votes=comparison.votes,
        jointly=np.where(comparison.jointly < 0, comparison.votes, comparison.jointly),
    )


class _Comparison:
    """What has been found so far."""

    def __init__(self, pair: Pair) -> None:
        count, grid = len(pair.mixed), pair.grid
        self._pair = pair
        self.sources = np.zeros((count, grid.rows, grid.cols), np.int64)
        self.image, self.votes = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self.jointly = np.full(count, -1)
        self.same = 0
        self.least = self.mean = 0.0  # sums of squared distances

    def look(
        self, of_label: Positions, some: Positions, tells: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Compare some images of a label with all of its originals; gives what each tells."""
        pair, images = self._pair, np.arange(len(some))
        whole = np.zeros((len(some), len(of_label)), np.float32)
        shares = np.zeros_like(whole)
        for row, col in np.ndindex(self.sources.shape[1:]):
            lines, columns = pair.block(row, col)
            before = pair.originals[of_label, lines, columns]
            after = pair.mixed[some, lines, columns]
            apart, nothing = _squared_distances(after, before)
            first = apart.argmin(axis=1)
            least = apart[images, first]
            as_near = apart <= (_AS_NEAR * least + nothing)[:, None]
            many = as_near.sum(axis=1)
            shares += as_near / many[:, None].astype(np.float32)
            self.sources[some, row, col] = np.where(many == 1, of_label[first], UNKNOWN)
            self.least += float(least.sum())
            self.mean += float(apart.mean(axis=1).sum())
            self.same += int((before[first] == after).all(axis=(1, 2, 3)).sum())
            whole += apart
        self.image[some] = of_label[whole.argmin(axis=1)]
        # Blocks that several have are shared out. Being near decides between what tells as much.
        told = tells[np.rint(shares).astype(np.int64)]
        told -= 1e-6 * whole / np.maximum(whole.max(axis=1, keepdims=True), 1)
        self.votes[some] = of_label[told.argmax(axis=1)]
        return told


def clear_places(sources: Positions) -> npt.NDArray[np.bool_]:
    """Places of the grid at which nearly all sources are known: (rows, cols).

    Elsewhere, such as on a plain border, what is not known would be taken for what is not there.
    """
    return np.asarray((sources != UNKNOWN).mean(axis=0) >= _CLEAR)


def _assigned(told: npt.NDArray[np.float64]) -> Positions:
    """The original of each mixed image, all different, so that the sum is largest."""
    from scipy.optimize import linear_sum_assignment

    return np.asarray(linear_sum_assignment(told, maximize=True)[1], np.int64)


def _squared_distances(some: Pixels, others: Pixels) -> tuple[Distances, Distances]:
    """Between all of some and all of others; and for each of some, what counts as no distance."""
    one = some.reshape(len(some), -1).astype(np.float32) - 128
    two = others.reshape(len(others), -1).astype(np.float32) - 128
    sizes = (one * one).sum(axis=1)
    apart: Distances = one @ two.T
    apart *= -2
    apart += sizes[:, None]
    apart += (two * two).sum(axis=1)
    return np.maximum(apart, 0, out=apart), _NOTHING * sizes
