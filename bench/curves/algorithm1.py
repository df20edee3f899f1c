"""Algorithm 1 of the paper, as published: one image after another, in place, block by block.

It keeps the costs that its running times consist of: the source image is opened and resized again
for every block that is replaced, a row of blocks draws as many bits as the whole image has blocks,
and images are overwritten one by one, so that later images may take blocks from finished ones. With
the images in memory, the same loop shows how long it takes without opening and resizing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from blockmix.bench.common.originals import read_resized
from blockmix.support.pixels import Pixels

Block = tuple[int, int]
# As `mix_folder` writes by default. A copy, so that the baseline stays the same if that changes.
JPEG = {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"}


def mix_files(
    paths: Sequence[Path],
    labels: npt.NDArray[np.int64],
    indices: Sequence[int],
    block: Block,
    sources: int,
    rng: np.random.Generator,
    *,
    save_options: dict[str, object] | None = None,
) -> None:
    """Mix some files of a set in one round; each is overwritten when it is mixed.

    Parameters
    ----------
    paths : sequence of Path
        All files of the set.
    labels : (N,) int64
        The label of each file.
    indices : sequence of int
        Which files to mix, in order.
    block : (int, int)
        Height and width of a block in pixels.
    sources : int
        Images of the same label picked for one.
    rng : numpy.random.Generator
        Source of all choices.
    save_options : dict, optional
        Format and its options. Default: JPEG as `mix_folder` writes it.
    """

    def read(index: int) -> Pixels:
        return np.array(read_resized(paths[index]))

    for index in indices:
        mixed = read(index)
        members = np.flatnonzero(labels == labels[index])
        _replace_blocks(mixed, read, members, block, sources, rng)
        Image.fromarray(mixed).save(paths[index], **(save_options or JPEG))


def mix_cached(
    images: Pixels,
    labels: npt.NDArray[np.int64],
    indices: Sequence[int],
    block: Block,
    sources: int,
    rng: np.random.Generator,
) -> None:
    """Do the same with images in memory, (N, H, W, C), overwritten in place."""
    for index in indices:
        members = np.flatnonzero(labels == labels[index])
        _replace_blocks(images[index], images.__getitem__, members, block, sources, rng)


def _replace_blocks(
    image: Pixels,
    read: Callable[[int], Pixels],
    members: npt.NDArray[np.int64],
    block: Block,
    sources: int,
    rng: np.random.Generator,
) -> None:
    """Lines 6 to 19 of Algorithm 1."""
    height, width = block
    rows, cols = image.shape[0] // height, image.shape[1] // width
    pool = rng.choice(members, sources, replace=False)
    for row in range(rows):
        bits = rng.integers(0, 2, rows * cols)
        for col in range(cols):
            if bits[col] == 0:
                continue
            source = pool[rng.integers(sources)]
            lines = slice(row * height, (row + 1) * height)
            columns = slice(col * width, (col + 1) * width)
            image[lines, columns] = read(source)[lines, columns]
