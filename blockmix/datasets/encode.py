"""Pixels to the bytes of one image file; Pillow does the work.

Nothing but pixels goes in: no EXIF, thumbnail, comment, colour profile or text.
"""

from __future__ import annotations

import errno
import io
import os
from io import FileIO
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, features

from blockmix.errors import InputError

WRITE_SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}
# Effort of the codecs without loss. Measured on 60 mixed faces of 192 x 192 x 3, one thread of an
# AMD EPYC, Pillow 13.0 with zlib-ng. PNG: level 4 takes 7.6 ms and 47.7 kB an image, Pillow's
# default of 6 16.9 ms and 47.1 kB, level 1 4.5 ms and 52.8 kB. WebP: method 0 takes 3.9 ms and
# 39 kB, the default of 4 57 ms and 34 kB.
PNG_LEVEL = 4
WEBP_METHOD = 0
# Pixels a side at most, as these formats and libjpeg define them. Pillow 11.0 and 13.0 wrote and
# read images of exactly that height or width, and failed at a pixel more; PNGs of a million pixels
# a side went through.
_LONGEST_SIDE = {"jpeg": 65_500, "webp": 16_383}
# What Pillow calls the library that writes a format, which it may have been built without.
_LIBRARY = {"jpeg": "jpg", "png": "zlib", "webp": "webp"}
_END_OF_JPEG = b"\xff\xd9"
# Up to this many pixel bytes, Pillow almost always writes the JPEG in one piece.
_DIRECT = 4 * ImageFile.MAXBLOCK


class Encoder(NamedTuple):
    """How mixed images are written."""

    format: str  # one of WRITE_SUFFIXES
    quality: int | None  # None: without loss

    @classmethod
    def choose(cls, format: str | None, quality: int | None, all_jpeg: bool) -> Encoder:
        """JPEG stays JPEG; a set that holds anything else becomes PNG, which loses nothing.

        One format for the whole set, so that a file's format does not tell what it was.
        """
        chosen = format or ("jpeg" if all_jpeg else "png")
        if chosen == "png" and quality is not None:
            raise InputError("quality is for JPEG and WebP; PNG has none: leave it out")
        if not features.check(_LIBRARY[chosen]):
            raise InputError(
                f"this Pillow was built without {chosen}, so it cannot write it: choose another "
                "format, or install Pillow from its wheel"
            )
        return cls(chosen, 95 if chosen == "jpeg" and quality is None else quality)

    @property
    def suffix(self) -> str:
        return WRITE_SUFFIXES[self.format]

    def check_size(self, height: int, width: int) -> None:
        """Refuse images that are larger than the format can hold."""
        longest = _LONGEST_SIDE.get(self.format)
        if longest is not None and max(height, width) > longest:
            raise InputError(
                f"{self.format} has at most {longest} pixels a side, got {height} x {width}: "
                "choose a smaller size, or the format png"
            )

    def save(self, pixels: npt.NDArray[np.uint8], file: FileIO) -> None:
        """Write an image file into an open one, which has no buffer and can be read.

        Whatever goes wrong is an OSError, to be named with the file.
        """
        try:
            self._save(pixels, file)
        except OSError:
            raise
        except Exception as error:  # each encoder of Pillow raises what it likes
            raise OSError(f"it cannot be encoded: {type(error).__name__}: {error}") from error

    def _save(self, pixels: npt.NDArray[np.uint8], file: FileIO) -> None:
        image = Image.fromarray(pixels)
        options: dict[str, Any] = {"compress_level": PNG_LEVEL}
        if self.format == "jpeg":
            # 4:4:4, so that the colours of a block do not bleed into its neighbours.
            options = {"quality": self.quality, "subsampling": "4:4:4"}
            if pixels.nbytes <= _DIRECT and _save_directly(image, file, options):
                return
        elif self.format == "webp":
            lossless = {"lossless": True, "exact": True, "method": WEBP_METHOD}
            options = lossless if self.quality is None else {"quality": self.quality}
        memory = io.BytesIO()
        image.save(memory, self.format.upper(), **options)
        write_all(file, memory.getbuffer())


def _save_directly(image: Image.Image, file: FileIO, options: dict[str, Any]) -> bool:
    """Have Pillow write a JPEG into a descriptor; whether it can be trusted.

    Only there it encodes without holding the interpreter: two threads took 275 to 298 us an image
    of 192 x 192 x 3, against 438 to 444 us into memory (Pillow 13.0, AMD EPYC). But it does not
    notice when the system takes only a part of what it writes. In one piece that shows at the end.
    """
    image.save(file, "JPEG", **options)
    size = file.seek(-len(_END_OF_JPEG), os.SEEK_END) + len(_END_OF_JPEG)
    if file.read() != _END_OF_JPEG:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if size <= ImageFile.MAXBLOCK:
        return True
    file.seek(0)
    file.truncate()
    return False


def write_all(file: FileIO, data: bytes | memoryview) -> None:
    """Write to a file without a buffer, which may take only a part at a time."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
