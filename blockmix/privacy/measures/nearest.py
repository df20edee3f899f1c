"""Where the blocks of a mixed set come from, as far as their pixels show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blockmix.privacy.sets.pair import Indices, Pair
from blockmix.support.pixels import Pixels
from blockmix.support.progress import Progress

Distances = npt.NDArray[np.float32]
Evidence = npt.NDArray[np.float64]
# From the name of a label to the log-likelihood ratio of 0, 1, ... shared blocks, see
# `linking.log_likelihood_ratio`.
LogLikelihoodRatio = Callable[[str], Evidence]

# Mixed images that are compared at once: a few arrays with this many rows, one column an original.
_CHUNK = 1000
# Originals whose squared distance is up to this many times the smallest one tie with the nearest.
TIE_FACTOR = 2.0
# Squared distances below this share of the squared norm count as 0: they are sums in float32.
FLOAT32_NOISE = 1e-6
# Originals of a label up to which all are matched at once: time grows with the third power.
_MAX_JOINT = 2000
# The source of a block that several originals could have given.
UNKNOWN = -1
# Share of known sources from which a cell of the grid counts as clear.
_CLEAR_SHARE = 0.95


@dataclass(frozen=True)
class Nearest:
    """The nearest originals of blocks and images, for somebody who holds the originals.

    Attributes
    ----------
    sources : (N, rows, cols) int64
        For each block of each mixed image the original of its label with the nearest block in the
        same cell; `UNKNOWN` where several originals tie, such as on plain backgrounds.
    exact_share : float
        Share of blocks that equal the block of that original byte by byte: 1 if the mixed set was
        stored without loss.
    relative_distance : float
        Mean squared distance of blocks to the nearest original, as a share of that to all originals
        of the label. It shows what lossy storage has changed, and is larger if these are not the
        originals.
    by_pixels : (N,) int64
        For each mixed image the original of its label that is nearest as a whole.
    by_blocks : (N,) int64
        For each mixed image the original whose number of shared blocks is the strongest evidence;
        among equals the one that is nearer as a whole.
    jointly : (N,) int64
        The same if no original may be taken twice, so that the evidence for all images together is
        strongest. Labels of more than 2,000 originals are matched one by one.
    """

    sources: Indices
    exact_share: float
    relative_distance: float
    by_pixels: Indices
    by_blocks: Indices
    jointly: Indices

    @property
    def known_share(self) -> float:
        """Share of blocks whose source is known."""
        return float((self.sources != UNKNOWN).mean())


def find_nearest(
    pair: Pair, log_likelihood_ratio: LogLikelihoodRatio, progress: Progress
) -> Nearest:
    """Compare every block with every original of its label, by Euclidean distance.

    This restores the map wherever blocks of different originals differ by more than lossy storage
    has changed them.

    Parameters
    ----------
    pair : Pair
        The sets.
    log_likelihood_ratio : callable
        Called with the name of a label. Returns how strongly 0, 1, ... shared blocks speak for an
        original.
    progress : callable
        Called as ``progress("blocks", done, total)``.
    """
    count = len(pair.mixed)
    comparison = _Comparison(pair)
    done = 0
    for name, label_originals, label_mixed in pair.classes():
        ratio = log_likelihood_ratio(name)
        evidence = []
        for begin in range(0, len(label_mixed), _CHUNK):
            chunk = label_mixed[begin : begin + _CHUNK]
            chunk_evidence = comparison.add(label_originals, chunk, ratio)
            if len(label_originals) <= _MAX_JOINT:
                evidence.append(chunk_evidence)
            done += len(chunk)
            progress("blocks", done, count)
        if evidence and len(label_mixed) <= len(label_originals):
            comparison.jointly[label_mixed] = label_originals[_assign(np.concatenate(evidence))]
    return comparison.result()


class _Comparison:
    """The nearest originals of the mixed images that were compared so far."""

    def __init__(self, pair: Pair) -> None:
        count, grid = len(pair.mixed), pair.grid
        self._pair = pair
        self._sources = np.zeros((count, grid.rows, grid.cols), np.int64)
        self._by_pixels, self._by_blocks = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self.jointly = np.full(count, -1)
        self._exact_blocks = 0
        self._sum_of_smallest = self._sum_of_means = 0.0  # of squared distances

    def add(self, label_originals: Indices, chunk: Indices, ratio: Evidence) -> Evidence:
        """Compare some images with all originals of their label; return the evidence for each."""
        pair, rows = self._pair, np.arange(len(chunk))
        image_distances = np.zeros((len(chunk), len(label_originals)), np.float32)
        shared_blocks = np.zeros_like(image_distances)
        for row, col in np.ndindex(self._sources.shape[1:]):
            lines, columns = pair.block(row, col)
            originals = pair.originals[label_originals, lines, columns]
            mixed = pair.mixed[chunk, lines, columns]
            distances, noise = _squared_distances(mixed, originals)
            nearest = distances.argmin(axis=1)
            smallest = distances[rows, nearest]
            tied = distances <= (TIE_FACTOR * smallest + noise)[:, None]
            tie_sizes = tied.sum(axis=1)
            # A block that several originals could have given is divided among them.
            shared_blocks += tied / tie_sizes[:, None].astype(np.float32)
            self._sources[chunk, row, col] = np.where(
                tie_sizes == 1, label_originals[nearest], UNKNOWN
            )
            self._sum_of_smallest += float(smallest.sum())
            self._sum_of_means += float(distances.mean(axis=1).sum())
            self._exact_blocks += int((originals[nearest] == mixed).all(axis=(1, 2, 3)).sum())
            image_distances += distances
        self._by_pixels[chunk] = label_originals[image_distances.argmin(axis=1)]
        evidence = ratio[np.rint(shared_blocks).astype(np.int64)]
        # Among originals with equal evidence the nearer one wins.
        largest = np.maximum(image_distances.max(axis=1, keepdims=True), 1)
        evidence -= 1e-6 * image_distances / largest
        self._by_blocks[chunk] = label_originals[evidence.argmax(axis=1)]
        return evidence

    def result(self) -> Nearest:
        return Nearest(
            sources=self._sources,
            exact_share=self._exact_blocks / self._sources.size,
            relative_distance=self._sum_of_smallest / max(self._sum_of_means, 1.0),
            by_pixels=self._by_pixels,
            by_blocks=self._by_blocks,
            jointly=np.where(self.jointly < 0, self._by_blocks, self.jointly),
        )


def clear_cells(sources: Indices) -> npt.NDArray[np.bool_]:
    """Return the cells of the grid in which nearly all sources are known: (rows, cols).

    In other cells, such as on a plain border, unknown blocks would be counted as missing ones.
    """
    return np.asarray((sources != UNKNOWN).mean(axis=0) >= _CLEAR_SHARE)


def _assign(evidence: Evidence) -> Indices:
    """Return a different original for each mixed image, so that the sum of evidence is largest."""
    from scipy.optimize import linear_sum_assignment

    return np.asarray(linear_sum_assignment(evidence, maximize=True)[1], np.int64)


def _squared_distances(blocks: Pixels, originals: Pixels) -> tuple[Distances, Distances]:
    """Return all squared distances, and for each block the distance that counts as 0."""
    rows = blocks.reshape(len(blocks), -1).astype(np.float32) - 128
    columns = originals.reshape(len(originals), -1).astype(np.float32) - 128
    norms = (rows * rows).sum(axis=1)
    distances: Distances = rows @ columns.T
    distances *= -2
    distances += norms[:, None]
    distances += (columns * columns).sum(axis=1)
    return np.maximum(distances, 0, out=distances), FLOAT32_NOISE * norms
