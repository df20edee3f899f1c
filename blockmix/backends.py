"""Backends: where maps are drawn and blocks are moved, and which of them takes which arrays."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from blockmix.cpu import Cpu, Placed, check_compiled, start_threads
from blockmix.errors import InputError

if TYPE_CHECKING:
    from blockmix.arrays import Batch
    from blockmix.gpu import Library
    from blockmix.grid import BlockGrid
    from blockmix.labels import Partition


class Backend(Protocol):
    """Draws and gathers. Hashable: two of one place are equal."""

    @property
    def name(self) -> str:
        """What it is called as a ``device``."""

    def draw(
        self,
        classes: Partition,
        grid: BlockGrid,
        key: npt.NDArray[np.uint32],
        rounds: int,
        faces: npt.NDArray[np.uint64],
        shifts: npt.NDArray[np.uint64],
    ) -> Placed:
        """Draw the map of all rounds; none leave every block where it is."""

    def gather(
        self,
        into: Batch,
        batch: Batch,
        placed: Placed,
        starts: npt.NDArray[np.int64],
        grid: BlockGrid,
    ) -> None:
        """Write the mixed images."""

    def to_host(self, placed: Placed) -> Placed:
        """The map as NumPy arrays."""

    def from_host(self, placed: Placed) -> Placed:
        """The map from NumPy arrays."""


class Place(NamedTuple):
    """Where an array lies: on the host, or in device memory of a library."""

    library: Library | None = None
    device: int = 0

    @property
    def name(self) -> str:
        return "cpu" if self.library is None else f"cuda:{self.device}"


HOST = Place()


def choose(place: Place, device: str | None) -> Backend:
    """The backend for arrays of a place, unless another ``device`` is asked for.

    Raises
    ------
    InputError
        If there is no such device, or the arrays lie on another GPU or would have to leave theirs;
        or if numba is set to compile nothing, or to threads that it cannot start.
    """
    asked = _index(device)
    check_compiled()
    if place.library is not None:
        if asked not in (None, place.device) or device == "cpu":
            raise InputError(
                f"the images are on {place.name}, but device is {device!r}: bring them over "
                "first, as blockmix moves no images between devices on its own"
            )
    elif device in (None, "cpu"):
        start_threads()
        return Cpu()
    from blockmix.gpu import Gpu, NumbaLibrary, numba_cuda
    from blockmix.streaming import StreamedGpu

    numba_cuda()  # what is wrong with CUDA shows before anything is allocated
    if place.library is None:
        return StreamedGpu(NumbaLibrary(), asked or 0)
    return Gpu(place.library, place.device)


def _index(device: Any) -> int | None:
    """The index of a GPU, or None where none is named."""
    if device in (None, "cpu", "cuda"):
        return None
    found = re.fullmatch(r"cuda:(\d+)", device) if isinstance(device, str) else None
    if found is None:
        raise InputError(f"device is 'cpu', 'cuda' or 'cuda:<index>', got {device!r}")
    return int(found[1])
