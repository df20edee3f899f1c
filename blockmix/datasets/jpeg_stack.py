"""Encode small images as JPEG together, to the bytes that each has if Pillow encodes it alone.

Each call of Pillow takes 20 to 50 us before it encodes a pixel. So images are stacked into a tall
one, and encoded with a restart marker behind each of them. There the coding starts afresh, so that
between two markers lies what an image encoded alone has between its header and its end.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import lru_cache
from io import FileIO
from itertools import chain

import numpy as np
from PIL import Image, ImageFile

from blockmix.datasets.jpeg import SCAN, segments
from blockmix.datasets.jpeg_encode import encode_by_pillow
from blockmix.support.pixels import Pixels

# The most bytes of pixels of an image that is worth stacking, and of a stack. Microseconds an image
# of 3 channels in a stack, against alone, by Pillow 11.0, 12.1 and 13.0 (one thread, Xeon):
# 32 x 32, stacks of 16: 14, 13, 16 against 40, 29, 62; 64 x 64, stacks of 8: 40, 37, 46 against
# 57, 51, 80; 96 x 96, stacks of 4: 80, 88, 102 against 89, 89, 114. 192 x 192 takes longer.
_LARGEST = 16 << 10
_STACK_BYTES = 96 << 10
_CELL = 8  # pixels: what JPEG encodes at a time, along both sides
LONGEST_SIDE = 65_500  # pixels, as libjpeg defines it
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
END = b"\xff\xd9"  # of a JPEG file
_INTERVAL_BYTES = 6  # of the segment for restarts, which only the header of a stack has
# Images of little noise, so that even at quality 100 they fit into the buffer of one write.
_TRIAL_IMAGES, _TRIAL_VALUES = 2, 64


def encode_stack(images: Pixels, indices: Sequence[int], quality: int) -> list[bytes] | None:
    """Return the JPEG files, 4:4:4, of some of the images, (N, height, width[, 3]).

    None if they are to be encoded one by one.
    """
    _, height, width, *channels = images.shape
    lines = -(-height // _CELL) * _CELL
    most = min(_STACK_BYTES // images[0].nbytes, LONGEST_SIDE // lines)
    if images[0].nbytes > _LARGEST or min(len(indices), most) < 2:
        return None
    if not hasattr(os, "memfd_create"):  # not Linux
        return None
    header = _header(height, width, not channels, quality)
    if header is None:
        return None
    parts = [indices[begin : begin + most] for begin in range(0, len(indices), most)]
    stacks = [_encode(images[part], quality, header) for part in parts]
    return None if None in stacks else list(chain(*filter(None, stacks)))


@lru_cache
def _header(height: int, width: int, grey: bool, quality: int) -> bytes | None:
    """Return the header of images encoded alone, or None if a trial gives other bytes than these.

    It would, with a library that lets one block decide on the coding of others.
    """
    shape = (_TRIAL_IMAGES, height, width) if grey else (_TRIAL_IMAGES, height, width, 3)
    images = np.random.default_rng(0).integers(0, _TRIAL_VALUES, shape, np.uint8)
    files = [encode_by_pillow(pixels, quality) for pixels in images]
    end = next(end for marker, _, end in segments(files[0]) if marker == SCAN)
    header = files[0][:end]
    return header if _encode(images, quality, header) == files else None


def _encode(images: Pixels, quality: int, header: bytes) -> list[bytes] | None:
    count, height, width = images.shape[:3]
    missing = -height % _CELL
    if missing:  # as the encoder adds them below an image that it encodes alone
        images = np.concatenate([images, np.repeat(images[:, -1:], missing, axis=1)], axis=1)
    height += missing
    stack = Image.fromarray(images.reshape(count * height, width, *images.shape[3:]))
    with FileIO(os.memfd_create("stack"), "w+") as file:
        # Into a descriptor, as only there Pillow encodes without holding the interpreter.
        stack.save(
            file,
            "JPEG",
            quality=quality,
            subsampling="4:4:4",
            restart_marker_blocks=height // _CELL * -(-width // _CELL),
        )
        size = file.seek(0, os.SEEK_END)
        data = os.pread(file.fileno(), size, len(header) + _INTERVAL_BYTES)
    scans = _RESTART.split(data.removesuffix(END))
    # Pillow does not notice if the system takes only a part of a write. The end shows that it took
    # all, if it was one write.
    is_whole = data.endswith(END) and size <= ImageFile.MAXBLOCK and len(scans) == count
    return [header + scan + END for scan in scans] if is_whole else None
