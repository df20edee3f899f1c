"""What Pillow warns of while a file is open, kept apart by file.

Pillow does not name the file that it warns of, and Python's filters of warnings are those of the
whole process. So its warnings are let through to `showwarning`, which sorts them by thread.
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
# Of metadata, which is not kept; or of more pictures in the file, of which the first is read.
# "Truncated File Read" is of a tag: where pixels are cut off, Pillow raises.
_OF_METADATA = re.compile(
    r"(Possibly c|C)orrupt EXIF |Metadata Warning, tag |Tag offset too large|Tag data larger than "
    r"|Truncated File Read|Image appears to be a malformed MPO file|Invalid APNG|\w+ opening failed"
)
# Tags of a TIFF without which its pixels are read in another way: subfile type, size, bits,
# compression, colours, fill order, strips, orientation, samples, planes, transfer of grey,
# predictor, palette, tiles, ink, extra samples, sample format, JPEG and YCbCr.
_TIFF_TAGS_OF_PIXELS = {
    *(254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 290, 291, 292, 293),
    *(317, 320, 322, 323, 324, 325, 330, 332, 334, 338, 339, 340, 341, 347),
    *(*range(512, 522), *range(529, 533)),
}


class _Thread(local):
    heard: list[Warning] | None = None


_thread = _Thread()
_lock = Lock()
_listeners = 0
_undo = ExitStack()


@contextmanager
def heard_warnings() -> Iterator[list[Warning]]:
    """The list that Pillow's warnings in this thread go to, instead of being shown."""
    with listening():
        _thread.heard = []
        try:
            yield _thread.heard
        finally:
            _thread.heard = None


@contextmanager
def listening() -> Iterator[None]:
    """Turn Pillow's warnings over to `heard_warnings`, which does the same on its own.

    That changes settings of the process, so a run does it once, not for each file: the first
    thread changes them, the last one restores them. Other threads see their warnings as before,
    but each of Pillow's every time.
    """
    global _listeners
    with _lock:
        if not _listeners:
            _undo.enter_context(_redirected())
        _listeners += 1
    try:
        yield
    finally:
        with _lock:
            _listeners -= 1
            if not _listeners:
                _undo.close()


@contextmanager
def _redirected() -> Iterator[None]:
    show = warnings.showwarning

    def hear(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if _thread.heard is None or not filename.startswith(_PILLOW):
            show(message, category, filename, lineno, file, line)
        else:
            _thread.heard.append(message if isinstance(message, Warning) else category(message))

    with warnings.catch_warnings():
        warnings.filterwarnings("always", module=r"PIL\.")
        warnings.showwarning = hear
        try:
            yield
        finally:
            warnings.showwarning = show


def is_of_pixels(warning: Warning) -> bool:
    """Whether a warning may say that pixels are wrong; one that is not known may."""
    if isinstance(warning, Image.DecompressionBombWarning):
        return False  # the decoder refuses what it is about
    return not _OF_METADATA.match(str(warning))


def is_of_tiff_pixels(warning: Warning) -> bool:
    """Whether that holds of a warning about the tags of a TIFF, by which its pixels are read."""
    if skipped := re.search(r"Skipping tag (\d+)", str(warning)):
        return int(skipped[1]) in _TIFF_TAGS_OF_PIXELS
    # Of a tag with too many entries the first one is taken, by other readers as well.
    return not isinstance(warning, Image.DecompressionBombWarning) and not str(warning).startswith(
        "Metadata Warning"
    )
