"""Means and shares with their 95 % intervals, and the area under a curve."""

from __future__ import annotations

from math import sqrt

import numpy as np
import numpy.typing as npt

_LEVEL = 0.95
_NORMAL = 1.959964  # so many deviations hold that share of a normal distribution

Figure = dict[str, float]  # "value", "low", "high"


def mean_with_interval(values: npt.NDArray[np.float64]) -> Figure:
    """The mean of independent values.

    Examples
    --------
    >>> made = mean_with_interval(np.array([1.0, 2.0, 3.0]))
    >>> made["value"], round(made["low"], 3)
    (2.0, 0.868)
    """
    mean = float(values.mean())
    half = _NORMAL * float(values.std(ddof=1)) / sqrt(len(values)) if len(values) > 1 else 0.0
    return {"value": mean, "low": mean - half, "high": mean + half}


def share_with_interval(hits: int, of: int) -> Figure:
    """A share, with Wilson's interval, which holds for few trials too.

    Examples
    --------
    >>> {name: round(value, 3) for name, value in share_with_interval(8, 10).items()}
    {'value': 0.8, 'low': 0.49, 'high': 0.943}
    """
    from scipy.stats import binomtest

    interval = binomtest(hits, of).proportion_ci(_LEVEL, "wilson")
    return {"value": hits / of, "low": float(interval.low), "high": float(interval.high)}


def area_under_curve(
    scores: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_]
) -> float | None:
    """The chance that a positive scores higher than a negative (ties count half): AUC.

    None if there are only positives or only negatives.

    Examples
    --------
    >>> area_under_curve(np.array([3.0, 2.0, 1.0]), np.array([True, False, False]))
    1.0
    """
    if positive.all() or not positive.any():
        return None
    from scipy.stats import rankdata

    many = int(positive.sum())
    above = rankdata(scores)[positive].sum() - many * (many + 1) / 2
    return float(above / many / (len(scores) - many))
