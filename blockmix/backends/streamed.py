"""Images on the host, mixed on a GPU strip by strip, so that a set need not fit into its memory.

A strip is the same range of bytes of all images. It is copied to the device through pinned memory,
gathered there, and copied back the same way. Strips take turns on two streams, so that copies in
both directions and the kernel overlap.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

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
STRIP_BYTES = 64 << 20  # of a strip of all images, at most; not measured yet
STREAMS = 2  # each with a strip in flight
COPY_THREADS = 4  # threads that copy between images and pinned memory; not measured yet


@dataclass(frozen=True)
class NumbaLibrary:
    """Device memory of numba, for images on the host; the stream is numba's default stream.

    numba allocates on the device that is current, which `Gpu.current` has made ``device``.
    """

    def empty(self, device: int, count: int, dtype: np.dtype[Any]) -> Any:
        return numba_cuda().device_array(count, dtype)

    def upload(self, device: int, host: npt.NDArray[Any]) -> Any:
        return numba_cuda().to_device(host)

    def stream(self, device: int) -> Any:
        return numba_cuda().default_stream()


class StreamedGpu(Gpu):
    """A GPU for images on the host; the map is in its memory."""

    def gather(self, out: Batch, images: Batch, device_map: DeviceMap, grid: BlockGrid) -> None:
        """Write the mixed images; returns when they are written."""
        images = images.dense(out.layout)
        out_bytes, image_bytes = out.bytes(), images.bytes()
        if out_bytes.size == 0:
            return
        with self.current() as stream, ThreadPoolExecutor(COPY_THREADS) as copy_threads:
            device_map.ready.wait(stream)
            stream.synchronize()  # as pipelines have streams of their own
            # In strips every image begins at a whole word, wherever it begins on the host.
            block_table, mask, ready = word_table(
                self, grid, images.planes, images.pixel_bytes, WORD
            )
            ready.synchronize()
            width = mask.dtype.itemsize
            strip_bytes = _strip_bytes(*image_bytes.shape)
            begins = range(0, image_bytes.shape[1], strip_bytes)
            size = len(image_bytes) * strip_bytes
            count = min(STREAMS, len(begins))
            pipelines = [StripPipeline(size, copy_threads) for _ in range(count)]
            map_and_tables = device_map.order, device_map.slot_map, grid.cols, block_table, mask
            for number, begin in enumerate(begins):
                end = min(begin + strip_bytes, image_bytes.shape[1])
                pipeline = pipelines[number % STREAMS]
                pipeline.finish()
                pipeline.start(
                    image_bytes[:, begin:end],
                    out_bytes[:, begin:end],
                    mask.dtype,
                    (*map_and_tables, begin // width),
                    self.multiprocessors(),
                )
            for pipeline in pipelines:
                pipeline.finish()


def _strip_bytes(count: int, image_bytes: int) -> int:
    """Bytes of an image per strip: whole words, as many as the device has memory for."""
    free = numba_cuda().current_context().get_memory_info()[0]
    smallest, largest = WORD * count, free // (4 * STREAMS)
    if largest < smallest:
        raise WorkError(
            f"{count} images need {4 * STREAMS * smallest} bytes of device memory beside the map, "
            f"but {free} are free: mix fewer at once, or on the CPU"
        )
    strip_bytes = max(min(STRIP_BYTES, largest), smallest) // count // WORD * WORD
    return int(min(strip_bytes, -(-image_bytes // WORD) * WORD))


class StripPipeline:
    """A stream, its memory, and the strip that is in flight there."""

    def __init__(self, size: int, copy_threads: ThreadPoolExecutor) -> None:
        cuda = numba_cuda()
        self.stream = cuda.stream()
        self.copy_threads = copy_threads
        with enough_memory(2 * size):
            self.to_device, self.from_device = (cuda.pinned_array(size, np.uint8) for _ in range(2))
            self.images, self.mixed = (cuda.device_array(size, np.uint8) for _ in range(2))
        self.out: npt.NDArray[np.uint8] | None = None

    def start(
        self,
        images: npt.NDArray[np.uint8],
        out: npt.NDArray[np.uint8],
        dtype: np.dtype[Any],
        tables: tuple[Any, ...],
        multiprocessors: int,
    ) -> None:
        """Start a strip: copy it to the device, gather it, and copy it back."""
        from blockmix.kernels.gather_cuda import Words, gather

        count, length = images.shape
        row_bytes = -(-length // WORD) * WORD
        size = count * row_bytes
        self._copy(_rows(self.to_device, count, row_bytes)[:, :length], images)
        self.images[:size].copy_to_device(self.to_device[:size], stream=self.stream)
        source, mixed = (
            Words(array[:size].view(dtype), 0, row_bytes // dtype.itemsize)
            for array in (self.images, self.mixed)
        )
        words = -(-length // dtype.itemsize)
        gather(mixed, source, count, words, *tables, multiprocessors, self.stream)
        self.mixed[:size].copy_to_host(self.from_device[:size], stream=self.stream)
        self.out = out

    def finish(self) -> None:
        """Wait for the strip in flight, if there is one, and copy it to ``out``."""
        if self.out is None:
            return
        self.stream.synchronize()
        count, length = self.out.shape
        row_bytes = -(-length // WORD) * WORD
        self._copy(self.out, _rows(self.from_device, count, row_bytes)[:, :length])
        self.out = None

    def _copy(self, target: npt.NDArray[np.uint8], source: npt.NDArray[np.uint8]) -> None:
        parts = np.array_split(np.arange(len(target)), COPY_THREADS)
        slices = [slice(part[0], part[-1] + 1) for part in parts if part.size]
        list(self.copy_threads.map(lambda rows: np.copyto(target[rows], source[rows]), slices))


def _rows(memory: npt.NDArray[np.uint8], count: int, row_bytes: int) -> npt.NDArray[np.uint8]:
    return memory[: count * row_bytes].reshape(count, row_bytes)
