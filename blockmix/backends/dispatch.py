"""Which backend takes which arrays."""

from __future__ import annotations

import re
from typing import Any

from blockmix.arrays.location import Location
from blockmix.backends.base import Backend
from blockmix.backends.cpu import Cpu, check_compiled, start_threads
from blockmix.errors import InputError


def choose(location: Location, device: str | None) -> Backend:
    """The backend for arrays at a location, unless another ``device`` is asked for.

    Raises
    ------
    InputError
        If there is no such device, or the arrays lie on another GPU or would have to leave theirs;
        or if numba is set to compile nothing, or to threads that it cannot start.
    """
    asked = _index(device)
    check_compiled()
    if location.library is not None:
        if asked not in (None, location.device) or device == "cpu":
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

    numba_cuda()  # what is wrong with CUDA shows before anything is allocated
    if location.library is None:
        return StreamedGpu(NumbaLibrary(), asked or 0)
    return Gpu(location.library, location.device)


def _index(device: Any) -> int | None:
    """The index of a GPU, or None where none is named."""
    if device in (None, "cpu", "cuda"):
        return None
    found = re.fullmatch(r"cuda:(\d+)", device) if isinstance(device, str) else None
    if found is None:
        raise InputError(f"device is 'cpu', 'cuda' or 'cuda:<index>', got {device!r}")
    return int(found[1])
