"""Pillow's warnings about the file that a thread has open.

Pillow does not name the file that it warns of, and Python's warning filters belong to the whole
process. So the warnings are let through to `showwarning`, which sorts them by thread.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock, local
from typing import TextIO

import PIL
from PIL import Image

_PILLOW = os.path.join(os.path.dirname(PIL.__file__), "")
# About metadata, which is not kept, or about further pictures in a file, which are not read.
# "Truncated File Read" is about a tag: if pixels are cut off, Pillow raises.
_OF_METADATA = re.compile(
    r"(Possibly c|C)orrupt EXIF |Metadata Warning, tag |Tag offset too large|Tag data larger than "
    r"|Truncated File Read|Image appears to be a malformed MPO file|Invalid APNG|\w+ opening failed"
)
# Tags of a TIFF that decide how its pixels are read: subfile type, size, bits,
# compression, colours, fill order, strips, orientation, samples, planes, transfer of grey,
# predictor, palette, tiles, ink, extra samples, sample format, JPEG and YCbCr.
_TIFF_TAGS_OF_PIXELS = {
    *(254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 290, 291, 292, 293),
    *(317, 320, 322, 323, 324, 325, 330, 332, 334, 338, 339, 340, 341, 347),
    *(*range(512, 522), *range(529, 533)),
}


class _Thread(local):
    collected: list[Warning] | None = None


_thread = _Thread()
_lock = Lock()
_collectors = 0
_undo = ExitStack()


@contextmanager
def collected_warnings() -> Iterator[list[Warning]]:
    """Collect Pillow's warnings of this thread in a list, instead of showing them."""
    with collecting():
        _thread.collected = []
        try:
            yield _thread.collected
        finally:
            _thread.collected = None


@contextmanager
def collecting() -> Iterator[None]:
    """Hand Pillow's warnings over to `collected_warnings`, which calls this itself.

    It changes settings of the process, so a run does it once, not for each file: the first thread
    changes them, the last one restores them. Other threads see warnings as before, but Pillow's
    every time instead of once.
    """
    global _collectors
    with _lock:
        if not _collectors:
            _undo.enter_context(_redirected())
        _collectors += 1
    try:
        yield
    finally:
        with _lock:
            _collectors -= 1
            if not _collectors:
                _undo.close()


@contextmanager
def _redirected() -> Iterator[None]:
    show = warnings.showwarning

    def record(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if _thread.collected is None or not filename.startswith(_PILLOW):
            show(message, category, filename, lineno, file, line)
        else:
            _thread.collected.append(message if isinstance(message, Warning) else category(message))

    with warnings.catch_warnings():
        warnings.filterwarnings("always", module=r"PIL\.")
        warnings.showwarning = record
        try:
            yield
        finally:
            warnings.showwarning = show


def concerns_pixels(warning: Warning) -> bool:
    """Whether a warning may mean that pixels are wrong; True for unknown warnings."""
    if isinstance(warning, Image.DecompressionBombWarning):
        return False  # the decoder refuses such files itself
    return not _OF_METADATA.match(str(warning))


def concerns_tiff_pixels(warning: Warning) -> bool:
    """Whether a warning about the tags of a TIFF may mean that its pixels are read wrongly."""
    if skipped := re.search(r"Skipping tag (\d+)", str(warning)):
        return int(skipped[1]) in _TIFF_TAGS_OF_PIXELS
    # From a tag with too many entries the first is used, by other readers as well.
    return not isinstance(warning, Image.DecompressionBombWarning) and not str(warning).startswith(
        "Metadata Warning"
    )
