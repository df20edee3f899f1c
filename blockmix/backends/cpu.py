"""The CPU backend: the loops of `kernels` on NumPy arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from blockmix.arrays.batch import Batch
from blockmix.backends.base import DeviceMap, DrawRequest, unmixed
from blockmix.compiler import numba
from blockmix.errors import InputError
from blockmix.grid import BlockGrid
from blockmix.kernels.draw_cpu import compose, draw_round
from blockmix.kernels.gather_cpu import gather
from blockmix.kernels.threads import COMPILED


def check_compiled() -> None:
    """Refuse to run loops, also those of a GPU, that numba has not compiled."""
    if not COMPILED:
        raise InputError(
            "blockmix's loops run on addresses and need numba's compiler: unset NUMBA_DISABLE_JIT"
        )


def start_threads() -> None:
    """Start numba's threads, once per process, or raise an error that names the way out."""
    try:
        numba.get_num_threads()
    except Exception as error:  # each of numba's threading layers raises its own kind
        raise InputError(
            f"numba cannot start its threads ({' '.join(str(error).split())}): correct or unset "
            "NUMBA_THREADING_LAYER and NUMBA_THREADING_LAYER_PRIORITY"
        ) from error


class Cpu(NamedTuple):
    """The backend for NumPy arrays and CPU tensors."""

    name: str = "cpu"

    def draw(self, request: DrawRequest) -> DeviceMap:
        """Draw all rounds and compose their maps."""
        if request.rounds == 0:
            return unmixed(request)
        grid, partition = request.grid, request.partition
        slot_map = np.empty((grid.rows, len(partition.order), grid.cols), np.int32)
        spare = slot_map if request.rounds == 1 else np.empty_like(slot_map)
        for round_ in range(request.rounds):
            draw_round(
                (slot_map if round_ == 0 else spare).reshape(-1),
                grid.rows,
                grid.cols,
                request.key,
                round_,
                partition.ids,
                partition.class_of_slot,
                partition.starts,
                partition.group_runs,
                request.faces,
                request.shifts,
            )
            if round_ > 0:
                compose(spare, slot_map)
                slot_map, spare = spare, slot_map
        return DeviceMap(slot_map.reshape(-1), partition.order, partition.starts)

    def gather(self, out: Batch, images: Batch, device_map: DeviceMap, grid: BlockGrid) -> None:
        """Write the mixed images."""
        images = images.dense(out.layout)
        gather(
            out.bytes(),
            images.bytes(),
            device_map.slot_map,
            device_map.order,
            device_map.starts,
            np.array(grid.row_edges, np.int64),
            np.array(grid.col_edges, np.int64) * images.pixel_bytes,
            images.planes,
        )

    def to_host(self, device_map: DeviceMap) -> DeviceMap:
        return device_map

    def from_host(self, device_map: DeviceMap) -> DeviceMap:
        return device_map
