"""Options that several commands share, and how keys and lists of numbers are read."""

from __future__ import annotations

import warnings
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blockmix.commands.app import print_error
from blockmix.errors import InputError

if TYPE_CHECKING:
    from blockmix.key import Key
    from blockmix.key_file import KeyFile

Sources = Annotated[int, typer.Option(help="Images of the same label picked for one.")]
Rounds = Annotated[int, typer.Option(help="How often the whole set is mixed.")]
Probability = Annotated[
    str,
    typer.Option(
        help="Chance that a block is replaced in one round, or 'balanced': sources / (sources + 1)."
    ),
]


Size = Annotated[
    str | None,
    typer.Option(help="HEIGHTxWIDTH to resize to; without it all images must have one size."),
]
Block = Annotated[str, typer.Option(help="HEIGHTxWIDTH of a block in pixels.")]


class Format(StrEnum):
    jpeg = "jpeg"
    png = "png"
    webp = "webp"


FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format", help="Default: JPEG if every image is JPEG, else PNG.", show_default=False
    ),
]
Quality = Annotated[
    int | None,
    typer.Option(help="1 to 100. JPEG: default 95. WebP: without loss unless given."),
]


class SmallClasses(StrEnum):
    error = "error"
    clamp = "clamp"


SmallClassesOption = Annotated[
    SmallClasses,
    typer.Option(
        "--small-classes",
        help="Labels of fewer than sources + 1 images: refuse, or mix them all.",
    ),
]


Label = Annotated[
    str | None,
    typer.Option(
        help="Of shards: where labels are. tar: the extension of a member (default: cls), "
        "json:FIELD, or 'path'. parquet: a column (default: label)."
    ),
]
ExecutorOption = Annotated[
    str | None,
    typer.Option(
        "--executor",
        metavar="KIND[:ADDRESS]",
        help="Who does the work: processes[:N], dask:tls://host:8786, or ray[:ADDRESS]. Default: "
        "this process.",
    ),
]


def parse_numbers(name: str, text: str | None) -> tuple[int, ...]:
    """Whole numbers from 1 on, separated by commas; none for an option that is not given.

    Examples
    --------
    >>> parse_numbers("blocks", "64,256"), parse_numbers("blocks", None)
    ((64, 256), ())
    """
    if text is None:
        return ()
    try:
        values = tuple(int(part) for part in text.split(","))
    except ValueError:
        values = ()
    if not values or min(values) < 1:
        raise InputError(f"--{name} is whole numbers from 1 on with commas between, got {text!r}")
    return values


def read_key_or_file(
    key_file: Path | None, seed: int | None, seed_option: str
) -> Key | KeyFile | None:
    """Return a reference to a key file, a key from a seed, or None; print warnings as lines."""
    from blockmix.key import Key
    from blockmix.key_file import KeyFile

    if key_file is not None and seed is not None:
        raise InputError(f"--key-file and {seed_option} exclude each other")
    if seed is not None:
        return Key.from_seed(seed)
    if key_file is None:
        return None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        reference = KeyFile(key_file)
    for warning in caught:
        print_error(f"warning: {warning.message}")
    return reference


def read_key(key_file: Path | None, seed: int | None, seed_option: str) -> Key | None:
    """Return the key in a file or from a seed, None without either; print warnings as lines."""
    from blockmix.key_file import KeyFile

    key = read_key_or_file(key_file, seed, seed_option)
    return key.read() if isinstance(key, KeyFile) else key
