"""What a backend does, what it draws by, and what it draws."""

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
    """All that a map of several rounds follows from."""

    classes: Partition
    grid: BlockGrid
    rounds: int  # 0 leaves every block where it is
    faces: npt.NDArray[np.uint64]  # (sources + 1,) of the die for each pool size
    shifts: npt.NDArray[np.uint64]
    key: npt.NDArray[np.uint32] = field(repr=False)  # (8,) secret


class DeviceMap(NamedTuple):
    """A map in the memory of a backend. Images stand in slots, class after class."""

    slots: Any  # (rows * N * cols,) int32, see `kernels.draw_cpu.draw_round`
    order: Any  # (N,) int32, the image in each slot
    starts: npt.NDArray[np.int64]  # on the host: where each class begins, and the end
    ready: Any = None  # on a device the event after which the map is there


class Backend(Protocol):
    """Draws and gathers. Hashable: two of one device and library are equal."""

    @property
    def name(self) -> str:
        """What it is called as a ``device``."""

    def draw(self, request: DrawRequest) -> DeviceMap:
        """Draw all rounds, and compose them: total = s_1 after s_2 after ... (never on pixels)."""

    def gather(self, out: Batch, images: Batch, device_map: DeviceMap, grid: BlockGrid) -> None:
        """Write the mixed images."""

    def to_host(self, device_map: DeviceMap) -> DeviceMap:
        """The map as NumPy arrays."""

    def from_host(self, device_map: DeviceMap) -> DeviceMap:
        """The map from NumPy arrays."""


def unmixed(request: DrawRequest) -> DeviceMap:
    """The map of no rounds, on the host: every block stays."""
    count = len(request.classes.order)
    slots = np.arange(count, dtype=np.int32)[:, None]
    shape = request.grid.rows, count, request.grid.cols
    all_slots = np.array(np.broadcast_to(slots, shape)).reshape(-1)
    return DeviceMap(all_slots, request.classes.order, request.classes.starts)
