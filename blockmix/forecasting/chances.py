"""Chances of a number of successes, with and without replacement, and of at least one."""

from __future__ import annotations

from math import log, log1p

import numpy as np
import numpy.typing as npt


def binomial(trials: int, chance: float, max_successes: int) -> npt.NDArray[np.float64]:
    """Return the chances of 0, 1, ... successes, up to ``max_successes``.

    Examples
    --------
    >>> binomial(2, 0.5, 10).round(3).tolist()
    [0.25, 0.5, 0.25]
    """
    counts = np.arange(min(trials, max_successes) + 1)
    if chance in (0.0, 1.0):
        return np.asarray(counts == trials * chance, np.float64)
    log_ways = np.concatenate([[0.0], np.cumsum(np.log((trials - counts[:-1]) / counts[1:]))])
    chances: npt.NDArray[np.float64] = np.exp(
        log_ways + counts * log(chance) + (trials - counts) * log1p(-chance)
    )
    return chances


def hypergeometric(total: int, marked: int, draws: int) -> npt.NDArray[np.float64]:
    """Return the chances to draw 0, 1, ... marked items out of all, without replacement.

    Examples
    --------
    >>> hypergeometric(4, 2, 2).round(3).tolist()
    [0.167, 0.667, 0.167]
    """
    lowest, highest = max(0, draws - (total - marked)), min(marked, draws)
    counts = np.arange(lowest, highest)
    steps = ((marked - counts) * (draws - counts)) / (
        (counts + 1.0) * (total - marked - draws + counts + 1)
    )
    logs = np.concatenate([[0.0], np.cumsum(np.log(steps))])
    weights = np.exp(logs - logs.max())
    return np.concatenate([np.zeros(lowest), weights / weights.sum()])


def at_least_one(trials: int, chance: float) -> float:
    """Return the chance that at least one of the trials succeeds.

    Examples
    --------
    >>> at_least_one(2, 0.5)
    0.75
    """
    return float(-np.expm1(trials * np.log1p(-chance))) if chance < 1 else 1.0
