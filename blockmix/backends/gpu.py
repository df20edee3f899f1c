"""The CUDA backend: draws and gathers in the memory of a GPU, on the caller's stream.

Nothing here waits for the device unless its docstring says so: launches are ordered by the stream,
and memory comes from the caller's library, which follows that order. A map may be used on another
stream than it was drawn on: that stream waits for the map, which must be kept alive until then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blockmix.arrays.batch import Batch
from blockmix.arrays.location import Library, enough_memory
from blockmix.backends.base import DeviceMap, DrawRequest, unmixed
from blockmix.backends.driver import numba_cuda
from blockmix.errors import InputError
from blockmix.grid import BlockGrid


class Gpu(NamedTuple):
    """A GPU, and the library that owns the memory there."""

    library: Library
    device: int

    @property
    def name(self) -> str:
        return f"cuda:{self.device}"

    @contextmanager
    def current(self) -> Iterator[Any]:
        """Make the device current in numba, and give the caller's stream as a stream of numba."""
        cuda = numba_cuda()
        from blockmix.kernels.cuda import keep_context

        count = len(cuda.gpus)
        if self.device >= count:
            names = ", ".join(f"cuda:{index}" for index in range(count))
            raise InputError(f"there is no device {self.name}, only {names}")
        keep_context(self.device)
        with cuda.gpus[self.device]:
            yield self.library.stream(self.device)

    def empty(self, count: int, dtype: npt.DTypeLike) -> Any:
        with enough_memory(count * np.dtype(dtype).itemsize):
            return self.library.empty(self.device, count, np.dtype(dtype))

    def upload(self, host: npt.NDArray[Any]) -> Any:
        with enough_memory(host.nbytes):
            return self.library.upload(self.device, np.ascontiguousarray(host).reshape(-1))

    def event_after(self, stream: Any) -> Any:
        """An event after the work that is on the stream now."""
        event = numba_cuda().event()
        event.record(stream)
        return event

    def multiprocessors(self) -> int:
        """Number of multiprocessors; 1 in the simulator, which reports none."""
        device = numba_cuda().get_current_device()
        return int(getattr(device, "MULTIPROCESSOR_COUNT", 1))

    def draw(self, request: DrawRequest) -> DeviceMap:
        """Draw all rounds on the device; ids and classes are copied there, and nothing back."""
        grid, partition, rounds = request.grid, request.partition, request.rounds
        count = len(partition.order)
        if rounds == 0 or count == 0:
            return self.from_host(unmixed(request))
        with self.current() as stream:
            from blockmix.kernels.draw_cuda import draw

            memory = self.empty(count * grid.rows * grid.cols, np.int32)
            class_of_slot = self.upload(partition.class_of_slot)
            slot_map = draw(
                memory,
                memory if rounds == 1 else self.empty(memory.size, np.int32),
                self.empty(len(request.faces) * count, np.int32),
                grid.rows,
                grid.cols,
                tuple(request.key),
                rounds,
                self.upload(partition.ids),
                class_of_slot,
                self.upload(partition.starts),
                # Without groups a view of no bytes, as a library need not upload an empty array.
                self.upload(partition.group_runs)
                if partition.group_runs.size
                else class_of_slot[:0],
                self.upload(request.faces),
                self.upload(request.shifts),
                stream,
            )
            order, ready = self.upload(partition.order), self.event_after(stream)
            return DeviceMap(slot_map, order, partition.starts, ready)

    def gather(self, out: Batch, images: Batch, device_map: DeviceMap, grid: BlockGrid) -> None:
        """Write the mixed images."""
        with enough_memory(images.view.nbytes):
            images = images.dense(out.layout)
        out_bytes, image_bytes = out.bytes(), images.bytes()
        if out_bytes.size == 0:
            return
        aligned = _alignment(out_bytes, image_bytes)
        with self.current() as stream:
            block_table, mask, ready = word_table(
                self, grid, images.planes, images.pixel_bytes, aligned
            )
            for event in (device_map.ready, ready):
                event.wait(stream)
            from blockmix.kernels import gather_cuda

            gather_cuda.gather(
                _words(out_bytes, mask.dtype),
                _words(image_bytes, mask.dtype),
                *(len(image_bytes), image_bytes.shape[1] // mask.dtype.itemsize),
                device_map.order,
                device_map.slot_map,
                grid.cols,
                block_table,
                mask,
                0,
                self.multiprocessors(),
                stream,
            )

    def to_host(self, device_map: DeviceMap) -> DeviceMap:
        """The map as NumPy arrays; waits for the device."""
        with self.current() as stream:
            device_map.ready.wait(stream)
            slot_map, order = (
                array.copy_to_host(stream=stream)
                for array in (device_map.slot_map, device_map.order)
            )
            stream.synchronize()
        return DeviceMap(slot_map, order, device_map.starts)

    def from_host(self, device_map: DeviceMap) -> DeviceMap:
        with self.current() as stream:
            slot_map, order = self.upload(device_map.slot_map), self.upload(device_map.order)
            return DeviceMap(slot_map, order, device_map.starts, self.event_after(stream))


def _alignment(*batches: npt.NDArray[np.uint8]) -> int:
    """The largest power of two, up to 8, that divides addresses, sizes and strides of images."""
    alignment = 8
    for batch in batches:
        numbers = [batch.ctypes.data, batch.shape[1], batch.strides[0] if len(batch) > 1 else 0]
        while any(number % alignment for number in numbers):
            alignment //= 2
    return alignment


def _words(batch: npt.NDArray[np.uint8], dtype: np.dtype[Any]) -> Any:
    """The memory of a batch, first image to last, as words; a stride may be negative."""
    from blockmix.kernels.cuda import array_at
    from blockmix.kernels.gather_cuda import Words

    stride = batch.strides[0] if len(batch) > 1 else 0
    lowest = min(0, (len(batch) - 1) * stride)
    span = abs((len(batch) - 1) * stride) + batch.shape[1]
    width = dtype.itemsize
    array = array_at(batch, batch.ctypes.data + lowest, span // width, dtype)
    return Words(array, -lowest // width, stride // width)


@lru_cache(maxsize=256)
def word_table(gpu: Gpu, grid: BlockGrid, planes: int, pixel_bytes: int, aligned: int) -> Any:
    """The tables of `gather_cuda.cut_words` on the device, and the event that completes them.

    They are copied once per kind of image. Later calls may use them on another stream.
    """
    from blockmix.kernels.gather_cuda import cut_words

    row_edges = np.array(grid.row_edges, np.int64)
    byte_edges = np.array(grid.col_edges, np.int64) * pixel_bytes
    block_table, mask = cut_words(row_edges, byte_edges, planes, aligned)
    with gpu.current() as stream:
        return gpu.upload(block_table), gpu.upload(mask), gpu.event_after(stream)
