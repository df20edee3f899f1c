"""Text for people, from names that can hold anything."""

from __future__ import annotations


def one_line(text: str) -> str:
    """The text with line breaks and other control characters as Python would write them.

    File names can hold them. They must not pass for lines of ours, nor command a terminal.

    Examples
    --------
    >>> print(one_line("a\\nb  c\\x1b[0m"))
    a\\nb  c\\x1b[0m
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
