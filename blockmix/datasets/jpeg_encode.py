"""Encode images as JPEG by simplejpeg, where it gives the bytes that Pillow gives."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image

from blockmix.datasets import jpeg
from blockmix.support.pixels import Pixels

# From this quality on, simplejpeg has libjpeg-turbo compute its cosines accurately, as Pillow does
# at every quality. It takes an array as it is, which Pillow first copies to four bytes a pixel:
# 192 x 192 x 3 took 231 to 256 us, by Pillow 302 to 352 (one thread of a busy AMD EPYC; simplejpeg
# 1.9, Pillow 13.0).
_LOWEST_QUALITY = 96
_TRIAL_SHAPE = (19, 21)  # pixels; no multiple of the 8 that JPEG encodes at a time


def encode_jpeg(pixels: Pixels, quality: int) -> bytes | None:
    """Return the JPEG file, 4:4:4, of an image, (height, width[, 3]).

    None if Pillow must encode it.
    """
    if jpeg.simplejpeg is None or quality < _LOWEST_QUALITY:
        return None
    is_grey = pixels.ndim == 2
    return _encode(pixels, quality) if _gives_pillows_bytes(is_grey, quality) else None


@lru_cache
def _gives_pillows_bytes(is_grey: bool, quality: int) -> bool:
    """Whether a trial gives the bytes of the Pillow that is installed."""
    shape = _TRIAL_SHAPE if is_grey else (*_TRIAL_SHAPE, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return _encode(pixels, quality) == encode_by_pillow(pixels, quality)


def encode_by_pillow(pixels: Pixels, quality: int) -> bytes:
    """Return what Pillow makes of an image, 4:4:4: the bytes that every other way has to give."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:4:4")
    return file.getvalue()


def _encode(pixels: Pixels, quality: int) -> bytes:
    is_grey = pixels.ndim == 2
    data: bytes = jpeg.simplejpeg.encode_jpeg(  # type: ignore[union-attr]
        np.ascontiguousarray(pixels[..., None] if is_grey else pixels),
        quality,
        "GRAY" if is_grey else "RGB",
        "Gray" if is_grey else "444",
        fastdct=False,
    )
    return data
