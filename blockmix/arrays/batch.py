"""Images as bytes for the kernels, and checks of ``out``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blockmix.arrays.containers import container_of
from blockmix.arrays.location import HOST, Location, enough_memory
from blockmix.errors import InputError, InputTypeError

LAYOUTS = ("NHWC", "NCHW")


class Batch(NamedTuple):
    """Images as the kernels take them: their bytes and their layout."""

    array: Any
    location: Location
    view: npt.NDArray[Any]
    height: int
    width: int
    planes: int
    pixel_bytes: int

    def dense(self) -> Batch:
        """The batch, with a copy of images that are not C-contiguous."""
        if _images_contiguous(self.view):
            return self
        container = container_of(self.array, "images")
        array = container.contiguous(self.array)
        return self._replace(array=array, view=container.view(array, "images"))

    def bytes(self) -> npt.NDArray[np.uint8]:
        """The bytes of a dense batch: (N, planes * height * width * pixel_bytes)."""
        count = len(self.view)
        if self.view.size == 0:
            return np.empty((count, 0), np.uint8)
        # copy=False: the result must be a view, also where the batch axis is strided.
        return self.view.reshape(count, self.view.size // count, copy=False).view(np.uint8)


def open_images(images: Any, layout: str) -> Batch:
    """Open images as a batch, without a copy."""
    container = container_of(images, "images")
    view = container.view(images, "images")
    if view.ndim not in (3, 4):
        raise InputError(
            f"images have shape (N, H, W, C), (N, C, H, W) or (N, H, W), got {tuple(view.shape)}"
        )
    return _batch(images, container.location(images), view, layout)


def open_out(out: Any, images: Any, layout: str) -> Batch:
    """Check that mixed images can be written to ``out``, and open it as a batch."""
    container = container_of(images, "images")
    if container_of(out, "out") is not container:
        raise InputTypeError(f"out must be of the same kind as images: {container.kind}")
    location, expected = container.location(out), container.location(images)
    if location != expected:
        raise InputError(
            f"out is on {location.name} and images are on {expected.name}: both must lie on one "
            "device"
        )
    if tuple(out.shape) != tuple(images.shape) or out.dtype != images.dtype:
        raise InputError(
            f"out must be like images, {tuple(images.shape)} of {images.dtype}, "
            f"got {tuple(out.shape)} of {out.dtype}"
        )
    view = container.view(out, "out")
    if not view.flags.writeable:
        raise InputError("out is read-only: pass a writable array")
    if not _images_contiguous(view) or _images_overlap(view):
        raise InputError(
            "each image of out must be C-contiguous, and on memory of its own: "
            "pass a new array, or leave out=None"
        )
    if _share_memory(view, container.view(images, "images")):
        raise InputError(
            "out shares memory with images, which mixing still reads: pass a separate array"
        )
    return _batch(out, location, view, layout)


def new_out(images: Any) -> Any:
    """A container for the mixed images, of the same kind, shape and dtype as ``images``."""
    container = container_of(images, "images")
    if container.location(images) == HOST:
        return container.empty_like(images)
    with enough_memory(container.view(images, "images").nbytes):
        return container.empty_like(images)


def _batch(array: Any, location: Location, view: npt.NDArray[Any], layout: str) -> Batch:
    shape, size = view.shape[1:], view.dtype.itemsize
    if view.ndim == 3:
        (height, width), planes, pixel_bytes = shape, 1, size
    elif layout == "NHWC":
        (height, width, channels), planes = shape, 1
        pixel_bytes = channels * size
    else:
        (planes, height, width), pixel_bytes = shape, size
    return Batch(array, location, view, height, width, planes, pixel_bytes)


def _images_contiguous(view: npt.NDArray[Any]) -> bool:
    return view.size == 0 or view[0].flags.c_contiguous


def _images_overlap(view: npt.NDArray[Any]) -> bool:
    return len(view) > 1 and view.size > 0 and abs(view.strides[0]) < view[0].nbytes


def _share_memory(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    try:
        return np.shares_memory(a, b, max_work=100_000)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True  # entangled strides: refuse rather than search on
