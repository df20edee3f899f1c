"""Algorithm 1 of the paper, as published: one image after another, in place, block by block.

Its costs are kept, as they are what its running times are made of: the source image is opened and
resized again for every block that is replaced, a row of blocks draws as many bits as the whole
image has blocks, and images are overwritten one by one, so that later images may take blocks from
finished ones. With the images in memory the same loop shows what is left of these costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from blockmix.bench.common.originals import read_resized
from blockmix.bench.speed.peers import Pixels

Block = tuple[int, int]
JPEG = {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"}  # as `mix_folder` writes it


def mix_files(
    paths: Sequence[Path],
    labels: npt.NDArray[np.int64],
    picked: Sequence[int],
    block: Block,
    sources: int,
    generator: np.random.Generator,
    *,
    written_as: dict[str, object] | None = None,
) -> None:
    """Mix some of a set of files, each overwritten once it is done; one round.

    Parameters
    ----------
    paths : sequence of Path
        The whole set.
    labels : (N,) int64
        One for each file.
    picked : sequence of int
        Which of them to mix, in order.
    block : (int, int)
        Height and width of a block in pixels.
    sources : int
        How many images of the same label are picked for one.
    generator : numpy.random.Generator
        Where the choices come from.
    written_as : dict, optional
        Format and its options; default: JPEG as `mix_folder` writes it.
    """

    def read(index: int) -> Pixels:
        return np.array(read_resized(paths[index]))

    for index in picked:
        mixed = read(index)
        members = np.flatnonzero(labels == labels[index])
        _replace_blocks(mixed, read, members, block, sources, generator)
        Image.fromarray(mixed).save(paths[index], **(written_as or JPEG))


def mix_cached(
    images: Pixels,
    labels: npt.NDArray[np.int64],
    picked: Sequence[int],
    block: Block,
    sources: int,
    generator: np.random.Generator,
) -> None:
    """The same with the images in memory, (N, H, W, C), overwritten in place."""
    for index in picked:
        members = np.flatnonzero(labels == labels[index])
        _replace_blocks(images[index], images.__getitem__, members, block, sources, generator)


def _replace_blocks(
    image: Pixels,
    read: Callable[[int], Pixels],
    members: npt.NDArray[np.int64],
    block: Block,
    sources: int,
    generator: np.random.Generator,
) -> None:
    """Lines 6 to 19 of Algorithm 1."""
    height, width = block
    rows, cols = image.shape[0] // height, image.shape[1] // width
    pool = generator.choice(members, sources, replace=False)
    for row in range(rows):
        bits = generator.integers(0, 2, rows * cols)
        for col in range(cols):
            if bits[col] == 0:
                continue
            source = pool[generator.integers(sources)]
            lines = slice(row * height, (row + 1) * height)
            columns = slice(col * width, (col + 1) * width)
            image[lines, columns] = read(source)[lines, columns]
