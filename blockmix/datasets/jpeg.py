"""Plain JPEG files: their headers, and their pixels by simplejpeg.

simplejpeg and Pillow both decode with libjpeg-turbo 3, which gives both the same pixels. simplejpeg
is faster, as it looks at nothing else in a file. So it gets only plain files, of whose header every
byte is understood here. All other files, and those that it refuses or warns of, are left to Pillow.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import NamedTuple

from PIL import features

from blockmix.support.pixels import Pixels

# A plain header is no longer than this, as a rule, unless it holds a colour profile or metadata.
HEADER_BYTES = 4096

_START = b"\xff\xd8\xff"
SCAN = 0xDA
_FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended and progressive, all by Huffman codes
_QUANTIZATION = 0xDB
_HARMLESS = (0xC4, 0xDD, 0xFE)  # Huffman codes, restart interval, comment
_APPLICATIONS = range(0xE0, 0xF0)
# Application data that plain headers may hold, as (marker, how it begins, its fewest bytes): JFIF,
# a colour profile, and how an Adobe program has stored the colours.
_KNOWN_APPLICATIONS = ((0xE0, b"JFIF\0", 14), (0xE2, b"ICC_PROFILE\0", 14), (0xEE, b"Adobe", 12))
_QUANTIZATION_BYTES = 65  # a table of 8-bit values and its number
# Sampling factors of grey and of luma; those of both chromas are 1 x 1.
_SAMPLINGS = (0x11, 0x21, 0x12, 0x22, 0x41)


def _find_simplejpeg() -> ModuleType | None:
    try:
        import simplejpeg
    except ImportError:
        return None
    # Other libraries of Pillow's, such as libjpeg or an old libjpeg-turbo, may round differently.
    version = features.version_feature("libjpeg_turbo") or ""
    return simplejpeg if version.startswith("3.") else None


simplejpeg = _find_simplejpeg()


def codec_version() -> str | None:
    """Return the version of simplejpeg, or None if Pillow decodes all files."""
    return None if simplejpeg is None else str(simplejpeg.__version__)


class Frame(NamedTuple):
    """The header of a JPEG file that simplejpeg may decode."""

    height: int
    width: int
    grey: bool
    plain: bool  # nothing in the header can turn the image, or make it one of several


def read_start(path: str, fits: Callable[[int], bool]) -> tuple[bytes, bool]:
    """Return the start of a file, and whether that is all of a JPEG file.

    It is if the file starts like one and so many bytes fit. Otherwise these are the first
    `HEADER_BYTES`, or none if the file cannot be read: Pillow will say why.
    """
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return b"", False
    try:
        size = os.fstat(file).st_size
        data = os.read(file, HEADER_BYTES)
        if not data.startswith(_START) or not fits(size):
            return data, False
        while len(data) < size and (piece := os.read(file, size - len(data))):
            data += piece
        return data, True
    except OSError:
        return b"", False
    finally:
        os.close(file)


def read_frame(data: bytes) -> Frame | None:
    """Read the header at the start of a JPEG file; return None if it is not understood.

    ``data`` are the bytes of the file, or as many as are at hand.

    Examples
    --------
    >>> import io
    >>> from PIL import Image
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (48, 32)).save(file, "JPEG")
    >>> read_frame(file.getvalue())
    Frame(height=32, width=48, grey=False, plain=True)
    >>> read_frame(file.getvalue()[:100]) is None
    True
    """
    if not data.startswith(_START):
        return None
    try:
        return _read_segments(data)
    except IndexError:  # it ends too early
        return None


def _read_segments(data: bytes) -> Frame | None:
    size = grey = None
    plain = True
    for marker, begin, end in segments(data):
        if not begin <= end <= len(data):
            return None
        if marker == SCAN:
            return None if size is None else Frame(*size, bool(grey), plain)
        if marker in _FRAMES:
            if size is not None:
                return None
            size, grey = _size(data[begin:end]), data[begin + 5] == 1
            if size is None:
                return None
        elif marker == _QUANTIZATION:
            if not _are_tables(data, begin, end):
                return None
        elif marker in _APPLICATIONS:
            plain = plain and _is_known(marker, data[begin:end])
        elif marker not in _HARMLESS:
            return None
    return None


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the marker of each segment of a header, and where its content begins and ends.

    A header ends with the segment of the `SCAN`, behind which lie the pixels. If ``data`` end
    before, an IndexError is raised.
    """
    end = 2
    while data[end] == 0xFF:
        begin = end + 4
        marker = data[end + 1]
        end += 2 + (data[end + 2] << 8 | data[end + 3])
        yield marker, begin, end


def _size(segment: bytes) -> tuple[int, int] | None:
    """Return height and width of a frame of 8 bits, grey or of usual subsampling, else None."""
    layers = segment[5]
    samplings = segment[7::3]
    if (
        segment[0] != 8
        or layers not in (1, 3)
        or len(segment) != 6 + 3 * layers
        or samplings[0] not in _SAMPLINGS
        or samplings[1:] != b"\x11" * (layers - 1)
    ):
        return None
    height, width = segment[1] << 8 | segment[2], segment[3] << 8 | segment[4]
    return (height, width) if height and width else None


def _are_tables(data: bytes, begin: int, end: int) -> bool:
    return (end - begin) % _QUANTIZATION_BYTES == 0 and all(
        data[table] < 4 for table in range(begin, end, _QUANTIZATION_BYTES)
    )


def _is_known(marker: int, segment: bytes) -> bool:
    return any(
        marker == known and segment.startswith(beginning) and len(segment) >= fewest
        for known, beginning, fewest in _KNOWN_APPLICATIONS
    )


def decode_jpeg(data: bytes, size: tuple[int, int], scale: int, grey: bool) -> Pixels | None:
    """Return the pixels of a JPEG file that has a `Frame`, or None if Pillow must decode it.

    Parameters
    ----------
    data : bytes
        The file.
    size : (int, int)
        Height and width of the frame.
    scale : int
        The image is decoded at 1 / ``scale`` of its size; 1, or 2, 4 or 8 if that divides ``size``.
    grey : bool
        Whether the pixels are to be grey, as those of the file must be then.
    """
    if simplejpeg is None:
        return None
    height, width = size[0] // scale, size[1] // scale
    if scale > 1 and max(height, width) < 4:
        return None  # simplejpeg would take another scale that gives the same size: 3/8 for 1/2
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(
            data,
            "GRAY" if grey else "RGB",
            min_height=0 if scale == 1 else height,
            min_width=0 if scale == 1 else width,
            min_factor=scale,
            strict=True,
        )
    except (ValueError, RuntimeError):  # damaged, or odd
        return None
    if pixels.shape[:2] != (height, width):
        return None
    return pixels.reshape(height, width) if grey else pixels
