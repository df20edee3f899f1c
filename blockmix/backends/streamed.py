"""Images on the host, mixed on a GPU: strip by strip, so that a set need not fit into its memory.

A strip is the same bytes of all images. It goes to the device through pinned memory, is gathered
there, and comes back the same way. Strips take turns on two streams, so that copies in both
directions and the kernel overlap.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blockmix.arrays.batch import Batch
from blockmix.arrays.location import enough_memory
from blockmix.backends.base import DeviceMap
from blockmix.backends.driver import numba_cuda
from blockmix.backends.gpu import Gpu, word_table
from blockmix.errors import WorkError
from blockmix.grid import BlockGrid

WORD = 8  # bytes; strips begin at whole words of an image
STRIP_BYTES = 64 << 20  # of one strip of all images, at most; not measured yet
LANES = 2  # strips in flight
PACKERS = 4  # threads that copy between images and pinned memory; not measured yet


class NumbaLibrary(NamedTuple):
    """Memory of numba's own, for images that lie on the host; the stream is the default one."""

    name: str = "numba"

    def empty(self, device: int, count: int, dtype: np.dtype[Any]) -> Any:
        return numba_cuda().device_array(count, dtype)

    def upload(self, device: int, host: npt.NDArray[Any]) -> Any:
        return numba_cuda().to_device(host)

    def stream(self, device: int) -> Any:
        return numba_cuda().default_stream()


class StreamedGpu(Gpu):
    """A GPU for images that lie on the host; the map lies there as on any."""

    def gather(self, out: Batch, images: Batch, device_map: DeviceMap, grid: BlockGrid) -> None:
        """Write the mixed images; returns when they are written."""
        written, read = out.bytes(), images.dense().bytes()
        if written.size == 0:
            return
        with self.current() as stream, ThreadPoolExecutor(PACKERS) as packers:
            device_map.ready.wait(stream)
            stream.synchronize()  # as lanes have streams of their own
            # In strips every image begins at a whole word, wherever it begins on the host.
            blocks, mask, ready = word_table(self, grid, images.planes, images.pixel_bytes, WORD)
            ready.synchronize()
            width = mask.dtype.itemsize
            strip_bytes = _strip_bytes(*read.shape)
            begins = range(0, read.shape[1], strip_bytes)
            size = len(read) * strip_bytes
            lanes = [Lane(size, packers) for _ in range(min(LANES, len(begins)))]
            for number, begin in enumerate(begins):
                end = min(begin + strip_bytes, read.shape[1])
                lane = lanes[number % LANES]
                lane.finish()
                lane.start(
                    read[:, begin:end],
                    written[:, begin:end],
                    mask.dtype,
                    (device_map.order, device_map.slots, grid.cols, blocks, mask, begin // width),
                    self.multiprocessors(),
                )
            for lane in lanes:
                lane.finish()


def _strip_bytes(count: int, image_bytes: int) -> int:
    """Bytes of an image in a strip: whole words, and what the device has room for."""
    free = numba_cuda().current_context().get_memory_info()[0]
    least, room = WORD * count, free // (4 * LANES)
    if room < least:
        raise WorkError(
            f"{count} images need {4 * LANES * least} bytes of device memory beside the map, but "
            f"{free} are free: mix fewer at once, or on the CPU"
        )
    most = max(min(STRIP_BYTES, room), least) // count // WORD * WORD
    return int(min(most, -(-image_bytes // WORD) * WORD))


class Lane:
    """A stream with its memory, and the strip that is on its way there."""

    def __init__(self, size: int, packers: ThreadPoolExecutor) -> None:
        cuda = numba_cuda()
        self.stream = cuda.stream()
        self.packers = packers
        with enough_memory(2 * size):
            self.to_device, self.from_device = (cuda.pinned_array(size, np.uint8) for _ in range(2))
            self.images, self.mixed = (cuda.device_array(size, np.uint8) for _ in range(2))
        self.out: npt.NDArray[np.uint8] | None = None

    def start(
        self,
        images: npt.NDArray[np.uint8],
        out: npt.NDArray[np.uint8],
        dtype: np.dtype[Any],
        table: tuple[Any, ...],
        multiprocessors: int,
    ) -> None:
        """Send a strip on its way: to the device, through the gather, and back."""
        from blockmix.kernels.gather_cuda import Words, gather

        count, length = images.shape
        row = -(-length // WORD) * WORD
        size = count * row
        self._copy(_rows(self.to_device, count, row)[:, :length], images)
        self.images[:size].copy_to_device(self.to_device[:size], stream=self.stream)
        source, mixed = (
            Words(array[:size].view(dtype), 0, row // dtype.itemsize)
            for array in (self.images, self.mixed)
        )
        words = -(-length // dtype.itemsize)
        gather(mixed, source, count, words, *table, multiprocessors, self.stream)
        self.mixed[:size].copy_to_host(self.from_device[:size], stream=self.stream)
        self.out = out

    def finish(self) -> None:
        """Wait for the strip on its way, if there is one, and bring it to its place."""
        if self.out is None:
            return
        self.stream.synchronize()
        count, length = self.out.shape
        row = -(-length // WORD) * WORD
        self._copy(self.out, _rows(self.from_device, count, row)[:, :length])
        self.out = None

    def _copy(self, to: npt.NDArray[np.uint8], origin: npt.NDArray[np.uint8]) -> None:
        parts = np.array_split(np.arange(len(to)), PACKERS)
        bounds = [(part[0], part[-1] + 1) for part in parts if part.size]
        list(self.packers.map(lambda b: np.copyto(to[b[0] : b[1]], origin[b[0] : b[1]]), bounds))


def _rows(memory: npt.NDArray[np.uint8], count: int, row: int) -> npt.NDArray[np.uint8]:
    return memory[: count * row].reshape(count, row)
