"""Array libraries: NumPy in, NumPy out; torch in, torch out; CuPy in, CuPy out.

To add a library, write a `Container` and enter it in `CONTAINERS`; for arrays on a GPU also write a
`location.Library`. Only the transform in `blockmix.torch` knows a library beside this file. The
kernels see bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from blockmix.arrays.location import HOST, Location
from blockmix.errors import InputTypeError


class Container(Protocol):
    """The operations that blockmix needs from an array library.

    Its arrays have a ``shape`` and a ``dtype``, which can be compared and shown.
    """

    kind: str  # the name of its arrays in messages
    integer_cast: str  # the call that makes integers of an array, for messages

    def owns(self, value: object) -> bool:
        """Whether the value is an array of the library, which is not imported for that."""

    def view(self, array: Any, name: str) -> npt.NDArray[Any]:
        """The array as a NumPy array with its address, shape, strides and size of items.

        On the host it shares the memory. On a GPU nobody may read or write it, which would end the
        process: only its description is of use, see `_shadow`. Raises an `InputTypeError` about
        ``name`` if the array is not plain memory on the host or on a CUDA device.
        """

    def empty_like(self, array: Any, *, keep_order: bool) -> Any:
        """An uninitialised array of the same shape and dtype, at the same location.

        C-contiguous, or with its axes in the order in which those of ``array`` lie in memory, as
        the library itself keeps that order in its results.
        """

    def empty(self, array: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
        """An uninitialised array of another shape, and of the dtype and at the location of one.

        In memory its axes lie without gaps, in the order ``axes``.
        """

    def contiguous(self, array: Any, axes: tuple[int, ...]) -> Any:
        """A C-contiguous copy at the same location, with its axes in another order."""

    def location(self, array: Any) -> Location:
        """The location of the array."""

    def on_host(self, array: Any, name: str) -> Any:
        """The array, or a copy on the host if it is on a GPU, in a form that NumPy can read."""


class NumpyContainer:
    kind = "NumPy arrays"
    integer_cast = "astype(int)"

    def owns(self, value: object) -> bool:
        return isinstance(value, np.ndarray)

    def view(self, array: Any, name: str) -> npt.NDArray[Any]:
        if isinstance(array, np.ma.MaskedArray):
            raise InputTypeError(f"{name} is a masked array, whose mask would be lost: fill it")
        if array.dtype.hasobject or array.dtype.itemsize == 0:
            raise InputTypeError(
                f"{name} has dtype {array.dtype}: blocks are moved as bytes, so the dtype must "
                "have a fixed size, for example uint8"
            )
        return np.asarray(array)

    def empty_like(self, array: Any, *, keep_order: bool) -> Any:
        return np.empty_like(array, order="K" if keep_order else "C", subok=False)

    def empty(self, array: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
        return np.empty([shape[axis] for axis in axes], array.dtype).transpose(_inverse(axes))

    def contiguous(self, array: Any, axes: tuple[int, ...]) -> Any:
        return np.ascontiguousarray(array.transpose(axes))

    def location(self, array: Any) -> Location:
        return HOST

    def on_host(self, array: Any, name: str) -> Any:
        return array


class TorchContainer:
    kind = "torch tensors"
    integer_cast = "long()"

    def owns(self, value: object) -> bool:
        torch = sys.modules.get("torch")
        return torch is not None and isinstance(value, torch.Tensor)

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
        if array.numel() and not array.data_ptr():
            raise InputTypeError(
                f"{name} is a {type(array).__name__}, a torch tensor without memory of its own: "
                "pass the tensor that it wraps"
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

    def empty_like(self, array: Any, *, keep_order: bool) -> Any:
        torch = sys.modules["torch"]
        memory_format = torch.preserve_format if keep_order else torch.contiguous_format
        return same_subclass(torch.empty_like(array.detach(), memory_format=memory_format), array)

    def empty(self, array: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
        lengths = [shape[axis] for axis in axes]
        out = sys.modules["torch"].empty(lengths, dtype=array.dtype, device=array.device)
        return same_subclass(out.permute(_inverse(axes)), array)

    def contiguous(self, array: Any, axes: tuple[int, ...]) -> Any:
        return array.detach().permute(axes).contiguous()

    def location(self, array: Any) -> Location:
        cuda = array.device.type == "cuda"
        return Location(TorchLibrary(), array.device.index) if cuda else HOST

    def on_host(self, array: Any, name: str) -> Any:
        """Without gradients; floating-point values as float64, as NumPy lacks some dtypes."""
        self.view(array, name)  # refuses what NumPy cannot read
        tensor = array.detach().cpu()
        return tensor.double() if tensor.is_floating_point() else tensor


class CupyContainer:
    kind = "CuPy arrays"
    integer_cast = "astype(int)"

    def owns(self, value: object) -> bool:
        cupy = sys.modules.get("cupy")
        return cupy is not None and isinstance(value, cupy.ndarray)

    def view(self, array: Any, name: str) -> npt.NDArray[Any]:
        return _shadow(array.data.ptr, array.shape, array.strides, array.dtype.itemsize)

    def empty_like(self, array: Any, *, keep_order: bool) -> Any:
        with array.device:
            return sys.modules["cupy"].empty_like(array, order="K" if keep_order else "C")

    def empty(self, array: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
        with array.device:
            out = sys.modules["cupy"].empty([shape[axis] for axis in axes], array.dtype)
        return out.transpose(_inverse(axes))

    def contiguous(self, array: Any, axes: tuple[int, ...]) -> Any:
        with array.device:
            return sys.modules["cupy"].ascontiguousarray(array.transpose(axes))

    def location(self, array: Any) -> Location:
        return Location(CupyLibrary(), array.device.id)

    def on_host(self, array: Any, name: str) -> Any:
        return array.get()


@dataclass(frozen=True)
class TorchLibrary:
    """Device memory of torch; see `location.Library`."""

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


@dataclass(frozen=True)
class CupyLibrary:
    """Device memory of CuPy; see `location.Library`."""

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


CONTAINERS: tuple[Container, ...] = (NumpyContainer(), TorchContainer(), CupyContainer())


def container_of(array: object, name: str) -> Container:
    """The container that owns an array; an error if there is none."""
    for container in CONTAINERS:
        if container.owns(array):
            return container
    kind = f"{type(array).__module__}.{type(array).__qualname__}"
    kinds = " or ".join(container.kind for container in CONTAINERS)
    raise InputTypeError(f"{name} is a {kind}; blockmix takes {kinds}")


def location_of(array: Any, name: str) -> Location:
    """The location of an array; the host for None."""
    return HOST if array is None else container_of(array, name).location(array)


def on_host(values: Any, name: str = "values") -> Any:
    """Values of any kind; see `Container.on_host` if they are an array."""
    for container in CONTAINERS:
        if container.owns(values):
            return container.on_host(values, name)
    return values


def integer_cast(values: Any) -> str:
    """The call that makes integers of values of any kind, for messages."""
    casts = (container.integer_cast for container in CONTAINERS if container.owns(values))
    return next(casts, NumpyContainer.integer_cast)


def same_subclass(tensor: Any, like: Any) -> Any:
    """A result of torch, of the subclass that results of ``like`` have.

    Subclasses decide in ``__torch_function__``. ``detach`` asks them: torchvision's give results of
    their own class for few operations, of which it is one, and parameters give plain tensors.
    """
    subclass = type(like.detach())
    return tensor if type(tensor) is subclass else tensor.as_subclass(subclass)


def untraced(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function outside of the graphs of ``torch.compile``.

    Tracing would replace NumPy by torch, which lacks unsigned integers, and knows no numba.
    """
    if "torch._dynamo" not in sys.modules:  # then nothing is compiled; loading it takes seconds
        return function(*arguments)
    return sys.modules["torch"].compiler.disable(function)(*arguments)


def _inverse(axes: tuple[int, ...]) -> list[int]:
    """The order that puts axes back; NumPy would take longer for it than for all the rest."""
    return sorted(range(len(axes)), key=axes.__getitem__)


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
