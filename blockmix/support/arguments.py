"""Checks of single arguments."""

from __future__ import annotations

import operator
import os
from pathlib import Path

from blockmix.errors import InputError, InputTypeError


def one_of(name: str, value: str, choices: tuple[str, ...]) -> str:
    """``value``, if it is one of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"{name} is one of {', '.join(choices)}, got {value!r}")
    return value


def new_or_empty(folder: Path) -> None:
    """Refuse a folder that exists and is not empty."""
    if folder.exists() and not (folder.is_dir() and not os.listdir(folder)):
        raise InputError(f"{folder} is not an empty folder: name a new one")


def whole_number(name: str, value: int, minimum: int, maximum: int) -> int:
    """``value`` as an int, if it is a whole number in the range, ends included."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise InputTypeError(f"{name} is a whole number, got {value!r}")
    if not minimum <= number <= maximum:
        shown = number if abs(number) < 2**128 else "a number too large to show"
        raise InputError(f"{name} is from {minimum} to {maximum}, got {shown}")
    return number
