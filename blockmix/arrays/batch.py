"""Images as bytes for the kernels, and checks of ``out``."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blockmix.arrays.containers import container_of
from blockmix.arrays.location import HOST, Location, enough_memory
from blockmix.errors import InputError, InputTypeError

LAYOUTS = ("NHWC", "NCHW")


class Batch(NamedTuple):
    """Images as the kernels take them: their bytes and their layout.

    The view may have its axes in another order than the array: a tensor of torch in the memory
    format channels_last is an array NCHW, of which a view NHWC is contiguous.
    """

    array: Any
    array_layout: str
    location: Location
    view: npt.NDArray[Any]
    layout: str  # of the view: "NHWC", "NCHW", or "NHW" without channels

    @property
    def height(self) -> int:
        return int(self.view.shape[self.layout.index("H")])

    @property
    def width(self) -> int:
        return int(self.view.shape[self.layout.index("W")])

    @property
    def planes(self) -> int:
        return int(self.view.shape[1]) if self.layout == "NCHW" else 1

    @property
    def pixel_bytes(self) -> int:
        channels = int(self.view.shape[3]) if self.layout == "NHWC" else 1
        return channels * self.view.itemsize

    def viewed(self, layout: str) -> Batch:
        """The batch with a view of another layout."""
        axes = [self.layout.index(axis) for axis in layout]
        return self._replace(view=self.view.transpose(axes), layout=layout)

    def contiguous_view(self) -> Batch | None:
        """The batch with a view of the layout in which its images are C-contiguous, if any."""
        layouts = LAYOUTS if self.view.ndim == 4 else (self.layout,)
        batches = map(self.viewed, layouts)
        return next((batch for batch in batches if _images_contiguous(batch.view)), None)

    def dense(self, layout: str) -> Batch:
        """The batch with a view of a layout: of a copy, if images are not C-contiguous in it."""
        batch = self.viewed(layout)
        if _images_contiguous(batch.view):
            return batch
        container = container_of(self.array, "images")
        axes = tuple(self.array_layout.index(axis) for axis in layout)
        array = container.contiguous(self.array, axes)
        return Batch(array, layout, self.location, container.view(array, "images"), layout)

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
    """Check that mixed images can be written to ``out``, and open it in a contiguous view."""
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
    batch = _batch(out, location, view, layout).contiguous_view()
    if batch is None or _images_overlap(view):
        raise InputError(
            "each image of out must be C-contiguous, with channels last or first in memory, and on "
            "memory of its own: pass a new array, or leave out=None"
        )
    if share_memory(view, container.view(images, "images")):
        raise InputError(
            "out shares memory with images, which mixing still reads: pass a separate array"
        )
    return batch


def new_out(images: Any, layout: str) -> Any:
    """A container for the mixed images, of the same kind, shape and dtype as ``images``.

    Channels lie last or first in memory as they do in ``images``. Where an image lies in any other
    order, its mixed image is C-contiguous.
    """
    container = container_of(images, "images")
    location = container.location(images)
    size = container.view(images, "images").nbytes
    with nullcontext() if location == HOST else enough_memory(size):
        out = container.empty_like(images, keep_order=True)
        if _batch(out, location, container.view(out, "out"), layout).contiguous_view() is None:
            del out  # before more memory is taken
            out = container.empty_like(images, keep_order=False)
        return out


def _batch(array: Any, location: Location, view: npt.NDArray[Any], layout: str) -> Batch:
    layout = layout if view.ndim == 4 else "NHW"
    return Batch(array, layout, location, view, layout)


def _images_contiguous(view: npt.NDArray[Any]) -> bool:
    return view.size == 0 or view[0].flags.c_contiguous


def _images_overlap(view: npt.NDArray[Any]) -> bool:
    return len(view) > 1 and view.size > 0 and abs(view.strides[0]) < view[0].nbytes


def share_memory(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    """Whether two arrays share memory; True where that takes too long to find out."""
    try:
        return np.shares_memory(a, b, max_work=100_000)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True  # entangled strides: refuse rather than search on
