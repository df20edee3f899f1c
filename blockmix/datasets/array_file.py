"""Arrays in files of NumPy's format, read and written where they lie on disk."""

from __future__ import annotations

import math
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib.format import MAGIC_PREFIX, open_memmap

from blockmix.errors import InputError, WorkError
from blockmix.support.sizes import show_memory

_ZIP = b"PK"


class NewArray(NamedTuple):
    """An array that is being written."""

    values: npt.NDArray[Any]
    part: Path  # the file in which it lies until it is complete


def open_array(path: Path) -> npt.NDArray[Any]:
    """Map an array into memory, read-only.

    Raises
    ------
    InputError
        If it is no file of NumPy's format, or an array cannot be mapped as it lies there.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(MAGIC_PREFIX))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    if start.startswith(_ZIP):
        raise InputError(f"{path} may hold several arrays (npz): save the images alone, as .npy")
    unusable = InputError(
        f"{path} is not a whole file of numpy.save with an array of fixed size: save the images "
        "anew"
    )
    if start != MAGIC_PREFIX:
        raise unusable
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception:  # objects, or cut off; on a damaged header NumPy raises anything
        raise unusable from None
    if not array.flags.c_contiguous:
        raise InputError(
            f"{path} lies in Fortran order, so that no image is in one piece: save it as "
            "numpy.ascontiguousarray(array)"
        )
    return np.asarray(array)


def as_bytes(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """View items of several fields as one field of bytes: NumPy copies nothing between fields."""
    dtype = array.dtype
    return array if dtype.fields is None else array.view(np.dtype((np.void, dtype.itemsize)))


@contextmanager
def new_array(
    path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], *, overwrite: bool
) -> Iterator[NewArray]:
    """Make a file appear that holds an array, complete or not at all; it is written meanwhile.

    The array has the values that the caller gives it, in a file beside ``path`` until the end, or
    that other processes write to that file. Without ``overwrite`` a file that has appeared at
    ``path`` meanwhile is kept, with an error.
    """
    part = _part(path.parent)
    try:
        with _writing(path):
            array = open_memmap(part, "w+", dtype, shape)
            _reserve(part)
        yield NewArray(array, part)
        with _writing(path):
            array.flush()
            if os.path.lexists(path) and not overwrite:
                raise WorkError(f"{path} has appeared since the mixing began: name another file")
            os.replace(part, path)
    except BaseException:
        with suppress(OSError):  # which would hide the cause
            part.unlink(missing_ok=True)
        raise


@contextmanager
def private_array(folder: Path, values: npt.NDArray[Any]) -> Iterator[Path]:
    """Give a file that holds an array until the block ends, for nobody but its owner."""
    path = _part(folder)
    try:
        with _writing(path):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "wb") as file:
                np.save(file, values)
        yield path
    finally:
        with suppress(OSError):  # which would hide the cause
            path.unlink(missing_ok=True)


def write_images(
    path: Path,
    shape: tuple[int, ...],
    index: tuple[npt.NDArray[Any], *tuple[slice, ...]],
    values: npt.NDArray[Any],
) -> None:
    """Write ``array[index] = values`` in the file of an array, and not one byte beside it.

    ``index`` has some images, and a slice for every other axis. The file is neither mapped nor
    read: on a network file system that would keep whole pages, of which other machines are writing
    the rest, and write them back.
    """
    images, *spans = index
    if values.size == 0:
        return
    sizes = values.shape[1:]
    strides = [math.prod(shape[axis + 1 :]) * values.itemsize for axis in range(len(shape))]
    # From the last axis that is cut on, an image's values lie in one piece.
    cut = max((axis for axis, size in enumerate(sizes) if size < shape[axis + 1]), default=0)
    steps = [
        ((span.start or 0) + np.arange(size if axis < cut else 1)) * strides[axis + 1]
        for axis, (span, size) in enumerate(zip(spans, sizes, strict=True))
        if axis <= cut
    ]
    offsets = reduce(np.add.outer, steps).ravel().tolist()
    pieces = np.ascontiguousarray(values).reshape(len(images), len(offsets), -1).view(np.uint8)
    with open(os.open(path, os.O_WRONLY), "wb") as file:
        begin = os.fstat(file.fileno()).st_size - shape[0] * strides[0]
        for image, image_pieces in zip(images.tolist(), pieces, strict=True):
            for offset, piece in zip(offsets, image_pieces, strict=True):
                file.seek(begin + image * strides[0] + offset)
                file.write(piece)


def _part(folder: Path) -> Path:
    """Name a file that is in the way of nobody."""
    return folder / f".{secrets.token_hex(8)}.part"


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WorkError(f"cannot write {path}: {error.strerror or error}") from error


def _reserve(path: Path) -> None:
    """Take the space of a file on the disk: writing to a mapped one cannot report that it is full.

    Where the system cannot take it (macOS), it is only compared with what is free.
    """
    size, free = path.stat().st_size, shutil.disk_usage(path.parent).free
    if size > free:
        raise WorkError(
            f"{path.parent} has {show_memory(free)} free, but the mixed images take "
            f"{show_memory(size)}: make room, or name another disk"
        )
    if hasattr(os, "posix_fallocate"):
        with open(path, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, size)
