"""Containers of images: the one file that knows which array libraries exist.

NumPy in, NumPy out; torch in, torch out. Every container is viewed as a NumPy array without a
copy, and the kernels see its bytes only.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from blockmix.errors import InputError, InputTypeError

LAYOUTS = ("NHWC", "NCHW")


class Container(Protocol):
    """What blockmix has to know about an array library."""

    def view(self, array: Any, name: str) -> npt.NDArray[Any]:
        """The array as a NumPy array that shares its memory."""

    def empty_like(self, array: Any) -> Any:
        """An unset C-contiguous array of the same shape and dtype, from the same library."""


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


class TorchContainer:
    def view(self, array: Any, name: str) -> npt.NDArray[Any]:
        torch = sys.modules["torch"]
        if array.device.type != "cpu":
            raise InputTypeError(
                f"{name} is a torch tensor on {array.device}: this version of blockmix mixes CPU "
                "tensors and NumPy arrays, so bring it over with .cpu()"
            )
        plain = array.layout is torch.strided and not (array.is_nested or array.is_quantized)
        if not plain or array.is_conj() or array.is_neg():
            raise InputTypeError(
                f"{name} is a sparse, nested, quantised or lazy torch tensor: make it dense first"
            )
        same_size = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
        tensor = array.detach()
        if array.dtype.itemsize in same_size:  # NumPy lacks bfloat16 and others; bytes suffice
            tensor = tensor.view(same_size[array.dtype.itemsize])
        return tensor.numpy()  # type: ignore[no-any-return]

    def empty_like(self, array: Any) -> Any:
        return sys.modules["torch"].empty(array.shape, dtype=array.dtype)


CONTAINERS: dict[str, Container] = {
    "NumPy arrays": NumpyContainer(),
    "CPU torch tensors": TorchContainer(),
}


def container_kind(array: object, name: str) -> str:
    """The key of ``array`` in `CONTAINERS`."""
    torch = sys.modules.get("torch")
    if isinstance(array, np.ndarray):
        return "NumPy arrays"
    if torch is not None and isinstance(array, torch.Tensor):
        return "CPU torch tensors"
    kind = f"{type(array).__module__}.{type(array).__qualname__}"
    raise InputTypeError(f"{name} is a {kind}; blockmix takes {' or '.join(CONTAINERS)}")


class Batch(NamedTuple):
    """Images as the kernels see them: bytes, and how they are laid out."""

    view: npt.NDArray[Any]
    height: int
    width: int
    planes: int
    pixel_bytes: int

    def bytes(self) -> npt.NDArray[np.uint8]:
        """(N, planes * height * width * pixel_bytes), the last axis contiguous.

        Shares memory with the view, unless its images are not C-contiguous: those are copied.
        """
        view = self.view if _images_contiguous(self.view) else np.ascontiguousarray(self.view)
        count = len(view)
        if view.size == 0:
            return np.empty((count, 0), np.uint8)
        # copy=False: the view must stay one, also where the batch axis is strided.
        return view.reshape(count, view.size // count, copy=False).view(np.uint8)


def open_images(images: Any, layout: str) -> Batch:
    """See images as a batch, without a copy."""
    view = CONTAINERS[container_kind(images, "images")].view(images, "images")
    if view.ndim not in (3, 4):
        raise InputError(
            f"images have shape (N, H, W, C), (N, C, H, W) or (N, H, W), got {tuple(view.shape)}"
        )
    return _batch(view, layout)


def open_out(out: Any, images: Any, layout: str) -> Batch:
    """See ``out`` as a batch, after checking that the mixed images can go there."""
    kind = container_kind(images, "images")
    if container_kind(out, "out") != kind:
        raise InputTypeError(f"out must be of the same kind as images: {kind}")
    if tuple(out.shape) != tuple(images.shape) or out.dtype != images.dtype:
        raise InputError(
            f"out must be like images, {tuple(images.shape)} of {images.dtype}, "
            f"got {tuple(out.shape)} of {out.dtype}"
        )
    view = CONTAINERS[kind].view(out, "out")
    if not view.flags.writeable:
        raise InputError("out is read-only: pass a writable array")
    if not _images_contiguous(view) or _images_overlap(view):
        raise InputError(
            "each image of out must be C-contiguous, and on memory of its own: "
            "pass a new array, or leave out=None"
        )
    if _share_memory(view, CONTAINERS[kind].view(images, "images")):
        raise InputError(
            "out shares memory with images, which mixing still reads: pass a separate array"
        )
    return _batch(view, layout)


def new_out(images: Any) -> Any:
    """A container for the mixed images, of the same kind, shape and dtype as ``images``."""
    return CONTAINERS[container_kind(images, "images")].empty_like(images)


def _batch(view: npt.NDArray[Any], layout: str) -> Batch:
    shape, size = view.shape[1:], view.dtype.itemsize
    if view.ndim == 3:
        return Batch(view, shape[0], shape[1], planes=1, pixel_bytes=size)
    if layout == "NHWC":
        return Batch(view, shape[0], shape[1], planes=1, pixel_bytes=shape[2] * size)
    return Batch(view, shape[1], shape[2], planes=shape[0], pixel_bytes=size)


def _images_contiguous(view: npt.NDArray[Any]) -> bool:
    return view.size == 0 or view[0].flags.c_contiguous


def _images_overlap(view: npt.NDArray[Any]) -> bool:
    return len(view) > 1 and view.size > 0 and abs(view.strides[0]) < view[0].nbytes


def _share_memory(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    try:
        return np.shares_memory(a, b, max_work=100_000)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True  # entangled strides: refuse rather than search on
