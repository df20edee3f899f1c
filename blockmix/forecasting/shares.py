"""How much of one original an image shows, from the parameters alone."""

from __future__ import annotations

from math import ceil, lgamma, log, sqrt

import numpy as np
import numpy.typing as npt

from blockmix.errors import InputError
from blockmix.forecasting.chances import binomial
from blockmix.forecasting.linking import ChanceCounts

# Up to this many blocks the largest count is computed for exactly that many. For more, counts are
# taken as independent Poisson numbers: the largest share was less than 0.002 off from 17 blocks on
# (1 to 50 sources, probability 0.5 and balanced).
EXACT_BLOCKS = 16
_DEVIATIONS = 9  # counts this many standard deviations from the mean, and 36 more, do not occur


def largest_share(own: float, others: ChanceCounts, blocks: int) -> float:
    """Return the expected largest share of one original in a mixed image.

    Parameters
    ----------
    own : float
        Chance that a block is the image's own.
    others : mapping of float to float
        The chances of other images, see `chances_of_others`. With one round they are those of a
        known pool, and the blocks of an image follow a multinomial distribution.
    blocks : int
        Number of blocks of an image.
    """
    if blocks <= EXACT_BLOCKS:
        at_most = _multinomial_maximum(own, others, blocks)
        return float((1 - at_most).sum()) / blocks
    mean = blocks * max(own, *others)
    lowest, highest = max(0, int(mean - spread(mean))), int(mean + spread(mean))
    none_larger = poisson_at_most(blocks * own, lowest, highest)
    for chance, count in others.items():
        none_larger *= poisson_at_most(blocks * chance, lowest, highest) ** count
    return min(1.0, (lowest + float((1 - none_larger).sum())) / blocks)


def images_showing(own: float, others: ChanceCounts, blocks: int, part: float) -> float:
    """Return the expected number of images that show at least a part of an original.

    The image that the original became is one of them. Each original is as likely to be the source
    of a block as an image is to get its block from it.

    Parameters
    ----------
    own, others, blocks
        See `largest_share`.
    part : float
        From 0 to 1: share of the original.
    """
    needed = blocks_shown(blocks, part)
    shown_others = sum(
        count * chance_shown(chance, blocks, needed) for chance, count in others.items()
    )
    return chance_shown(own, blocks, needed) + shown_others


def chance_shown(chance: float, blocks: int, needed: int) -> float:
    """Return the chance that an original gives at least a number of blocks, given that of one."""
    mean = blocks * chance
    if abs(needed - mean) > spread(mean):
        return float(needed < mean)
    return max(0.0, 1 - float(binomial(blocks, chance, needed - 1).sum()))


def spread(mean: float) -> float:
    """Return how far from its mean a number of blocks can lie."""
    return _DEVIATIONS * (sqrt(mean) + 4)


def blocks_shown(blocks: int, part: float) -> int:
    """Return the smallest number of blocks, from 1 on, that is at least a part of all.

    Examples
    --------
    >>> blocks_shown(64, 0.5), blocks_shown(9, 0.5), blocks_shown(10, 0.3)
    (32, 5, 3)
    """
    return max(1, ceil(blocks * part - 1e-9))


def check_shown_part(shown_part: float) -> None:
    """Check the share of an original from which on an image shows it."""
    if not 0 < shown_part <= 1:
        raise InputError(f"shown_part is a share above 0 and up to 1, got {shown_part}")


def _multinomial_maximum(own: float, others: ChanceCounts, blocks: int) -> npt.NDArray[np.float64]:
    """Return the chances that no original gives more than 0, 1, ..., ``blocks - 1`` blocks.

    With e_m the exponential series up to the power m, the chance for m blocks is N_b! times the
    coefficient of z^N_b in e_m(own z) times e_m(c z) for each other image with chance c. The
    logarithm of the product needs only the sums of powers of the chances.
    """
    powers = np.arange(blocks + 1)
    chances, counts = np.array([*others]), np.array([*others.values()])
    total = float(counts @ chances)
    if total:  # counts with more than one round are estimates
        chances = chances * (1 - own) / total
    sums = (counts[:, None] * chances[:, None] ** powers).sum(axis=0)
    factorials = np.cumprod(np.maximum(powers, 1).astype(np.float64))
    limits = powers[:-1, None]
    series = np.where(powers <= limits, 1 / factorials, 0.0)
    logarithm = np.zeros_like(series)
    product = np.zeros_like(series)
    product[:, 0] = 1
    for n in range(1, blocks + 1):
        k = powers[1:n]
        known = (k * logarithm[:, 1:n] * series[:, n - k]).sum(axis=1)
        logarithm[:, n] = series[:, n] - known / n
    for n in range(1, blocks + 1):
        k = powers[1 : n + 1]
        product[:, n] = (k * (logarithm * sums)[:, 1 : n + 1] * product[:, n - k]).sum(axis=1) / n
    coefficients = (series * own**powers * product[:, ::-1]).sum(axis=1)
    at_most: npt.NDArray[np.float64] = np.clip(coefficients * factorials[-1], 0, 1)
    return at_most


def poisson_at_most(mean: float, lowest: int, highest: int) -> npt.NDArray[np.float64]:
    """Return the chances that a Poisson number is at most ``lowest``, ..., ``highest - 1``."""
    if not mean:
        return np.ones(highest - lowest)
    numbers = np.arange(lowest + 1, highest + 1)
    log_factorials = lgamma(lowest + 1) + np.cumsum(np.log(numbers))
    exactly = np.exp(numbers * log(mean) - mean - log_factorials)
    at_most: npt.NDArray[np.float64] = np.clip(1 - np.cumsum(exactly[::-1])[::-1], 0, 1)
    return at_most
