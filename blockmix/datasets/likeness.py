"""Images that look alike: near-duplicates, by a difference hash."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from blockmix.support.pictures import small_greys
from blockmix.support.pixels import Pixels

# Images whose hashes of 64 bits differ in at most this many count as near-duplicates.
NEAR_BITS = 4
# From this share of near-duplicates on, users are told of groups. It was 1.4 % of 6,000 photographs
# of different persons, and 16 to 18 % of 400 photographs of 40 persons.
MANY_ALIKE = 0.05
_HASH_SIDE = 8

Hashes = npt.NDArray[np.uint64]


def difference_hash(images: Pixels) -> Hashes:
    """Return 64 bits an image, (N, H, W, C): whether each of 8 x 9 fields is darker than the next.

    Examples
    --------
    >>> ramp = np.arange(9, dtype=np.uint8).reshape(1, 1, 9, 1).repeat(8, axis=1)
    >>> difference_hash(ramp)[0] == 2**64 - 1
    np.True_
    """
    fields = small_greys(images, _HASH_SIDE, _HASH_SIDE + 1).astype(int)
    brighter = (np.diff(fields, axis=2) > 0).reshape(len(images), -1)
    weights = np.uint64(1) << np.arange(64, dtype=np.uint64)
    hashes: Hashes = np.where(brighter, weights, np.uint64(0)).sum(axis=1)
    return hashes


def count_alike(hashes: Hashes) -> npt.NDArray[np.int64]:
    """Return for each image how many of the others are its near-duplicates.

    Examples
    --------
    >>> count_alike(np.array([0, 0b1111, 0b1100000], np.uint64)).tolist()
    [2, 1, 1]
    """
    counts = [(np.bitwise_count(hashes ^ image_hash) <= NEAR_BITS).sum() for image_hash in hashes]
    return np.array(counts, np.int64) - 1
