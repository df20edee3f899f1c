"""The choice of the backend for arrays and a ``device``."""

from __future__ import annotations

import re
from typing import Any

from blockmix.arrays.location import Location
from blockmix.backends.base import Backend
from blockmix.backends.cpu import Cpu, check_compiled, start_threads
from blockmix.errors import InputError


def choose(location: Location, device: str | None) -> Backend:
    """The backend for arrays at a location, or the one that ``device`` names.

    Raises
    ------
    InputError
        If there is no such device, if arrays on a GPU would have to leave it, or if numba compiles
        nothing or cannot start its threads.
    """
    index = _index(device)
    check_compiled()
    if location.library is not None:
        if index not in (None, location.device) or device == "cpu":
            raise InputError(
                f"the images are on {location.name}, but device is {device!r}: bring them over "
                "first, as blockmix moves no images between devices on its own"
            )
    elif device in (None, "cpu"):
        start_threads()
        return Cpu()
    from blockmix.backends.driver import numba_cuda
    from blockmix.backends.gpu import Gpu
    from blockmix.backends.streamed import NumbaLibrary, StreamedGpu

    numba_cuda()  # its errors come before anything is allocated
    if location.library is None:
        return StreamedGpu(NumbaLibrary(), index or 0)
    return Gpu(location.library, location.device)


def _index(device: Any) -> int | None:
    """The index of the GPU that ``device`` names, or None if it names no index."""
    if device in (None, "cpu", "cuda"):
        return None
    match = re.fullmatch(r"cuda:(\d+)", device) if isinstance(device, str) else None
    if match is None:
        raise InputError(f"device is 'cpu', 'cuda' or 'cuda:<index>', got {device!r}")
    return int(match[1])
