"""The location of an array, and the library that owns its memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from blockmix.errors import WorkError


class Library(Protocol):
    """The operations that a backend needs from an owner of device memory.

    Hashable. Equal to others of its class, and to nothing else.
    """

    def empty(self, device: int, count: int, dtype: np.dtype[Any]) -> Any:
        """An uninitialised flat device array of numba, in memory of the library."""

    def upload(self, device: int, host: npt.NDArray[Any]) -> Any:
        """The contents of a flat host array on the device, copied in the order of the stream."""

    def stream(self, device: int) -> Any:
        """The caller's current stream, as a stream of numba."""


class Location(NamedTuple):
    """The location of an array: the host, or device memory of a library."""

    library: Library | None = None
    device: int = 0

    @property
    def name(self) -> str:
        return "cpu" if self.library is None else f"cuda:{self.device}"


HOST = Location()


@contextmanager
def enough_memory(size: int) -> Iterator[None]:
    """Turn any library's error for a lack of device memory into a `WorkError`.

    All libraries pass on CUDA's own words for it, or name their error after them.
    """
    try:
        yield
    except Exception as error:
        kind = type(error).__name__
        message = str(error).lower().replace("_", " ")
        if kind != "OutOfMemoryError" and "out of memory" not in message:
            raise
        raise WorkError(
            f"{size / 2**20:,.0f} MiB more of device or pinned memory are needed: free some, mix "
            "fewer images at once, or leave the images on the host and pass device='cuda'"
        ) from error
