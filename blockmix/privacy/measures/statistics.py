"""Means and shares with their 95 % intervals, and the area under a curve."""

from __future__ import annotations

from math import sqrt

import numpy as np
import numpy.typing as npt

_LEVEL = 0.95
_RESAMPLES = 200

# "value", and the ends of its interval, "low" and "high"; None where there are too few values.
Estimate = dict[str, float | None]
Values = npt.NDArray[np.float64]


def mean_with_interval(
    values: Values, minimum: float = -np.inf, maximum: float = np.inf
) -> Estimate:
    """Return the mean of independent values between two bounds, with Student's interval.

    Examples
    --------
    >>> estimate = mean_with_interval(np.array([1.0, 2.0, 3.0]))
    >>> estimate["value"], round(estimate["low"], 3)
    (2.0, -0.484)
    """
    from scipy.stats import t

    mean, count = float(values.mean()), len(values)
    if count < 2:
        return {"value": mean, "low": None, "high": None}
    half = float(t.ppf(0.5 + _LEVEL / 2, count - 1)) * float(values.std(ddof=1)) / sqrt(count)
    return {"value": mean, "low": max(minimum, mean - half), "high": min(maximum, mean + half)}


def share_with_interval(hits: int, trials: int) -> Estimate:
    """Return a share with Wilson's interval, which also holds for few trials.

    Examples
    --------
    >>> {name: round(value, 3) for name, value in share_with_interval(8, 10).items()}
    {'value': 0.8, 'low': 0.49, 'high': 0.943}
    """
    from scipy.stats import binomtest

    interval = binomtest(hits, trials).proportion_ci(_LEVEL, "wilson")
    return {"value": hits / trials, "low": float(interval.low), "high": float(interval.high)}


def area_under_curve(
    scores: npt.NDArray[np.floating],
    is_positive: npt.NDArray[np.bool_],
    is_known: npt.NDArray[np.bool_] | None = None,
) -> Estimate | None:
    """Return the chance that a positive scores higher than a negative: AUC. Ties count half.

    Parameters
    ----------
    scores : (N, M) float
        M scores for each of N independent images.
    is_positive : (N, M) bool
        Which of the scores should be high.
    is_known : (N, M) bool, optional
        For which scores that is known; the others are left out. By default for all.

    Returns
    -------
    dict or None
        None without positives or without negatives. The interval comes from resampling the images
        (bootstrap).

    Examples
    --------
    >>> scores, is_positive = np.array([[3.0, 2.0, 1.0]] * 9), np.array([[True, False, False]] * 9)
    >>> estimate = area_under_curve(scores, is_positive)
    >>> estimate["value"], estimate["low"], estimate["high"]
    (1.0, 1.0, 1.0)
    """
    known = np.ones_like(is_positive) if is_known is None else is_known
    area = _area(scores[known], is_positive[known])
    if area is None:
        return None
    rng, count = np.random.default_rng(0), len(scores)
    resampled = []
    for _ in range(_RESAMPLES if count > 1 else 0):
        images = rng.integers(0, count, count)
        sampled = known[images]
        resampled.append(_area(scores[images][sampled], is_positive[images][sampled]))
    areas = [value for value in resampled if value is not None]
    if not areas:
        return {"value": area, "low": None, "high": None}
    low, high = np.quantile(areas, [0.5 - _LEVEL / 2, 0.5 + _LEVEL / 2])
    return {"value": area, "low": float(low), "high": float(high)}


def _area(scores: npt.NDArray[np.floating], is_positive: npt.NDArray[np.bool_]) -> float | None:
    positives = int(is_positive.sum())
    if positives in (0, is_positive.size):
        return None
    from scipy.stats import rankdata

    above = rankdata(scores)[is_positive].sum() - positives * (positives + 1) / 2
    return float(above / positives / (is_positive.size - positives))
