"""Chances: of a number of successes, and of at least one."""

from __future__ import annotations

from math import log, log1p

import numpy as np
import numpy.typing as npt


def binomial(trials: int, chance: float, most: int) -> npt.NDArray[np.float64]:
    """How likely 0, 1, ... of the trials succeed, up to ``most`` of them.

    Examples
    --------
    >>> binomial(2, 0.5, 10).round(3).tolist()
    [0.25, 0.5, 0.25]
    """
    counts = np.arange(min(trials, most) + 1)
    if chance in (0.0, 1.0):
        return np.asarray(counts == trials * chance, np.float64)
    ways = np.concatenate([[0.0], np.cumsum(np.log((trials - counts[:-1]) / counts[1:]))])
    chances: npt.NDArray[np.float64] = np.exp(
        ways + counts * log(chance) + (trials - counts) * log1p(-chance)
    )
    return chances


def at_least_one(chance: float, trials: int) -> float:
    """How likely one of the trials or more succeeds.

    Examples
    --------
    >>> at_least_one(0.5, 2)
    0.75
    """
    return float(-np.expm1(trials * np.log1p(-chance))) if chance < 1 else 1.0
