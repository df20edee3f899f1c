"""Text to show, from names that can hold any character."""

from __future__ import annotations


def one_line(text: str) -> str:
    """The text with line breaks and other control characters escaped as in Python.

    File names can hold them. They must not look like lines of blockmix or control a terminal.

    Examples
    --------
    >>> print(one_line("a\\nb  c\\x1b[0m"))
    a\\nb  c\\x1b[0m
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def count(number: int, noun: str) -> str:
    """A number of things.

    Examples
    --------
    >>> count(1, "label"), count(2, "label")
    ('1 label', '2 labels')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"
