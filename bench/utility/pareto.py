"""The Pareto set: what nothing else beats."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def pareto(points: Mapping[Name, Sequence[float]]) -> list[Name]:
    """Return the names of the points that no other point beats, in their order.

    A point beats another if it is at least as small on every axis, and smaller on one.

    Examples
    --------
    >>> pareto({"cheap": (1, 9), "good": (9, 1), "between": (5, 5), "bad": (6, 5)})
    ['cheap', 'good', 'between']
    """
    return [
        name
        for name, point in points.items()
        if not any(_beats(other, point) for other in points.values())
    ]


def _beats(other: Sequence[float], point: Sequence[float]) -> bool:
    pairs = list(zip(other, point, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)
