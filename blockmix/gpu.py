"""The CUDA backend: draws and gathers in the memory of a GPU, on the caller's stream.

Nothing here waits for the device, except where it says so: what is launched is ordered by the
stream, and memory comes from the caller's library, which knows that order. A map may be used on
another stream than it was drawn on, which then waits for it; it must be kept until that is done.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from blockmix.cpu import Placed, unmixed
from blockmix.errors import InputError, InputTypeError, WorkError

if TYPE_CHECKING:
    from blockmix.arrays import Batch
    from blockmix.grid import BlockGrid
    from blockmix.labels import Partition


class Library(Protocol):
    """What the backend needs of a library that owns device memory. Hashable."""

    @property
    def name(self) -> str:
        """Of the library."""

    def empty(self, device: int, count: int, dtype: np.dtype[Any]) -> Any:
        """A flat device array of numba's, unset, in memory of the library."""

    def upload(self, device: int, host: npt.NDArray[Any]) -> Any:
        """The same with the contents of a flat host array, in the order of the stream."""

    def stream(self, device: int) -> Any:
        """The caller's current stream, as one of numba's."""


class NumbaLibrary(NamedTuple):
    """Memory of numba's own, for images that lie on the host; the stream is the default one."""

    name: str = "numba"

    def empty(self, device: int, count: int, dtype: np.dtype[Any]) -> Any:
        return numba_cuda().device_array(count, dtype)

    def upload(self, device: int, host: npt.NDArray[Any]) -> Any:
        return numba_cuda().to_device(host)

    def stream(self, device: int) -> Any:
        return numba_cuda().default_stream()


_used_by: int | None = None  # the process that first used CUDA


def numba_cuda() -> Any:
    """`numba.cuda`, after the checks without which its errors would not name the way out."""
    global _used_by
    if _used_by == os.getpid():  # looked at once, as every call comes here several times
        from blockmix.kernels.cuda import cuda

        return cuda
    if find_spec("numba_cuda") is None:
        raise InputTypeError(
            "mixing on a GPU needs numba-cuda: pip install 'blockmix[cuda13]' (or cuda12, for "
            "drivers before 580), or bring the images to the CPU"
        )
    if _used_by is not None:
        raise WorkError(
            "CUDA was used before this process was forked, and does not survive that: start "
            "worker processes with the method 'spawn' or 'forkserver'"
        )
    from blockmix.kernels.cuda import cuda

    if not cuda.is_available():
        raise WorkError(
            f"CUDA cannot be used ({_reason(cuda)}): mix on the CPU, or, in a process that was "
            "forked after CUDA had been used, start workers with the method 'spawn'"
        )
    _used_by = os.getpid()
    return cuda


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


def _reason(cuda: Any) -> str:
    try:
        return f"{len(cuda.gpus)} GPUs, but no compiler: is the extra for this driver installed?"
    except Exception as error:  # of several kinds, all of numba's driver layer
        return " ".join(str(error).split()).strip(" :.") or "no GPU with a working driver"


def devices() -> list[str]:
    """The names of the GPUs that can be used, in the order of their indices."""
    if find_spec("numba_cuda") is None:
        return []
    from blockmix.kernels.cuda import cuda

    if not cuda.is_available():
        return []
    names = (device.name for device in cuda.list_devices())
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


class Gpu(NamedTuple):
    """A GPU, and the library that owns the memory there."""

    library: Library
    device: int

    @property
    def name(self) -> str:
        return f"cuda:{self.device}"

    @contextmanager
    def current(self) -> Iterator[Any]:
        """Make the device numba's current one; gives the caller's stream as one of numba's."""
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
        """An event after what the stream has to do now."""
        event = numba_cuda().event()
        event.record(stream)
        return event

    def multiprocessors(self) -> int:
        """Of the device; what the simulator has is taken for one."""
        device = numba_cuda().get_current_device()
        return int(getattr(device, "MULTIPROCESSOR_COUNT", 1))

    def draw(
        self,
        classes: Partition,
        grid: BlockGrid,
        key: npt.NDArray[np.uint32],
        rounds: int,
        faces: npt.NDArray[np.uint64],
        shifts: npt.NDArray[np.uint64],
    ) -> Placed:
        """Draw all rounds on the device; ids and classes go there, and nothing comes back."""
        count = len(classes.order)
        if rounds == 0 or count == 0:
            return self.from_host(Placed(unmixed(grid.rows, count, grid.cols), classes.order))
        with self.current() as stream:
            from blockmix.kernels.draw_cuda import draw

            flat = self.empty(count * grid.rows * grid.cols, np.int32)
            drawn = draw(
                flat,
                flat if rounds == 1 else self.empty(flat.size, np.int32),
                self.empty(len(faces) * count, np.int32),
                grid.rows,
                grid.cols,
                tuple(key),
                rounds,
                self.upload(classes.ids),
                self.upload(classes.classes),
                self.upload(classes.starts),
                self.upload(faces),
                self.upload(shifts),
                stream,
            )
            return Placed(drawn, self.upload(classes.order), self.event_after(stream))

    def gather(
        self,
        into: Batch,
        batch: Batch,
        placed: Placed,
        starts: npt.NDArray[np.int64],
        grid: BlockGrid,
    ) -> None:
        """Write the mixed images."""
        with enough_memory(batch.view.nbytes):
            batch = batch.dense()
        out, images = into.bytes(), batch.bytes()
        if out.size == 0:
            return
        aligned = _aligned(out, images)
        with self.current() as stream:
            blocks, mask, there = word_table(self, grid, batch.planes, batch.pixel_bytes, aligned)
            for event in (placed.ready, there):
                event.wait(stream)
            from blockmix.kernels import gather_cuda

            gather_cuda.gather(
                _words(out, mask.dtype),
                _words(images, mask.dtype),
                *(len(images), images.shape[1] // mask.dtype.itemsize),
                placed.order,
                placed.slots,
                grid.cols,
                blocks,
                mask,
                0,
                self.multiprocessors(),
                stream,
            )

    def to_host(self, placed: Placed) -> Placed:
        """Waits for the device."""
        with self.current() as stream:
            placed.ready.wait(stream)
            slots, order = (array.copy_to_host(stream=stream) for array in placed[:2])
            stream.synchronize()
        return Placed(slots, order)

    def from_host(self, placed: Placed) -> Placed:
        with self.current() as stream:
            there = self.upload(placed.slots), self.upload(placed.order)
            return Placed(*there, self.event_after(stream))


def _aligned(*batches: npt.NDArray[np.uint8]) -> int:
    """The largest power of two, up to 8, that divides where images begin, and their bytes."""
    found = 8
    for batch in batches:
        parts = [batch.ctypes.data, batch.shape[1], batch.strides[0] if len(batch) > 1 else 0]
        while any(part % found for part in parts):
            found //= 2
    return found


def _words(batch: npt.NDArray[np.uint8], dtype: np.dtype[Any]) -> Any:
    """The memory of a batch, first image to last, as words; a stride may be negative."""
    from blockmix.kernels.cuda import array_at
    from blockmix.kernels.gather_cuda import Words

    stride = batch.strides[0] if len(batch) > 1 else 0
    before = min(0, (len(batch) - 1) * stride)
    span = abs((len(batch) - 1) * stride) + batch.shape[1]
    width = dtype.itemsize
    array = array_at(batch, batch.ctypes.data + before, span // width, dtype)
    return Words(array, -before // width, stride // width)


@lru_cache(maxsize=256)
def word_table(gpu: Gpu, grid: BlockGrid, planes: int, pixel_bytes: int, aligned: int) -> Any:
    """See `gather_cuda.cut_words`; brought to the device once for a kind of image.

    With it the event after which it is there, as later calls may use it on another stream.
    """
    from blockmix.kernels.gather_cuda import cut_words

    row_edges = np.array(grid.row_edges, np.int64)
    byte_edges = np.array(grid.col_edges, np.int64) * pixel_bytes
    blocks, mask = cut_words(row_edges, byte_edges, planes, aligned)
    with gpu.current() as stream:
        return gpu.upload(blocks), gpu.upload(mask), gpu.event_after(stream)
