"""The peers of blockmix: a copy of the same bytes, and other ways to mix."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from blockmix.support.pixels import Pixels

if TYPE_CHECKING:
    import torch


def copy_in_threads(images: Pixels, out: Pixels, pool: ThreadPoolExecutor, threads: int) -> None:
    """The roofline: a plain copy, one piece for each thread.

    NumPy releases the interpreter lock while it copies.
    """
    pieces = zip(np.array_split(out, threads), np.array_split(images, threads), strict=True)
    for future in [pool.submit(np.copyto, *piece) for piece in pieces]:
        future.result()


def mix_in_numpy(images: Pixels, sources: npt.NDArray[np.int32], out: Pixels) -> None:
    """NumPy indexing: copy everything, then assign all replaced blocks with one index.

    Parameters
    ----------
    images, out : (N, H, W, C) uint8
        C-contiguous, in an even grid that divides them.
    sources : (N, rows, cols) int32
        The map, `SourceMap.sources`.
    """
    shape = blocks_shape(images.shape, sources.shape)
    blocks_of_images = images.reshape(shape).transpose(0, 1, 3, 2, 4)
    blocks_of_out = out.reshape(shape).transpose(0, 1, 3, 2, 4)
    np.copyto(out, images)
    replaced = np.nonzero(sources != np.arange(len(images))[:, None, None])
    _, row, col = replaced
    blocks_of_out[replaced] = blocks_of_images[sources[replaced], row, col]


def take_lines_in_numpy(images: Pixels, sources: npt.NDArray[np.int32], out: Pixels) -> None:
    """The fastest NumPy we know: take every line of every block by its number.

    Parameters: see `mix_in_numpy`. The numbers take 8 bytes a line, and 16 while they are computed.
    """
    shape = blocks_shape(images.shape, sources.shape)
    lines = images.reshape(-1, shape[-1])
    numbers = line_numbers(np, sources.astype(np.int64), shape)
    # No number needs clipping, but in this mode NumPy writes into out without a buffer.
    np.take(lines, numbers, axis=0, out=out.reshape(lines.shape), mode="clip")


def mix_in_torch(images: torch.Tensor, sources: torch.Tensor, out: torch.Tensor) -> None:
    """PyTorch indexing: the same as `mix_in_numpy`, on PyTorch's threads.

    Parameters
    ----------
    images, out : (N, H, W, C) uint8
        Contiguous, in an even grid that divides them.
    sources : (N, rows, cols) int64
        The map, in PyTorch's type of indices.
    """
    import torch

    shape = blocks_shape(images.shape, sources.shape)
    blocks_of_images = images.view(shape).permute(0, 1, 3, 2, 4)
    blocks_of_out = out.view(shape).permute(0, 1, 3, 2, 4)
    out.copy_(images)
    own_index = torch.arange(len(images))[:, None, None]
    replaced = (sources != own_index).nonzero(as_tuple=True)
    _, row, col = replaced
    blocks_of_out[replaced] = blocks_of_images[sources[replaced], row, col]


def take_lines_in_torch(images: torch.Tensor, sources: torch.Tensor, out: torch.Tensor) -> None:
    """The fastest PyTorch we know: the same as `take_lines_in_numpy`, on PyTorch's threads.

    Parameters: see `mix_in_torch`.
    """
    import torch

    shape = blocks_shape(images.shape, sources.shape)
    lines = images.view(-1, shape[-1])
    numbers = line_numbers(torch, sources, shape)
    torch.index_select(lines, 0, numbers, out=out.view(lines.shape))


def blocks_shape(images: tuple[int, ...], sources: tuple[int, ...]) -> tuple[int, ...]:
    """(N, rows, lines of a block, cols, bytes of a line of a block)."""
    count, height, width, channels = images
    _, rows, cols = sources
    return count, rows, height // rows, cols, width // cols * channels


def line_numbers(library: Any, sources: Any, shape: tuple[int, ...]) -> Any:
    """For each line of out, in order, its number in images; ``library`` is numpy, torch or cupy."""
    _, rows, lines, cols, _ = shape
    row = library.arange(rows)[:, None, None]
    line = library.arange(lines)[:, None]
    col = library.arange(cols)
    return (((sources[:, :, None, :] * rows + row) * lines + line) * cols + col).reshape(-1)
