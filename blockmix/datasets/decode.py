"""Decode one image file to pixels, with Pillow, and JPEGs with simplejpeg where that is the same.

Images that cannot become 8-bit grey or RGB without changing their meaning are refused, by name.
Pillow alone judges: what it would refuse, simplejpeg does not get or refuses too.
"""

from __future__ import annotations

import errno
import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, NamedTuple, TypeGuard

import numpy as np
from PIL import ExifTags, Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

from blockmix.datasets.interfaces import BadImageError, Header
from blockmix.datasets.jpeg import Frame, decode_jpeg, read_frame, read_start
from blockmix.datasets.pillow_warnings import (
    collected_warnings,
    concerns_pixels,
    concerns_tiff_pixels,
)
from blockmix.errors import WorkError
from blockmix.resampling import MAX_SIDE, resize
from blockmix.support.pixels import Pixels

READ_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
# A JPEG is decoded at a half, quarter or eighth of its size if that is still this many times the
# target size. At 3 the resized pixels are within 44 dB (PSNR) of those from a full decode, on five
# photographs of 300 to 640 pixels at five sizes; at 2 within 37 dB.
_DRAFT_FACTOR = 3
# JPEG files up to this size are read into memory to be decoded. Pillow reads larger ones piece by
# piece: what makes them so large lies behind the image as a rule, and may exceed the memory.
_READ_AT_ONCE_BYTES = 64 << 20

# Register every format now: otherwise several threads would do it at once in their first open.
Image.init()

_GREY_MODES = ("1", "L", "LA")
_JPEG = ("JPEG", "MPO")
_TIFF_SIZE = (TiffImagePlugin.IMAGEWIDTH, TiffImagePlugin.IMAGELENGTH)
# Steps between grey values that Pillow spreads over 8 bits, by its name for how they are stored.
_GREY_STEPS = {"1": 255, "L;2": 85, "L;4": 17}
_COLOUR_MODES = ("P", "PA", "RGB", "RGBA")
# Errors of the machine, because of which no image must be left out.
_MACHINE_ERRORS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO)
# The turn that makes an image upright, by its EXIF orientation; with other values it is upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = tuple(_TURNS[orientation] for orientation in (5, 6, 7, 8))
_TRANSPARENT = "it is transparent in places: flatten it first"


class UprightJpeg(NamedTuple):
    """A usable JPEG file in memory that need not be turned."""

    data: bytes
    size: tuple[int, int]  # (height, width)
    grey: bool
    has_frame: bool  # whether `read_frame` understands its header

    def decode(self, scale: int, grey: bool) -> Pixels:
        """Decode at 1 / ``scale`` of the size; a damaged file raises ValueError.

        The header is not parsed in Python again, which would hold the interpreter: 224 x 224 x 3
        took 116 us by simplejpeg and 275 by Pillow, against 359 for a file that Pillow opens
        (simplejpeg 1.9, Pillow 13.0, Xeon).
        """
        if self.has_frame and self.grey >= grey:
            pixels = decode_jpeg(self.data, self.size, scale, grey)
            if pixels is not None:
                return pixels
        mode = "L" if self.grey else "RGB"
        size = self.size[1] // scale, self.size[0] // scale
        image = Image.frombytes(mode, size, self.data, "jpeg", mode, "", scale, 0)
        return _as_pixels(image, grey)


def read_header(path: str, data: bytes | None = None, start: bytes = b"") -> Header:
    """Read a file's header and refuse what cannot be mixed, as far as the header shows.

    ``data`` is the content of the file if it is in memory; ``path`` then only names it. ``start``
    is its beginning, if no more was read.
    """
    if data is None and not start:
        start, _ = read_start(path, lambda size: False)
    frame = read_frame(start if data is None else data)
    if _is_plain(frame):
        return Header(frame.height, frame.width, frame.grey, jpeg=True)
    with _opened(path, data) as image:
        return _header(image)


def read_jpeg_header(path: str, data: bytes) -> tuple[Header, UprightJpeg | None]:
    """Read the header of a file in memory; also return the file if it is an upright JPEG."""
    frame = read_frame(data)
    if _is_plain(frame):
        height, width, grey, _ = frame
        return Header(height, width, grey, True), UprightJpeg(data, (height, width), grey, True)
    with _opened(path, data) as image:
        header = _header(image)
        if image.format != "JPEG" or _turn(image) is not None:
            return header, None
        return header, UprightJpeg(data, header[:2], image.mode == "L", frame is not None)


def decode(
    path: str,
    size: tuple[int, int],
    *,
    resize: bool,
    grey: bool,
    data: bytes | None = None,
    jpeg: UprightJpeg | None = None,
) -> Pixels:
    """Decode an image, upright and without loss, to grey or RGB of (height, width) ``size``.

    With ``resize`` the result may have another size, and a JPEG may be decoded smaller than it is
    stored, to at least `_DRAFT_FACTOR` times ``size``. Colour values stay as they are stored; a
    colour profile is neither applied nor kept. If the content of the file is in memory, as
    ``data`` or as a ``jpeg`` whose header was read, ``path`` only names it.
    """
    frame = None
    if jpeg is None:
        if data is None:
            start, is_whole = read_start(path, lambda size: size <= _READ_AT_ONCE_BYTES)
            data = start if is_whole else None
        frame = None if data is None else read_frame(data)
        if data is not None and _is_plain(frame):
            jpeg = UprightJpeg(data, frame[:2], frame.grey, True)
    if jpeg and (resize or jpeg.size == size):
        with suppress(ValueError):  # a damaged file, which is reported below
            return jpeg.decode(_scale(jpeg.size, size) if resize else 1, grey)
    if jpeg:
        data = jpeg.data
    with _opened(path, data) as image:
        if resize and max(image.size) > MAX_SIDE:
            reason = f"it has more than {MAX_SIDE} pixels a side: cut or shrink it before"
            raise BadImageError(path, reason)
        if image.format in _JPEG:
            turn = _turn(image)
            target = size[::-1] if turn in _SIDEWAYS else size
            scale = _scale(image.size[::-1], target) if resize else 1
            pixels = None
            if data is not None and frame is not None and frame.grey >= grey:
                pixels = decode_jpeg(data, frame[:2], scale, grey)
            if pixels is None:
                if scale > 1:
                    image.draft(None, (image.width // scale, image.height // scale))
                pixels = _as_pixels(image, grey)
        else:
            pixels = _as_pixels(_opaque(path, image, data), grey)
            turn = None if image.format == "TIFF" else _turn(image)  # Pillow has turned a TIFF
        if turn is not None:
            pixels = np.asarray(Image.fromarray(pixels).transpose(turn))
        if not resize and pixels.shape[:2] != size:
            raise BadImageError(path, "its size is not what its header says")
        return pixels


def _opaque(path: str, image: ImageFile.ImageFile, data: bytes | None) -> Image.Image:
    """Decode an image of another format than JPEG, and refuse it if it is transparent."""
    step = _grey_step(image)
    if image.format == "PNG":
        _refuse_damaged_png(path, data)
    image.load()
    if not image.has_transparency_data:
        return image
    if step > 1:  # Pillow leaves the transparent value as it is stored
        stored = image.info["transparency"] % (255 // step + 1)
        image.info["transparency"] = stored * step
    pixels = image.convert("RGBA")
    lowest, _ = pixels.getchannel("A").getextrema()
    if lowest != 255:
        raise BadImageError(path, _TRANSPARENT)
    return pixels


def _scale(stored: tuple[int, int], size: tuple[int, int]) -> int:
    """Return by how much the decoder may shrink an image that is resized to ``size`` anyway.

    The stored sides are multiples of it, so that nothing moves by a fraction of a pixel.
    """
    for scale in (8, 4, 2):
        sides = zip(stored, size, strict=True)
        is_large = all(side // scale >= _DRAFT_FACTOR * target for side, target in sides)
        if is_large and not any(side % scale for side in stored):
            return scale
    return 1


def resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Return pixels of (height, width) ``size``, resized by Lanczos if need be."""
    if pixels.shape[:2] == size:
        return pixels
    return resize(pixels, size, layout="HW" if pixels.ndim == 2 else "HWC")  # type: ignore[no-any-return]


def _as_pixels(image: Image.Image, grey: bool) -> Pixels:
    mode = "L" if grey else "RGB"
    return np.asarray(image if image.mode == mode else image.convert(mode))  # convert() copies


def _is_plain(frame: Frame | None) -> TypeGuard[Frame]:
    """Whether a header needs no look by Pillow, which would refuse nothing."""
    return (
        frame is not None
        and frame.plain
        and not ImageFile.LOAD_TRUNCATED_IMAGES
        and not (Image.MAX_IMAGE_PIXELS and frame.height * frame.width > Image.MAX_IMAGE_PIXELS)
    )


def _header(image: ImageFile.ImageFile) -> Header:
    width, height = image.size
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        # As it is stored. The size may already be that of the upright image.
        width, height = (image.tag_v2[tag] for tag in _TIFF_SIZE)
    if _turn(image) in _SIDEWAYS:
        width, height = height, width
    return Header(height, width, image.mode in _GREY_MODES, image.format in _JPEG)


@contextmanager
def _opened(path: str, data: bytes | None = None) -> Iterator[ImageFile.ImageFile]:
    """Open an image, refuse what is not plain 8-bit grey or colour, and name every failure.

    ``data`` is the content of the file, if it has been read.
    """
    try:
        with collected_warnings() as collected:
            _refuse_lenient_pillow()
            # Not by its path: Pillow maps uncompressed files into memory, and then mixes up the
            # pixels of a sideways TIFF, and crashes if the file is cut off meanwhile.
            with (
                _file(path, data) as file,
                Image.open(file, formats=READ_FORMATS) as image,
            ):
                if image.format == "TIFF":
                    _refuse_warned(path, collected, concerns_tiff_pixels)
                _refuse_unusable(path, image)
                yield image
            _refuse_warned(path, collected, concerns_pixels)
            _refuse_lenient_pillow()
    except (WorkError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise BadImageError(path, _why_unidentified(path, data, collected)) from None
    except Image.DecompressionBombError:
        raise _bomb(path) from None
    except OSError as error:
        if error.errno in _MACHINE_ERRORS:
            raise WorkError(f"{path} could not be read: {error.strerror}") from error
        raise BadImageError(path, f"it cannot be read: {error.strerror or error}") from error
    except Exception as error:  # decoders raise anything on a damaged file
        reason = f"it cannot be decoded: {type(error).__name__}: {error}"
        raise BadImageError(path, reason) from error


def _file(path: str, data: bytes | None) -> IO[bytes]:
    return open(path, "rb") if data is None else io.BytesIO(data)


def _turn(image: Image.Image) -> Image.Transpose | None:
    """Return the turn that makes an image upright, from its EXIF, or else from its XMP.

    If neither can be read the image counts as upright, as in viewers. `ImageOps.exif_transpose`
    would also write tags back, and fails on tags that do not matter here.
    """
    try:
        # Not the PNG reader's own getexif, which decodes the whole image to look behind it.
        return _TURNS.get(Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1))
    except (OSError, MemoryError):  # a TIFF is read from its file only now
        raise
    except Exception:  # damaged metadata, for which Pillow raises anything
        return None


def _grey_step(image: ImageFile.ImageFile) -> int:
    return max((_GREY_STEPS.get(str(tile[3]), 1) for tile in image.tile), default=1)


def _refuse_lenient_pillow() -> None:
    # The setting is the process's: changing it for a while would make other threads fail on files
    # that they accept. It can be set at any time, so it is checked for every file.
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise WorkError(
            "PIL.ImageFile.LOAD_TRUNCATED_IMAGES is set, with which damaged files pass for whole "
            "ones: set it to False while blockmix reads images"
        )


def _refuse_damaged_png(path: str, data: bytes | None) -> None:
    # Pillow compares the checksums of pixels only here. Without this, 53 of 690 files with one
    # changed byte were decoded to other pixels. It takes 60 of 960 us for 192 x 192 x 3.
    with _file(path, data) as file, Image.open(file, formats=["PNG"]) as image:
        image.verify()


def _refuse_warned(
    path: str, collected: list[Warning], concerns: Callable[[Warning], bool]
) -> None:
    for warning in collected:
        if concerns(warning):
            raise BadImageError(path, f"its pixels may be wrong: {warning}")


def _why_unidentified(path: str, data: bytes | None, collected: list[Warning]) -> str:
    for warning in collected:
        if str(warning).endswith("support not installed"):
            return f"this Pillow was built without what reads it: {warning}"
    if _is_empty(path, data):
        return "it is empty"
    return f"it is not an image of a known format ({', '.join(READ_FORMATS)})"


def _is_empty(path: str, data: bytes | None) -> bool:
    if data is not None:
        return not data
    try:
        return os.path.getsize(path) == 0
    except OSError:  # removed since it was opened
        return False


def _bomb(path: str) -> BadImageError:
    return BadImageError(
        path,
        f"it has more than {Image.MAX_IMAGE_PIXELS} pixels and may be a decompression bomb; "
        "raise PIL.Image.MAX_IMAGE_PIXELS if it is to be trusted",
    )


def _refuse_unusable(path: str, image: ImageFile.ImageFile) -> None:
    # Pillow itself only warns, up to twice its limit.
    if Image.MAX_IMAGE_PIXELS and image.width * image.height > Image.MAX_IMAGE_PIXELS:
        raise _bomb(path)
    # A phone's MPO file is a JPEG with an extra picture (depth, preview) behind the photograph.
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise BadImageError(path, f"it has {frames} frames: save the one to be mixed")
    if image.format == "GIF" and image.tile[0][1] != (0, 0, *image.size):
        raise BadImageError(path, f"its frame does not cover the whole image: {_TRANSPARENT}")
    if image.mode[0] in "IF" or any(_is_deep(tile) for tile in image.tile):
        raise BadImageError(path, "it has more than 8 bits a channel: convert it to 8 bits first")
    if image.mode not in _GREY_MODES + _COLOUR_MODES:
        reason = f"its colours are {image.mode}, not grey or RGB: convert it to RGB first"
        raise BadImageError(path, reason)


def _is_deep(tile: Any) -> bool:
    """Whether Pillow would silently cut more than 8 bits a channel down to 8."""
    decoder, _, _, arguments = tile
    if decoder in ("ppm", "ppm_plain"):
        return isinstance(arguments, tuple) and arguments[-1] > 255  # the largest value
    # Raw modes such as RGB;16B; not BGR;16, which is 5, 6 and 5 bits.
    return bool(re.search(r";16[BLN]", str(arguments)))
