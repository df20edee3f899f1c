"""Spans of time as people write them: ``90s``, ``60m``, ``2h``."""

from __future__ import annotations

import re

from blockmix.errors import InputError

_UNITS = {"s": 1, "m": 60, "h": 3600}


def parse_duration(text: str, name: str) -> float:
    """Seconds, from a text such as ``60m``; a number alone is of seconds.

    Examples
    --------
    >>> parse_duration("60m", "budget"), parse_duration("1.5h", "budget")
    (3600.0, 5400.0)
    """
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*([smh]?)", text.strip().lower())
    if not match:
        raise InputError(f"{name} is a time such as 90s, 60m or 2h, got {text!r}")
    return float(match[1]) * _UNITS[match[2] or "s"]


def show_duration(seconds: float) -> str:
    """A span of time as text, to two digits or so.

    Examples
    --------
    >>> show_duration(7.2), show_duration(100), show_duration(9000)
    ('7 s', '1.7 min', '2.5 h')
    """
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"
