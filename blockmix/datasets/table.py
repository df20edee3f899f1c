"""A column of a CSV file: one value for each image, such as its label or the person in it."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import PurePath, PurePosixPath

from blockmix.errors import InputError

PATH_COLUMNS = ("path", "file")


def read_column(
    file: str | os.PathLike[str], column: str, value_name: str = "group"
) -> dict[str, str]:
    """Return the value of a column by the path of the image, without empty values.

    Parameters
    ----------
    file : path
        A CSV file with the column, and one called ``path`` or ``file`` of paths below the folder of
        images.
    column : str
        The column.
    value_name : str
        What a value is, for messages.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column, or gives an image two values.
    """
    try:
        # Names that are not UTF-8 are read as the operating system lists them.
        with open(file, encoding="utf-8-sig", errors="surrogateescape", newline="") as table:
            return _values(str(file), csv.reader(table, strict=True), column, value_name)
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror or error}") from None
    except csv.Error as error:
        raise InputError(f"{file} is not a CSV file: {error}") from None


def normal_path(path: str | PurePath) -> str:
    """The path of an image as it is compared, with ``/`` between folders.

    Examples
    --------
    >>> normal_path("./cat//1.jpg")
    'cat/1.jpg'
    """
    return PurePosixPath(path).as_posix()


def _values(file: str, rows: Iterable[list[str]], column: str, value_name: str) -> dict[str, str]:
    lines = iter(rows)
    header = [name.strip() for name in next(lines, [])]
    paths = [name for name in PATH_COLUMNS if name in header]
    if len(paths) != 1 or column not in header:
        raise InputError(
            f"{file} needs one column {' or '.join(map(repr, PATH_COLUMNS))}, of paths below the "
            f"source, and a column {column!r}, got {', '.join(map(repr, header)) or 'none'}"
        )
    path_index, value_index = header.index(paths[0]), header.index(column)
    values: dict[str, str] = {}
    for number, row in enumerate(lines, start=2):
        if len(row) <= max(path_index, value_index) or not row[value_index].strip():
            continue  # whoever needs a value for each image refuses the image
        path, value = normal_path(row[path_index]), row[value_index].strip()
        if values.setdefault(path, value) != value:
            raise InputError(f"row {number} of {file} gives {path} a second {value_name}: keep one")
    return values
