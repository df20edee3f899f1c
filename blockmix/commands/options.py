"""Options that several commands share, and the parser of lists of numbers."""

from __future__ import annotations

from typing import Annotated

import typer

from blockmix.errors import InputError

Sources = Annotated[int, typer.Option(help="Images of the same label picked for one.")]
Rounds = Annotated[int, typer.Option(help="How often the whole set is mixed.")]
Probability = Annotated[
    str,
    typer.Option(
        help="Chance that a block is replaced in one round, or 'balanced': sources / (sources + 1)."
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
