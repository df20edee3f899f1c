"""Sizes as people write them: ``192x192`` pixels, ``64MiB`` of memory."""

from __future__ import annotations

import operator
import re

from blockmix.errors import InputError

_UNITS = {"": 1, "B": 1} | {
    f"{prefix}{unit}": base**power
    for unit, base in (("B", 1000), ("iB", 1024))
    for power, prefix in enumerate("KMGT", start=1)
}


def parse_pair(text: str, name: str) -> tuple[int, int]:
    """``HEIGHTxWIDTH`` in pixels; one number stands for both.

    Examples
    --------
    >>> parse_pair("192x128", "size"), parse_pair("24", "block")
    ((192, 128), (24, 24))
    """
    match = re.fullmatch(r"(\d{1,9})(?:x(\d{1,9}))?", text.strip().lower())
    if not match:
        raise InputError(f"{name} is written HEIGHTxWIDTH, for example 192x192, got {text!r}")
    return int(match[1]), int(match[2] or match[1])


def image_size(size: int | tuple[int, int]) -> tuple[int, int]:
    """Check the size of images in pixels and return it as (height, width)."""
    try:
        pair = size if isinstance(size, tuple | list) else (size, size)
        height, width = (0 if isinstance(side, bool) else operator.index(side) for side in pair)
    except (TypeError, ValueError):
        height = width = 0
    if not (1 <= height < 2**16 and 1 <= width < 2**16):
        raise InputError(f"size is (height, width), each from 1 to 65535 pixels, got {size!r}")
    return height, width


def parse_memory(amount: str | int) -> int:
    """Bytes, from a number of bytes or a text such as ``64MiB`` or ``1.5 GB``.

    Examples
    --------
    >>> parse_memory("64MiB"), parse_memory("2 GB"), parse_memory(4096)
    (67108864, 2000000000, 4096)
    """
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,15})?)\s*(\w*)", str(amount).strip())
    units = {unit.lower(): factor for unit, factor in _UNITS.items()}
    if not match or match[2].lower() not in units:
        raise InputError(f"memory is an amount such as 512MiB or 2GB, got {amount!r}")
    return int(float(match[1]) * units[match[2].lower()])


def show_memory(amount: int) -> str:
    """Bytes as text, rounded up, so that following the advice of an error suffices.

    Examples
    --------
    >>> show_memory(500 << 10), show_memory((64 << 20) + 1)
    ('500KiB', '65MiB')
    """
    unit, name = (2**10, "KiB") if amount < 4 << 20 else (2**20, "MiB")
    return f"{-(-amount // unit)}{name}"
