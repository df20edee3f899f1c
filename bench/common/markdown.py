"""Tables in Markdown, and parts of pages, each between two marks that name it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from blockmix import InputError

BEGIN, END = "<!-- {}: make pages -->\n", "<!-- end of {} -->\n"
Line = TypeVar("Line")


def table(columns: Mapping[str, Callable[[Line], str]], lines: Iterable[Line]) -> str:
    """Return a table from the text of each column for a line.

    Examples
    --------
    >>> print(table({"number": str, "double": lambda number: str(2 * number)}, [1, 2]), end="")
    | number | double |
    | --- | --- |
    | 1 | 2 |
    | 2 | 4 |
    """
    cells = [list(columns), ["---"] * len(columns)]
    cells += [[cell(line) for cell in columns.values()] for line in lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells) + "\n"


def fill(page: str, parts: Mapping[str, str]) -> str:
    """The text of a page with these parts between their marks, where it has them."""
    for name, part in parts.items():
        begin, end = BEGIN.format(name), END.format(name)
        if begin in page:
            before, rest = page.split(begin)
            _, after = rest.split(end)
            page = f"{before}{begin}\n{part}\n{end}{after}"
    return page


def fill_pages(paths: Iterable[Path], parts: Mapping[str, str]) -> None:
    """Write these parts into the pages that have their marks; each must have its place.

    Raises
    ------
    InputError
        If no page has the marks of some part. Nothing has been written then.
    """
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    for name in parts:
        if not any(BEGIN.format(name) in text for text in texts.values()):
            raise InputError(
                f"no page among {', '.join(map(str, texts))} has the mark of {name!r}: "
                f"put {BEGIN.format(name).strip()} and {END.format(name).strip()} into one"
            )
    for path, text in texts.items():
        path.write_text(fill(text, parts), encoding="utf-8")
