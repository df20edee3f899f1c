"""The chance that a block is replaced in one round: a number, or balanced with the sources."""

from __future__ import annotations

from numbers import Real
from typing import Literal

import numpy as np

from blockmix.compiler import rule
from blockmix.errors import InputError, InputTypeError
from blockmix.support.arguments import whole_number

BALANCED = "balanced"
Probability = float | Literal["balanced"]


def check_probability(value: float | str) -> Probability:
    """Return ``value`` if it is a number from 0 to 1 or ``"balanced"``.

    Examples
    --------
    >>> check_probability(1), check_probability("balanced")
    (1.0, 'balanced')
    """
    if isinstance(value, str) and value == BALANCED:
        return "balanced"
    if not isinstance(value, (Real, np.floating)) or isinstance(value, (bool, np.bool_)):
        raise InputTypeError(f"probability is a number from 0 to 1, or 'balanced', got {value!r}")
    if not 0 <= value <= 1:
        raise InputError(f"probability is from 0 to 1, got {value}")
    return float(value)


def parse_probability(text: str) -> Probability:
    """Return the probability that a text on the command line stands for.

    Examples
    --------
    >>> parse_probability("0.5"), parse_probability("balanced")
    (0.5, 'balanced')
    """
    if text == BALANCED:
        return "balanced"
    try:
        number = float(text)
    except ValueError:
        raise InputError(
            f"probability is a number from 0 to 1, or 'balanced', got {text!r}"
        ) from None
    return check_probability(number)


def balanced(sources: int) -> float:
    """Return the probability at which an image and each source are equally likely to give a block.

    Parameters
    ----------
    sources : int
        Number of sources of an image in one round (N_s).

    Returns
    -------
    float
        sources / (sources + 1).

    Examples
    --------
    >>> from blockmix.privacy import balanced
    >>> round(balanced(10), 3)
    0.909
    """
    sources = whole_number("sources", sources, 1, rule.MAX_SOURCES)
    return sources / (sources + 1)


def for_pool(probability: Probability, pool_size: int) -> float:
    """Return a probability as a number, for an image with a pool of this size.

    Examples
    --------
    >>> for_pool("balanced", 3), for_pool(0.5, 3)
    (0.75, 0.5)
    """
    return balanced(pool_size) if isinstance(probability, str) else probability
