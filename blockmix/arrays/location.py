"""Where an array lies, and which library owns the memory there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from blockmix.errors import WorkError


class Library(Protocol):
    """What a backend needs of a library that owns device memory. Hashable."""

    @property
    def name(self) -> str:
        """Of the library."""

    def empty(self, device: int, count: int, dtype: np.dtype[Any]) -> Any:
        """A flat device array of numba's, unset, in memory of the library."""

    def upload(self, device: int, host: npt.NDArray[Any]) -> Any:
        """The same with the contents of a flat host array, in the order of the stream."""

    def stream(self, device: int) -> Any:
        """The caller's current stream, as one of numba's."""


class Location(NamedTuple):
    """Where an array lies: on the host, or in device memory of a library."""

    library: Library | None = None
    device: int = 0

    @property
    def name(self) -> str:
        return "cpu" if self.library is None else f"cuda:{self.device}"


HOST = Location()


@contextmanager
def enough_memory(size: int) -> Iterator[None]:
    """Turn what any of the libraries raises when device memory is used up into one error."""
    try:
        yield
    except Exception as error:
        kind = type(error).__name__
        said = str(error).lower().replace("_", " ")
        if kind != "OutOfMemoryError" and "out of memory" not in said:
            raise
        raise WorkError(
            f"{size / 2**20:,.0f} MiB more of device or pinned memory are needed: free some, mix "
            "fewer images at once, or leave the images on the host and pass device='cuda'"
        ) from error
