"""Resizing of images in memory: `resize`."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import numpy as np

from blockmix.arrays.batch import share_memory
from blockmix.arrays.containers import Container, container_of, untraced
from blockmix.arrays.location import HOST
from blockmix.backends.cpu import check_compiled, start_threads
from blockmix.compiler import numba
from blockmix.errors import InputError, InputTypeError
from blockmix.kernels import resize_cpu
from blockmix.support.arguments import one_of
from blockmix.support.pixels import Pixels
from blockmix.support.sizes import image_size

LAYOUTS = ("HW", "HWC", "CHW", "NHW", "NHWC", "NCHW")
_CHANNELS_MOVED = {"HWC": "CHW", "CHW": "HWC", "NHWC": "NCHW", "NCHW": "NHWC"}
_DEFAULT_LAYOUTS = {2: "HW", 3: "NHW", 4: "NHWC"}
MAX_SIDE = 2**16 - 1  # pixels, as in the sizes of mixed files
MAX_CHANNELS = 4
# Scratch memory of a thread is kept up to this size: 224 x 224 x 3 to 192 x 192 takes 0.2 MiB, and
# 4,000 x 3,000 x 3 takes 3 MiB.
_KEPT_BYTES = 8 << 20


class _Scratch(threading.local):
    """The scratch memory of each thread, for all its calls."""

    memory = np.empty(0, np.uint8)

    def of_size(self, size: int) -> Pixels:
        if size > _KEPT_BYTES:
            return np.empty(size, np.uint8)
        if self.memory.size < size:
            self.memory = np.empty(size, np.uint8)
        return self.memory


_scratch = _Scratch()


def resize(
    images: Any, size: int | tuple[int, int], *, layout: str | None = None, out: Any = None
) -> Any:
    """Resize images to one size by Lanczos, to the same pixels as Pillow.

    Equal to ``PIL.Image.resize((width, height), Resampling.LANCZOS)`` of Pillow 13, bit for bit and
    several times as fast: one image in the calling thread, several in numba's threads.

    Parameters
    ----------
    images : numpy.ndarray or torch.Tensor
        uint8, on the CPU, with 1 to 4 channels if it has an axis for them. Never modified.
    size : (int, int) or int
        New height and width in pixels, 1 to 65,535; one number stands for both.
    layout : {"HW", "HWC", "CHW", "NHW", "NHWC", "NCHW"}, optional
        The axes of ``images``: number of images, height, width, channels. If not given, two axes
        are HW, three NHW and four NHWC, as in `mix`. Three axes of which the last has 1 to 4
        entries could be HWC too, so that their layout has to be given.
    out : same kind as images, optional
        The array to write the resized images to: C-contiguous, or with channels last in memory.

    Returns
    -------
    Same kind as images
        In the same layout. Channels are last in memory if they are in ``images``.

    Raises
    ------
    InputError, InputTypeError
        If an argument breaks its rule; nothing has been written.

    See Also
    --------
    mix_folder : reads images from files, resizes and mixes them.

    Notes
    -----
    A new pixel is a sum of products of pixels and Lanczos coefficients (three lobes, wider when an
    image becomes smaller), in fixed point with 22 fractional bits. Width and height are resampled
    one after the other, and rounded and cut off at 0 and 255 between: width first, unless the
    height shrinks by more than twice as many pixels as the width. Before version 13 Pillow had no
    such exception, and gave slightly different pixels where it holds now.

    Channels are independent of each other, as in Pillow's modes RGB, RGBX and CMYK. Pillow itself
    multiplies the colours of RGBA and LA by their transparency before it resizes them.

    Images that are not contiguous in memory are copied once.

    Examples
    --------
    >>> import numpy as np
    >>> import blockmix
    >>> images = np.random.default_rng(0).integers(0, 256, (10, 224, 224, 3), np.uint8)
    >>> blockmix.resize(images, (192, 128)).shape
    (10, 192, 128, 3)
    >>> blockmix.resize(images[0], 96, layout="HWC").shape
    (96, 96, 3)
    >>> blockmix.resize(np.array([[0, 200]], np.uint8), (1, 4))
    array([[  0,  47, 153, 235]], dtype=uint8)
    """
    return untraced(_resize, images, size, layout, out)


def compile_resizing() -> None:
    """Compile the loops for one image, which happens once per process."""
    resize(np.zeros((1, 1), np.uint8), 2)


def _resize(images: Any, size: Any, layout: str | None, out: Any) -> Any:
    check_compiled()
    new_size = image_size(size)
    container = container_of(images, "images")
    view = _checked_view(container, images)
    if layout is not None:
        one_of("layout", layout, LAYOUTS)
    layout = _checked_layout(view.shape, layout)
    sides = dict(zip("HW", new_size, strict=True))
    shape = tuple(sides.get(axis, length) for axis, length in zip(layout, view.shape, strict=True))
    order: str | None
    if out is None:
        order = _memory_order(view, layout) or layout
        out = container.empty(images, shape, tuple(map(layout.index, order)))
        out_view = container.view(out, "out")
    else:
        out_view = _checked_out(container, out, view, shape)
        order = _memory_order(out_view, layout)
        if order is None:
            raise InputError(
                "out must be C-contiguous, or have its channels last in memory: pass a new array, "
                "or leave out=None"
            )
    axes = tuple(map(layout.index, order))
    _fill(out_view.transpose(axes), view.transpose(axes), order)
    return out


def _checked_view(container: Container, images: Any) -> Pixels:
    if not _holds_bytes(images):
        raise InputTypeError(
            f"images to be resized are uint8, got {images.dtype}: convert them to 0 to 255 first"
        )
    location = container.location(images)
    if location != HOST:
        raise InputError(
            f"images are resized on the CPU, but they are on {location.name}: copy them to the "
            "host first"
        )
    return container.view(images, "images")


def _holds_bytes(array: Any) -> bool:
    # NumPy takes 10 us to write the name of a dtype.
    return array.dtype == np.uint8 or str(array.dtype).endswith(".uint8")


@lru_cache(maxsize=256)
def _checked_layout(shape: tuple[int, ...], layout: str | None) -> str:
    if layout is None:
        if len(shape) == 3 and shape[2] <= MAX_CHANNELS:
            raise InputError(
                f"images of shape {shape} may be (N, H, W) or (H, W, C): pass layout='NHW' or "
                "layout='HWC'"
            )
        if len(shape) not in _DEFAULT_LAYOUTS:
            raise InputError(f"images have two to four axes, got shape {shape}")
        layout = _DEFAULT_LAYOUTS[len(shape)]
    if len(layout) != len(shape):
        raise InputError(f"images of layout {layout} have {len(layout)} axes, got shape {shape}")
    lengths = dict(zip(layout, shape, strict=True))
    height, width, channels = lengths["H"], lengths["W"], lengths.get("C", 1)
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise InputError(
            f"images to be resized have 1 to {MAX_SIDE} pixels a side, got {height} x {width} from "
            f"shape {shape} as {layout}"
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise InputError(
            f"images have 1 to {MAX_CHANNELS} channels, got {channels} from shape {shape} as "
            f"{layout}: name the axes by layout=, one of {', '.join(LAYOUTS)}"
        )
    return layout


def _checked_out(container: Container, out: Any, images: Pixels, shape: tuple[int, ...]) -> Pixels:
    if container_of(out, "out") is not container:
        raise InputTypeError(f"out must be of the same kind as images: {container.kind}")
    if tuple(out.shape) != shape or not _holds_bytes(out):
        raise InputError(f"out must be {shape} of uint8, got {tuple(out.shape)} of {out.dtype}")
    location = container.location(out)
    if location != HOST:
        raise InputError(f"out must be on the CPU, as images are, but it is on {location.name}")
    view = container.view(out, "out")
    if not view.flags.writeable:
        raise InputError("out is read-only: pass a writable array")
    if share_memory(view, images):
        raise InputError(
            "out shares memory with images, which are read meanwhile: pass a separate array"
        )
    return view


def _memory_order(view: Pixels, layout: str) -> str | None:
    """The order in which the axes lie in memory without gaps: as they are, or channels moved."""
    if view.flags.c_contiguous:
        return layout
    order = _CHANNELS_MOVED.get(layout)
    if order and view.transpose(tuple(map(layout.index, order))).flags.c_contiguous:
        return order
    return None


def _fill(out: Pixels, images: Pixels, order: str) -> None:
    """Resize to contiguous ``out``. Channels that come first are images of their own."""
    channels = images.shape[-1] if order[-1] == "C" else 1
    height, width = (images.shape[order.index(side)] for side in "HW")
    new_height, new_width = (out.shape[order.index(side)] for side in "HW")
    count = images.size // (height * width * channels)
    if count == 0:
        return
    plan = resize_cpu.plan_resize(height, width, channels, new_height, new_width)
    threads = 1
    if count > 1:
        start_threads()
        threads = min(numba.get_num_threads(), count)
    resize_cpu.resize(
        out.reshape(count, -1),
        np.ascontiguousarray(images).reshape(count, -1),
        plan,
        threads,
        _scratch.of_size(plan.scratch_bytes(threads)),
    )
