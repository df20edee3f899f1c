"""`advise`: which parameters reach a target, for a class of a size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from blockmix.errors import InputError, Setting
from blockmix.forecasting.forecast import Forecast, forecast
from blockmix.probability import balanced
from blockmix.support.arguments import whole_number

ROUNDS = (1, 2, 3)
SOURCES = (5, 10, 20, 50, 100)
BLOCKS = (16, 64, 256, 1024)
_MOST_BLOCKS = 65_536  # more take minutes, and no more can be told
PROBABILITIES = (0.5, 0.75)  # beside the balanced one


def advise(
    class_size: int,
    *,
    anonymity_set: float | None = None,
    linked: float | None = None,
    blocks: Sequence[int] = BLOCKS,
) -> list[Forecast]:
    """The parameters that reach every target given, the mildest first.

    Tried are rounds 1 to 3, 5 to 100 sources, and for each the probabilities 0.5, 0.75 and the
    balanced one, sources / (sources + 1). None beyond that: there an image has less of itself than
    of its sources, which tells just as much.

    Parameters
    ----------
    class_size : int
        Images of the smallest label.
    anonymity_set : float, optional
        At least; see `Forecast`.
    linked : float, optional
        At most; see `Forecast`.
    blocks : sequence of int
        The numbers of blocks of an image that may be taken.

    Returns
    -------
    list of Forecast
        Empty if nothing that was tried reaches the targets.

    Raises
    ------
    InputError, InputTypeError
        If there is no target, or a parameter breaks its rule.

    Examples
    --------
    >>> from blockmix.privacy import advise
    >>> first = advise(1500, anonymity_set=10, blocks=[64])[0]
    >>> first.rounds, first.sources, round(first.probability, 3)
    (1, 10, 0.909)
    """
    if anonymity_set is None and linked is None:
        raise InputError(
            "advice needs a target: give ",
            Setting("anonymity_set"),
            ", ",
            Setting("linked"),
            " or both",
        )
    if anonymity_set is not None and not anonymity_set >= 1:
        raise InputError(f"anonymity_set is a number from 1 on, got {anonymity_set}")
    if linked is not None and not 0 <= linked <= 1:
        raise InputError(f"linked is a chance from 0 to 1, got {linked}")
    whole_number("class_size", class_size, 2, 2**31)
    for number in blocks:
        whole_number("blocks", number, 1, _MOST_BLOCKS)
    return [
        made
        for made in _tried(class_size, blocks)
        if made.anonymity_set >= (anonymity_set or 0) * (1 - 1e-9)
        and made.linked <= (1 if linked is None else linked)
    ]


def _tried(class_size: int, blocks: Sequence[int]) -> Iterator[Forecast]:
    possible = sorted({min(sources, class_size - 1) for sources in SOURCES})
    for rounds, sources, number in product(ROUNDS, possible, blocks):
        at_balance = balanced(sources)
        for probability in (*(p for p in PROBABILITIES if p < at_balance), at_balance):
            yield forecast(
                class_size,
                sources=sources,
                rounds=rounds,
                probability=probability,
                blocks=number,
            )
