"""Arrays in files of NumPy's format, read and written where they lie on disk."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.format import MAGIC_PREFIX, open_memmap

from blockmix.errors import InputError, WorkError
from blockmix.support.sizes import show_memory

_ZIP = b"PK"


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


@contextmanager
def new_array(
    path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], *, overwrite: bool
) -> Iterator[npt.NDArray[Any]]:
    """Make a file appear that holds an array, complete or not at all; it is written meanwhile.

    The array has the values that the caller gives it, in a file beside ``path`` until the end.
    Without ``overwrite`` a file that has appeared at ``path`` meanwhile is kept, with an error.
    """
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with _writing(path):
            array = open_memmap(part, "w+", dtype, shape)
            _reserve(part)
        yield array
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
