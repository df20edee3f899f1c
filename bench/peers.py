"""What blockmix is compared with: a copy of the same bytes, and the same mixing in NumPy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from blockmix import SourceMap

Pixels = npt.NDArray[np.uint8]


def copy_in_threads(images: Pixels, out: Pixels, pool: ThreadPoolExecutor, threads: int) -> None:
    """The roofline: a plain copy, cut into as many pieces as there are threads.

    NumPy lets go of the interpreter while it copies.
    """
    pieces = zip(np.array_split(out, threads), np.array_split(images, threads), strict=True)
    for done in [pool.submit(np.copyto, *piece) for piece in pieces]:
        done.result()


def mix_in_numpy(images: Pixels, plan: SourceMap, out: Pixels) -> None:
    """Tuned NumPy: copy everything, then assign the replaced blocks by one fancy index.

    (N, H, W, C) images in an even grid that divides them.
    """
    rows, cols = plan.grid.rows, plan.grid.cols
    count, height, width, channels = images.shape
    shape = (count, rows, height // rows, cols, width // cols * channels)
    blocks_of_images = images.reshape(shape).transpose(0, 1, 3, 2, 4)
    blocks_of_out = out.reshape(shape).transpose(0, 1, 3, 2, 4)
    np.copyto(out, images)
    replaced = np.nonzero(plan.sources != np.arange(count)[:, None, None])
    _, row, col = replaced
    blocks_of_out[replaced] = blocks_of_images[plan.sources[replaced], row, col]
