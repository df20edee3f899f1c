"""`advise`: which parameters reach a target for a class of a given size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from blockmix.errors import InputError, Setting
from blockmix.forecasting.forecast import Forecast, forecast
from blockmix.probability import balanced
from blockmix.support.arguments import whole_number

ROUNDS = (1, 2, 3)
SOURCES = (1, 2, 4, 10, 20, 50, 100)
BLOCKS = (16, 64, 256, 1024)
_MAX_BLOCKS = 65_536  # more take minutes and change little
PROBABILITIES = (0.5, 0.75)  # besides the balanced one


def advise(
    class_size: int,
    *,
    anonymity_set: float | None = None,
    linked: float | None = None,
    largest_share: float | None = None,
    reassembled: float | None = None,
    block_recognised: float | None = None,
    blocks: Sequence[int] = BLOCKS,
    group_size: int = 1,
) -> list[Forecast]:
    """Return the parameters that reach every given target, the mildest first.

    It tries 1 to 3 rounds, 1 to 100 sources, and for each the probabilities 0.5, 0.75 and the
    balanced one, sources / (sources + 1). It tries no higher probability: an image would then have
    fewer blocks of its own than of each source, which reveals just as much.

    Parameters
    ----------
    class_size : int
        Number of images of the smallest label.
    anonymity_set : float, optional
        The smallest acceptable value; see `Forecast`.
    linked, largest_share, reassembled, block_recognised : float, optional
        The largest acceptable values; see `Forecast`. With a ``group_size`` above 1,
        ``largest_share`` is that of a person. The last is as measured on one set of faces.
    blocks : sequence of int
        The numbers of blocks of an image to try.
    group_size : int
        Number of images of one person, for a mixing that knows groups; see `forecast`.

    Returns
    -------
    list of Forecast
        Empty if no tried parameters reach the targets.

    Raises
    ------
    InputError, InputTypeError
        If there is no target, or an argument breaks its rule.

    Examples
    --------
    >>> from blockmix.privacy import advise
    >>> first = advise(1500, anonymity_set=10, blocks=[64])[0]
    >>> first.rounds, first.sources, round(first.probability, 3)
    (1, 10, 0.909)
    """
    given = {
        "linked": linked,
        "largest_share": largest_share,
        "reassembled": reassembled,
        "block_recognised": block_recognised,
    }
    limits = {name: limit for name, limit in given.items() if limit is not None}
    if anonymity_set is None and not limits:
        targets = [part for name in given for part in (" or ", Setting(name))]
        raise InputError("advice needs a target: give ", Setting("anonymity_set"), *targets)
    if anonymity_set is not None and not anonymity_set >= 1:
        raise InputError(f"anonymity_set is a number from 1 on, got {anonymity_set}")
    for name, limit in limits.items():
        if not 0 <= limit <= 1:
            raise InputError(f"{name} is from 0 to 1, got {limit}")
    whole_number("class_size", class_size, 2, 2**31)
    for number in blocks:
        whole_number("blocks", number, 1, _MAX_BLOCKS)
    forecast(class_size, group_size=group_size)  # checks both
    return [
        candidate
        for candidate in _candidates(class_size, blocks, group_size)
        if candidate.anonymity_set >= (anonymity_set or 0) * (1 - 1e-9)
        and all(_value(candidate, name) <= limit for name, limit in limits.items())
    ]


def _value(candidate: Forecast, name: str) -> float:
    if name == "largest_share" and candidate.group_size > 1:
        return candidate.persons.largest_share
    return float(getattr(candidate, name))


def _candidates(class_size: int, blocks: Sequence[int], group_size: int) -> Iterator[Forecast]:
    pool_sizes = sorted({min(sources, class_size - group_size) for sources in SOURCES})
    for rounds, sources, number in product(ROUNDS, pool_sizes, blocks):
        at_balance = balanced(sources)
        for probability in (*(p for p in PROBABILITIES if p < at_balance), at_balance):
            yield forecast(
                class_size,
                sources=sources,
                rounds=rounds,
                probability=probability,
                blocks=number,
                group_size=group_size,
            )
