"""Which sizes to forecast, if the images of a set differ in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

# Forecasts of 16 sizes, each of three rounds and 65,536 blocks, take up to 3 s.
MOST_SIZES = 16

_Size = TypeVar("_Size", int, tuple[int, int])


def shares_of_sizes(sizes: Iterable[_Size]) -> dict[_Size, float]:
    """Return the share of images that have each size; of more than 16 sizes, in a sample.

    Examples
    --------
    >>> shares_of_sizes([5, 3, 5, 3, 5, 5])
    {3: 0.3333333333333333, 5: 0.6666666666666666}
    """
    ordered = sorted(sizes)
    if len(set(ordered)) > MOST_SIZES:
        step = len(ordered) / MOST_SIZES
        ordered = [ordered[int((i + 0.5) * step)] for i in range(MOST_SIZES)]
    return {size: count / len(ordered) for size, count in Counter(ordered).items()}
