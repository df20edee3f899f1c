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

from blockmix.errors import InputError, WorkError
from blockmix.support.sizes import show_memory


def open_array(path: Path) -> npt.NDArray[Any]:
    """Map an array into memory, read-only.

    Raises
    ------
    InputError
        If it is no file of NumPy's format, or an array cannot be mapped as it lies there.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, EOFError) as error:  # another format, objects, cut off
        raise InputError(
            f"{path} is not an array as numpy.save writes it, whole and of fixed size: {error}"
        ) from None
    if not isinstance(array, np.memmap):
        array.close()
        raise InputError(f"{path} holds several arrays (npz): save the images alone, as .npy")
    if not array.flags.c_contiguous:
        raise InputError(
            f"{path} lies in Fortran order, so that no image is in one piece: save it as "
            "numpy.ascontiguousarray(array)"
        )
    return np.asarray(array)


@contextmanager
def new_array(
    path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Iterator[npt.NDArray[Any]]:
    """Make a file appear that holds an array, complete or not at all; it is written meanwhile.

    The array has the values that the caller gives it, in a file beside ``path`` until the end.
    All of its space on the disk is taken at the beginning.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with _writing(path):
            array = np.lib.format.open_memmap(part, "w+", dtype, shape)
            _reserve(part)
        yield array
        with _writing(path):
            array.flush()
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
    """Take the space of a file on the disk, as writing to a mapped one may not fail."""
    size, free = path.stat().st_size, shutil.disk_usage(path.parent).free
    if size > free:
        raise WorkError(
            f"{path.parent} has {show_memory(free)} free, but the mixed images take "
            f"{show_memory(size)}: make room, or name another disk"
        )
    if hasattr(os, "posix_fallocate"):
        with open(path, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, size)
