"""The interface of backends: the request of a draw, the map that it returns, and the operations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from blockmix.arrays.batch import Batch
from blockmix.grid import BlockGrid
from blockmix.labels import Partition


@dataclass(frozen=True)
class DrawRequest:
    """Everything that determines the map of several rounds."""

    partition: Partition
    grid: BlockGrid
    rounds: int  # 0 leaves every block where it is
    faces: npt.NDArray[np.uint64]  # (sources + 1,) the die for each pool size
    shifts: npt.NDArray[np.uint64]
    key: npt.NDArray[np.uint32] = field(repr=False)  # (8,) secret


class DeviceMap(NamedTuple):
    """A map in the memory of a backend. Images are in slots, class after class."""

    slot_map: Any  # (rows * N * cols,) int32, see `kernels.draw_cpu.draw_round`
    order: Any  # (N,) int32, the image in each slot
    starts: npt.NDArray[np.int64]  # on the host: where each class begins, and the end
    ready: Any = None  # on a device: the event after which the map is complete


class Backend(Protocol):
    """Draws maps and gathers images. Hashable; backends of one device and library are equal."""

    @property
    def name(self) -> str:
        """The name that users give as ``device``."""

    def draw(self, request: DrawRequest) -> DeviceMap:
        """Draw all rounds and compose their maps: total = s_1 after s_2 after ..."""

    def gather(self, out: Batch, images: Batch, device_map: DeviceMap, grid: BlockGrid) -> None:
        """Write the mixed images."""

    def to_host(self, device_map: DeviceMap) -> DeviceMap:
        """The map as NumPy arrays."""

    def from_host(self, device_map: DeviceMap) -> DeviceMap:
        """The map in the memory of the backend, from NumPy arrays."""


def unmixed(request: DrawRequest) -> DeviceMap:
    """The map of no rounds, on the host: every block stays."""
    partition, grid = request.partition, request.grid
    count = len(partition.order)
    slots = np.arange(count, dtype=np.int32)[:, None]
    slot_map = np.array(np.broadcast_to(slots, (grid.rows, count, grid.cols))).reshape(-1)
    return DeviceMap(slot_map, partition.order, partition.starts)
