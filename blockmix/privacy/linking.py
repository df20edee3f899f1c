"""How likely an image is linked to its original by counting blocks, from the parameters alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import comb

import numpy as np
import numpy.typing as npt

from blockmix.privacy.chances import binomial

Ranks = npt.NDArray[np.int64]

# Hits on one other image that are told apart; from so many on average, all images get the mean.
_HITS, _EVEN = 12, 3.0
# Others that are expected in smaller numbers are left out.
_FEW = 1e-3


def behind(sources: int, p: float, rounds: int) -> Iterator[tuple[int, float]]:
    """The pools that a block can come from, and the chance to come from one member of one of them.

    Pools of pools: k of the rounds replace the block, in one of ``comb(rounds, k)`` orders, by way
    of one of ``sources**(k - 1)`` images to a pool.
    """
    for k in range(1, rounds + 1):
        yield comb(rounds, k) * sources ** (k - 1), (1 - p) ** (rounds - k) * (p / sources) ** k


def others(n: int, own: float, sources: int, p: float, rounds: int) -> Mapping[float, float]:
    """How many of the other images have which chance to be where a block of one image comes from.

    An image is in each pool with chance N_s / (n - 1), and has the more of a share the more of the
    pools it is in. Pools are taken to be independent; with one round that is exact.
    """
    replaced = 1 - (1 - p) ** rounds
    if not replaced:
        return {0.0: n - 1}
    made = {0.0: float(n - 1)}
    for pools, chance in behind(sources, p, rounds):
        chance *= (1 - own) / replaced  # some ways lead back to the image itself
        mean = pools * sources / (n - 1)
        hits = binomial(pools, sources / (n - 1), _HITS) if mean < _EVEN else np.eye(1)[0]
        shift = 0.0 if mean < _EVEN else mean * chance
        spread: dict[float, float] = {}
        for before, many in made.items():
            for times, likely in enumerate(hits):
                if many * likely >= _FEW:
                    after = min(1.0, before + shift + times * chance)
                    spread[after] = spread.get(after, 0.0) + many * float(likely)
        made = spread
    return made


def telling(n: int, own: float, others: Mapping[float, float], blocks: int) -> Ranks:
    """How much each number of shared blocks tells that an original is the image's own: its rank.

    The likelihood ratio of Neyman and Pearson: the chance that an image has 0, 1, ... blocks of its
    own original, over the chance that it has so many of another one. With the paper's parameters
    more blocks tell more. But where a block is replaced more often than is balanced, an image has
    less of itself than of its sources, and whoever knows that looks for the original with few.

    Parameters
    ----------
    n : int
        Images of the class.
    own : float
        Chance of a block to be the image's own.
    others : mapping of float to float
        See `others`.
    blocks : int
        Of an image.

    Returns
    -------
    (blocks + 1,) int64
        The rank of each number of blocks, 0 for the one that tells the least.
    """
    of_others = sum(many * binomial(blocks, chance, blocks) for chance, many in others.items())
    with np.errstate(divide="ignore"):
        ratio = np.log(binomial(blocks, own, blocks)) - np.log(np.maximum(of_others, 1e-300))
    ranks: Ranks = np.empty(blocks + 1, np.int64)
    ranks[np.argsort(ratio, kind="stable")] = np.arange(blocks + 1)
    return ranks


def linked(n: int, own: float, others: Mapping[float, float], blocks: int) -> float:
    """The chance that the original which tells most is the image's own; see `telling`.

    Whoever holds the originals counts, for each of them, the blocks that an image has of it at the
    same place; ties are broken by chance. The counts of different originals are taken to be
    independent, which for many blocks they nearly are. Against simulated mixings of 5 to 1,500
    images it was at most 0.05 off with 4 blocks, and 0.02 from 16 on.
    """
    order = np.argsort(telling(n, own, others, blocks))
    counts = binomial(blocks, own, blocks)[order]
    below = np.ones(blocks + 1)  # the chance that no other tells more, for each count of its own
    equal = np.zeros(blocks + 1)  # how many others are expected to tell as much, if none tells more
    for chance, many in others.items():
        exactly = binomial(blocks, chance, blocks)[order]
        at_most = np.minimum(np.cumsum(exactly), 1)
        below *= at_most**many
        equal += many * exactly / np.maximum(at_most, 1e-300)
    # Of 1 + m that tell the most, one is right; m is nearly Poisson: the mean of 1 / (1 + m).
    right = np.where(equal > 1e-9, -np.expm1(-equal) / np.maximum(equal, 1e-9), 1)
    return float((counts * below * right).sum())
