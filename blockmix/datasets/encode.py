"""Encode pixels as one image file, to the bytes that Pillow gives.

Nothing but pixels is written: no EXIF, thumbnail, comment, colour profile or text.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Sequence
from io import FileIO
from tempfile import TemporaryFile
from threading import local
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageFile, features

from blockmix.datasets import jpeg_stack
from blockmix.datasets.jpeg_encode import encode_jpeg
from blockmix.errors import InputError
from blockmix.support.pixels import Pixels

WRITE_SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}
# Effort of the lossless codecs. Measured on 60 mixed faces of 192 x 192 x 3, one thread of an
# AMD EPYC, Pillow 13.0 with zlib-ng. PNG: level 4 takes 7.6 ms and 47.7 kB an image, Pillow's
# default of 6 16.9 ms and 47.1 kB, level 1 4.5 ms and 52.8 kB. WebP: method 0 takes 3.9 ms and
# 39 kB, the default of 4 57 ms and 34 kB.
PNG_LEVEL = 4
WEBP_METHOD = 0
# The most pixels a side, as defined by WebP and by libjpeg. Pillow 11.0 and 13.0 wrote and read
# images of exactly that height or width, and failed at one pixel more. PNGs of a million pixels a
# side worked.
_LONGEST_SIDE = {"jpeg": jpeg_stack.LONGEST_SIDE, "webp": 16_383}
# Pillow's name of the library that writes a format; Pillow can be built without it.
_LIBRARY = {"jpeg": "jpg", "png": "zlib", "webp": "webp"}
# Up to this many pixel bytes, Pillow almost always writes the JPEG in one piece.
_ONE_PIECE_BYTES = 4 * ImageFile.MAXBLOCK


class _Thread(local):
    """The image that a thread fills again and again: 2 us for 32 x 32 x 3, against 6.5 anew."""

    image: Image.Image | None = None


_thread = _Thread()


class Encoder(NamedTuple):
    """How mixed images are written."""

    format: str  # one of WRITE_SUFFIXES
    quality: int | None  # None: without loss

    @classmethod
    def choose(cls, format: str | None, quality: int | None, all_jpeg: bool) -> Encoder:
        """Choose JPEG for a set of JPEGs alone, otherwise PNG, which loses nothing.

        The whole set gets one format, so that a file's format does not reveal its original's.
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

    def encode_small(self, images: Pixels, indices: Sequence[int]) -> list[bytes] | None:
        """Return the files of some images, each as `save` writes it, if they are small JPEGs.

        None if `save` is to write each of them: they are not small, or something failed, for which
        `save` has the words.
        """
        if self.format != "jpeg" or self.quality is None:
            return None
        try:
            return jpeg_stack.encode_stack(images, indices, self.quality)
        except Exception:  # Pillow's encoders raise anything
            return None

    def save(self, pixels: Pixels, file: FileIO) -> None:
        """Write an image into an open, unbuffered file that can be read too.

        Every failure raises an OSError, to which the caller adds the name of the file.
        """
        try:
            self._save(pixels, file)
        except OSError:
            raise
        except Exception as error:  # Pillow's encoders raise anything
            raise OSError(f"it cannot be encoded: {type(error).__name__}: {error}") from error

    def encode(self, pixels: Pixels) -> bytes:
        """Return the file of an image, as `save` writes it."""
        with _memory_file() as file:
            self.save(pixels, file)
            return os.pread(file.fileno(), file.seek(0, os.SEEK_END), 0)

    def _save(self, pixels: Pixels, file: FileIO) -> None:
        options: dict[str, Any] = {"compress_level": PNG_LEVEL}
        if self.format == "jpeg":
            data = None if self.quality is None else encode_jpeg(pixels, self.quality)
            if data is not None:
                write_all(file, data)
                return
            # 4:4:4, so that the colours of a block do not bleed into its neighbours.
            options = {"quality": self.quality, "subsampling": "4:4:4"}
            if pixels.nbytes <= _ONE_PIECE_BYTES and _save_directly(pixels, file, options):
                return
        elif self.format == "webp":
            lossless = {"lossless": True, "exact": True, "method": WEBP_METHOD}
            options = lossless if self.quality is None else {"quality": self.quality}
        memory = io.BytesIO()
        Image.fromarray(pixels).save(memory, self.format.upper(), **options)
        write_all(file, memory.getbuffer())


def _save_directly(pixels: Pixels, file: FileIO, options: dict[str, Any]) -> bool:
    """Have Pillow write a JPEG into a file descriptor; return whether the file is surely whole.

    Only there Pillow encodes without holding the interpreter: two threads took 275 to 298 us an
    image of 192 x 192 x 3, against 438 to 444 us into memory (Pillow 13.0, AMD EPYC). But it does
    not notice if the system takes only a part of a write. If it wrote the file in one piece, the
    end of the file shows that.
    """
    _as_image(pixels).save(file, "JPEG", **options)
    size = file.seek(0, os.SEEK_END)
    if os.pread(file.fileno(), len(jpeg_stack.END), size - len(jpeg_stack.END)) != jpeg_stack.END:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if size <= ImageFile.MAXBLOCK:
        return True
    file.seek(0)
    file.truncate()
    return False


def _as_image(pixels: Pixels) -> Image.Image:
    """Return the pixels as an image, which the thread's next call fills with others."""
    mode = "L" if pixels.ndim == 2 else "RGB"
    image = _thread.image
    if image is None or (image.height, image.width, image.mode) != (*pixels.shape[:2], mode):
        image = _thread.image = Image.new(mode, pixels.shape[1::-1])
    image.frombytes(np.ascontiguousarray(pixels), "raw", mode)
    return image


def _memory_file() -> FileIO:
    """Open an unbuffered file without a name, in memory where the system can do that."""
    if hasattr(os, "memfd_create"):
        return FileIO(os.memfd_create("image"), "w+")
    return TemporaryFile(buffering=0)


def write_all(file: FileIO, data: bytes | memoryview) -> None:
    """Write to an unbuffered file, which may take only a part at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
