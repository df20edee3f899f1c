"""How much of one original, or of one person, a mixed image shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.privacy.measures.nearest import UNKNOWN
from blockmix.privacy.measures.statistics import Estimate, mean_with_interval
from blockmix.privacy.sets.pair import Indices, Pair

HALF = 0.5


def shares(
    pair: Pair, sources: Indices, groups: Indices | None = None, *, part: float = HALF
) -> dict[str, Any]:
    """Count how much of one original the mixed images show.

    Parameters
    ----------
    pair : Pair
        The sets.
    sources : (N, rows, cols) int64
        The original that each block comes from, or `UNKNOWN`.
    groups : (N,) int64, optional
        The person of each original. With it, blocks of all originals of a person count together.
    part : float
        From 0 to 1: share of an image, in blocks, that counts as showing an original.

    Returns
    -------
    dict
        As value and 95 % interval, counted in the known blocks of each image: ``largest``, the mean
        largest share of one original in an image; ``half_shown``, the number of mixed images that
        show at least ``part`` of an original, per original. Both are None if no source is known.
        ``part``.
    """
    largest, shown = _largest_and_shown(sources, groups, part)
    if not len(largest):
        return {"largest": None, "half_shown": None, "part": part}
    originals = np.concatenate([label_originals for _, label_originals, _ in pair.classes()])
    owners = len(originals if groups is None else np.unique(groups[originals]))
    return {
        "largest": mean_with_interval(largest, 0, 1),
        "half_shown": _scaled(mean_with_interval(shown, 0), len(pair.mixed) / owners),
        "part": part,
    }


def _largest_and_shown(
    sources: Indices, groups: Indices | None, part: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return for each image with known blocks its largest share, and how many reach ``part``.

    Shares are those of originals, or of groups.
    """
    flat = sources.reshape(len(sources), -1)
    owners = flat if groups is None else np.where(flat == UNKNOWN, UNKNOWN, groups[flat])
    ordered = np.sort(owners, axis=1)
    is_known = ordered != UNKNOWN
    begins = np.ones_like(is_known)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    runs = np.flatnonzero(begins)
    counts = np.diff(runs, append=ordered.size)
    images = runs // ordered.shape[1]
    known_counts = is_known.sum(axis=1)
    of_owners = is_known.reshape(-1)[runs]
    counts, images = counts[of_owners], images[of_owners]
    owner_shares = counts / known_counts[images]
    largest = np.zeros(len(sources))
    np.maximum.at(largest, images, owner_shares)
    shown = np.bincount(images[owner_shares >= part - 1e-9], minlength=len(sources))
    has_known = known_counts > 0
    return largest[has_known], shown[has_known].astype(np.float64)


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    return {name: None if value is None else factor * value for name, value in estimate.items()}
