"""Distinct blocks: which published blocks of a cell are copies of one block."""

from __future__ import annotations

import numpy as np

from blockmix.privacy.sets.pair import Indices
from blockmix.support.pixels import Pixels

_SIDE = 8  # pixels of a block that are compared, in each direction at most
# Copies differ by less than this share of the median squared distance between blocks. Of faces at
# JPEG quality 90, 192 x 192 in 64 blocks, 1 % of the distinct blocks then had several sources.
_MAX_RELATIVE_DISTANCE = 0.01
_FLOAT32_NOISE = 1e-5  # share of the largest squared norm that counts as 0
_EQUAL_COPIES = 0.05  # share of blocks with an equal copy that shows storage without loss
_ROWS = 64  # blocks whose distances give the median


def distinct_blocks(blocks: Pixels) -> tuple[Indices, Indices]:
    """Return the first copy of each distinct block, (K,), and the distinct block of each, (N,).

    Parameters
    ----------
    blocks : (N, height, width, C) uint8
        The published blocks of one cell.

    Returns
    -------
    first_copies : (K,) int64
        For each distinct block the index of its first copy.
    numbers : (N,) int64
        For each block the number of its distinct block, from 0 to K - 1.

    Examples
    --------
    >>> import numpy as np
    >>> blocks = np.zeros((5, 4, 4, 1), np.uint8)
    >>> blocks[1] = 200
    >>> blocks[3:] = 90
    >>> first_copies, numbers = distinct_blocks(blocks)
    >>> first_copies.tolist(), numbers.tolist()
    ([0, 1, 3], [0, 1, 0, 2, 2])
    """
    row_step, col_step = (-(-size // _SIDE) for size in blocks.shape[1:3])
    vectors = blocks[:, ::row_step, ::col_step].reshape(len(blocks), -1).astype(np.float32) - 128
    norms = (vectors * vectors).sum(axis=1)
    distances = norms[:, None] + norms - 2 * (vectors @ vectors.T)
    typical = float(np.median(distances[:_ROWS]))
    noise = _FLOAT32_NOISE * float(norms.max())
    is_lossless = float((np.count_nonzero(distances <= noise, axis=1) > 1).mean()) > _EQUAL_COPIES
    limit = noise if is_lossless else max(noise, _MAX_RELATIVE_DISTANCE * typical)
    first = (distances <= limit).argmax(axis=1)
    while not np.array_equal(first, first[first]):  # a copy of a copy
        first = first[first]
    first_copies, numbers = np.unique(first, return_inverse=True)
    return first_copies.astype(np.int64), numbers.astype(np.int64)
