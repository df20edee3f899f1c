"""Containers of images: the one file that knows which array libraries exist.

NumPy in, NumPy out; torch in, torch out; CuPy in, CuPy out. Every container is viewed as a NumPy
array without a copy, and the kernels see its bytes only. The view of device memory is a
shadow: it has the address, shape and strides, which the checks need, and is never read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from blockmix.arrays.location import HOST, Location
from blockmix.errors import InputTypeError


class Container(Protocol):
    """The operations that blockmix needs from an array library."""

    def view(self, array: Any, name: str) -> npt.NDArray[Any]:
        """The array as a NumPy array that shares its memory."""

    def empty_like(self, array: Any) -> Any:
        """An uninitialised C-contiguous array of the same shape and dtype, at the same location."""

    def contiguous(self, array: Any) -> Any:
        """A C-contiguous copy at the same location."""

    def location(self, array: Any) -> Location:
        """The location of the array."""


class NumpyContainer:
    def view(self, array: Any, name: str) -> npt.NDArray[Any]:
        if isinstance(array, np.ma.MaskedArray):
            raise InputTypeError(f"{name} is a masked array, whose mask would be lost: fill it")
        if array.dtype.hasobject or array.dtype.itemsize == 0:
            raise InputTypeError(
                f"{name} has dtype {array.dtype}: blocks are moved as bytes, so the dtype must "
                "have a fixed size, for example uint8"
            )
        return np.asarray(array)

    def empty_like(self, array: Any) -> Any:
        return np.empty(array.shape, array.dtype)

    def contiguous(self, array: Any) -> Any:
        return np.ascontiguousarray(array)

    def location(self, array: Any) -> Location:
        return HOST


class TorchContainer:
    def view(self, array: Any, name: str) -> npt.NDArray[Any]:
        torch = sys.modules["torch"]
        if array.device.type not in ("cpu", "cuda"):
            raise InputTypeError(
                f"{name} is a torch tensor on {array.device}: blockmix mixes on the CPU and on "
                "CUDA devices, so bring it over with .cpu()"
            )
        plain = array.layout is torch.strided and not (array.is_nested or array.is_quantized)
        if not plain or array.is_conj() or array.is_neg():
            raise InputTypeError(
                f"{name} is a sparse, nested, quantised or lazy torch tensor: make it dense first"
            )
        size = array.dtype.itemsize
        if array.device.type == "cuda":
            strides = tuple(stride * size for stride in array.stride())
            return _shadow(array.data_ptr(), tuple(array.shape), strides, size)
        same_size = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
        tensor = array.detach()
        if size in same_size:  # NumPy lacks bfloat16 and others; bytes suffice
            tensor = tensor.view(same_size[size])
        return tensor.numpy()  # type: ignore[no-any-return]

    def empty_like(self, array: Any) -> Any:
        torch = sys.modules["torch"]
        return torch.empty(array.shape, dtype=array.dtype, device=array.device)

    def contiguous(self, array: Any) -> Any:
        return array.detach().contiguous()

    def location(self, array: Any) -> Location:
        cuda = array.device.type == "cuda"
        return Location(TorchLibrary(), array.device.index) if cuda else HOST


class CupyContainer:
    def view(self, array: Any, name: str) -> npt.NDArray[Any]:
        return _shadow(array.data.ptr, array.shape, array.strides, array.dtype.itemsize)

    def empty_like(self, array: Any) -> Any:
        with array.device:
            return sys.modules["cupy"].empty(array.shape, array.dtype)

    def contiguous(self, array: Any) -> Any:
        with array.device:
            return sys.modules["cupy"].ascontiguousarray(array)

    def location(self, array: Any) -> Location:
        return Location(CupyLibrary(), array.device.id)


class TorchLibrary(NamedTuple):
    """Device memory of torch; see `location.Library`."""

    name: str = "torch"

    def empty(self, device: int, count: int, dtype: np.dtype[Any]) -> Any:
        torch = sys.modules["torch"]
        memory = torch.empty(count * dtype.itemsize, dtype=torch.uint8, device=f"cuda:{device}")
        return device_array(memory, memory.data_ptr(), count, dtype)

    def upload(self, device: int, host: npt.NDArray[Any]) -> Any:
        torch = sys.modules["torch"]
        # Through pinned memory, as a copy from elsewhere would wait for the stream.
        pinned = torch.from_numpy(host.view(np.uint8)).pin_memory()
        memory = pinned.to(f"cuda:{device}", non_blocking=True)
        return device_array(memory, memory.data_ptr(), host.size, host.dtype)

    def stream(self, device: int) -> Any:
        return stream_at(sys.modules["torch"].cuda.current_stream(device).cuda_stream)


class CupyLibrary(NamedTuple):
    """Device memory of CuPy; see `location.Library`."""

    name: str = "cupy"

    def empty(self, device: int, count: int, dtype: np.dtype[Any]) -> Any:
        cupy = sys.modules["cupy"]
        with cupy.cuda.Device(device):
            memory = cupy.empty(count, dtype)
        return device_array(memory, memory.data.ptr, count, dtype)

    def upload(self, device: int, host: npt.NDArray[Any]) -> Any:
        cupy = sys.modules["cupy"]
        with cupy.cuda.Device(device):
            memory = cupy.asarray(host)  # through CuPy's own pinned memory
        return device_array(memory, memory.data.ptr, host.size, host.dtype)

    def stream(self, device: int) -> Any:
        cupy = sys.modules["cupy"]
        with cupy.cuda.Device(device):
            return stream_at(cupy.cuda.get_current_stream().ptr)


def device_array(owner: Any, address: int, count: int, dtype: np.dtype[Any]) -> Any:
    """Memory of a library as a device array of numba."""
    from blockmix.kernels.cuda import array_at

    return array_at(owner, address, count, dtype)


def stream_at(handle: int) -> Any:
    """A stream of a library as a stream of numba."""
    from blockmix.kernels.cuda import cuda

    return cuda.external_stream(handle)


CONTAINERS: dict[str, Container] = {
    "NumPy arrays": NumpyContainer(),
    "torch tensors": TorchContainer(),
    "CuPy arrays": CupyContainer(),
}


def container_kind(array: object, name: str) -> str:
    """The key of ``array`` in `CONTAINERS`."""
    torch, cupy = sys.modules.get("torch"), sys.modules.get("cupy")
    if isinstance(array, np.ndarray):
        return "NumPy arrays"
    if torch is not None and isinstance(array, torch.Tensor):
        return "torch tensors"
    if cupy is not None and isinstance(array, cupy.ndarray):
        return "CuPy arrays"
    kind = f"{type(array).__module__}.{type(array).__qualname__}"
    raise InputTypeError(f"{name} is a {kind}; blockmix takes {' or '.join(CONTAINERS)}")


def location_of(array: Any, name: str) -> Location:
    """The location of an array; the host for None."""
    return HOST if array is None else CONTAINERS[container_kind(array, name)].location(array)


def on_host(values: Any, name: str = "values") -> Any:
    """The values, copied to the host if they are an array on a device.

    Tensors lose their gradients, and become float64 if they are floating-point, as NumPy lacks some
    of these dtypes.
    """
    torch, cupy = sys.modules.get("torch"), sys.modules.get("cupy")
    if torch is not None and isinstance(values, torch.Tensor):
        CONTAINERS["torch tensors"].view(values, name)  # refuses what NumPy cannot read
        values = values.detach().cpu()
        return values.double() if values.is_floating_point() else values
    return values.get() if cupy is not None and isinstance(values, cupy.ndarray) else values


def untraced(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function outside of the graphs of ``torch.compile``.

    Tracing would replace NumPy by torch, which lacks unsigned integers, and knows no numba.
    """
    if "torch._dynamo" not in sys.modules:  # then nothing is compiled; loading it takes seconds
        return function(*arguments)
    return sys.modules["torch"].compiler.disable(function)(*arguments)


class _Shadow:
    def __init__(self, interface: dict[str, Any]) -> None:
        self.__array_interface__ = interface


def _shadow(
    address: int, shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int
) -> npt.NDArray[Any]:
    """A NumPy array of device memory; reading it would end the process."""
    if 0 in shape or itemsize == 0:
        return np.empty(shape, f"V{itemsize}")
    return np.asarray(
        _Shadow(
            {
                "version": 3,
                "data": (address, False),
                "shape": shape,
                "strides": strides,
                "typestr": f"|V{itemsize}",
            }
        )
    )
