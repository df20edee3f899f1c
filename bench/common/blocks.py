"""The block size that cuts an image of the paper's size into equal blocks."""

from __future__ import annotations

from blockmix import InputError
from blockmix.bench.common.paper import SIDE


def block_size(blocks: int) -> tuple[int, int]:
    """Height and width of a block, as square as possible, where an image has ``blocks`` of them.

    Examples
    --------
    >>> block_size(64), block_size(128)
    ((24, 24), (24, 12))
    """
    grids = [
        (rows, blocks // rows)
        for rows in range(1, SIDE + 1)
        if blocks % rows == 0 and SIDE % rows == 0 and SIDE % (blocks // rows) == 0
    ]
    if not grids:
        raise InputError(
            f"an image of {SIDE} x {SIDE} pixels cannot be cut into {blocks} equal blocks: "
            "take a power of two, up to 4096"
        )
    rows, cols = min(grids, key=lambda grid: (abs(grid[1] - grid[0]), grid))
    return SIDE // rows, SIDE // cols
