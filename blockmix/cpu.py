"""The CPU backend: the loops of `kernels` on NumPy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blockmix.compiler import numba
from blockmix.errors import InputError
from blockmix.kernels.draw_cpu import compose, draw_round
from blockmix.kernels.gather_cpu import gather
from blockmix.kernels.threads import COMPILED

if TYPE_CHECKING:
    from blockmix.arrays import Batch
    from blockmix.grid import BlockGrid
    from blockmix.labels import Partition


class Placed(NamedTuple):
    """A map in the memory of a backend."""

    slots: Any  # (rows * N * cols,) int32, see `kernels.draw_cpu.draw_round`
    order: Any  # (N,) int32, the image in each slot
    ready: Any = None  # on a device the event after which both are there


def unmixed(rows: int, images: int, cols: int) -> npt.NDArray[np.int32]:
    """The map of no rounds: every block stays."""
    slots = np.arange(images, dtype=np.int32)[:, None]
    return np.array(np.broadcast_to(slots, (rows, images, cols))).reshape(-1)


def check_compiled() -> None:
    """Refuse to call a loop, also for a GPU, that numba has left as Python."""
    if not COMPILED:
        raise InputError(
            "blockmix's loops run on addresses and need numba's compiler: unset NUMBA_DISABLE_JIT"
        )


def start_threads() -> None:
    """Start numba's threads, once a process, or say why they cannot be."""
    try:
        numba.get_num_threads()
    except Exception as error:  # of several kinds, all of numba's threading layers
        raise InputError(
            f"numba cannot start its threads ({' '.join(str(error).split())}): correct or unset "
            "NUMBA_THREADING_LAYER and NUMBA_THREADING_LAYER_PRIORITY"
        ) from error


class Cpu(NamedTuple):
    """Where NumPy arrays and CPU tensors are mixed."""

    name: str = "cpu"

    def draw(
        self,
        classes: Partition,
        grid: BlockGrid,
        key: npt.NDArray[np.uint32],
        rounds: int,
        faces: npt.NDArray[np.uint64],
        shifts: npt.NDArray[np.uint64],
    ) -> Placed:
        """Draw all rounds, and compose them: total = s_1 after s_2 after ... (never on pixels)."""
        shape = grid.rows, len(classes.order), grid.cols
        if rounds == 0:
            return Placed(unmixed(*shape), classes.order)
        total = np.empty(shape, np.int32)
        drawn = total if rounds == 1 else np.empty_like(total)
        for round_ in range(rounds):
            draw_round(
                (total if round_ == 0 else drawn).reshape(-1),
                grid.rows,
                grid.cols,
                key,
                round_,
                classes.ids,
                classes.classes,
                classes.starts,
                faces,
                shifts,
            )
            if round_ > 0:
                compose(drawn, total)
                total, drawn = drawn, total
        return Placed(total.reshape(-1), classes.order)

    def gather(
        self,
        into: Batch,
        batch: Batch,
        placed: Placed,
        starts: npt.NDArray[np.int64],
        grid: BlockGrid,
    ) -> None:
        """Write the mixed images."""
        gather(
            into.bytes(),
            batch.dense().bytes(),
            placed.slots,
            placed.order,
            starts,
            np.array(grid.row_edges, np.int64),
            np.array(grid.col_edges, np.int64) * batch.pixel_bytes,
            batch.planes,
        )

    def to_host(self, placed: Placed) -> Placed:
        return placed

    def from_host(self, placed: Placed) -> Placed:
        return placed
