"""Means and shares with their 95 % intervals, and the area under a curve."""

from __future__ import annotations

from math import sqrt

import numpy as np
import numpy.typing as npt

_LEVEL = 0.95
_RESAMPLES = 200

# "value", and the ends of its interval, "low" and "high"; None where there is too little for one.
Figure = dict[str, float | None]
Values = npt.NDArray[np.float64]


def mean_with_interval(values: Values, least: float = -np.inf, most: float = np.inf) -> Figure:
    """The mean of independent values, which lie between ``least`` and ``most`` (Student).

    Examples
    --------
    >>> made = mean_with_interval(np.array([1.0, 2.0, 3.0]))
    >>> made["value"], round(made["low"], 3)
    (2.0, -0.484)
    """
    from scipy.stats import t

    mean, count = float(values.mean()), len(values)
    if count < 2:
        return {"value": mean, "low": None, "high": None}
    half = float(t.ppf(0.5 + _LEVEL / 2, count - 1)) * float(values.std(ddof=1)) / sqrt(count)
    return {"value": mean, "low": max(least, mean - half), "high": min(most, mean + half)}


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
    scores: npt.NDArray[np.floating],
    positive: npt.NDArray[np.bool_],
    known: npt.NDArray[np.bool_] | None = None,
) -> Figure | None:
    """The chance that a positive scores higher than a negative (ties count half): AUC.

    Parameters
    ----------
    scores : (N, M) float
        Of N independent images, M each.
    positive : (N, M) bool
        Which of them should be high.
    known : (N, M) bool, optional
        Of which of them that is known; the others are left out. Default: of all.

    Returns
    -------
    dict or None
        None if there are only positives or only negatives. The interval is that of images drawn
        again (bootstrap).

    Examples
    --------
    >>> scores, positive = np.array([[3.0, 2.0, 1.0]] * 9), np.array([[True, False, False]] * 9)
    >>> made = area_under_curve(scores, positive)
    >>> made["value"], made["low"], made["high"]
    (1.0, 1.0, 1.0)
    """
    told = np.ones_like(positive) if known is None else known
    area = _area(scores[told], positive[told])
    if area is None:
        return None
    draw, count = np.random.default_rng(0), len(scores)
    again = []
    for _ in range(_RESAMPLES if count > 1 else 0):
        some = draw.integers(0, count, count)
        made = _area(scores[some][told[some]], positive[some][told[some]])
        again += [] if made is None else [made]
    if not again:
        return {"value": area, "low": None, "high": None}
    low, high = np.quantile(again, [0.5 - _LEVEL / 2, 0.5 + _LEVEL / 2])
    return {"value": area, "low": float(low), "high": float(high)}


def _area(scores: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_]) -> float | None:
    many = int(positive.sum())
    if many in (0, positive.size):
        return None
    from scipy.stats import rankdata

    above = rankdata(scores)[positive].sum() - many * (many + 1) / 2
    return float(above / many / (positive.size - many))
