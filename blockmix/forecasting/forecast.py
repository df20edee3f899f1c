"""`forecast`: what a mixing will give away, from its parameters alone.

Notation: n images of a class, N_s sources, probability p, q = 1 - p, T rounds, N_b blocks. In one
round a block stays with probability q, and else comes from one of the n - 1 others, each as likely:
a pool holds N_s of them, but which is open. Images choose independently. What is not exact says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from blockmix.compiler import rule
from blockmix.forecasting.chances import at_least_one, binomial
from blockmix.forecasting.linking import behind, largest_chance, linked, others
from blockmix.probability import check_probability, for_pool
from blockmix.support.arguments import whole_number

KEY_BITS = 256
MOST_ROUNDS = 100
# Copies of a block that are told apart while rounds are followed, and in the result.
_FOLLOWED, _LISTED = 128, 16


@dataclass(frozen=True)
class Forecast:
    """What is expected of one class, see `forecast`.

    Attributes
    ----------
    class_size, sources, rounds, blocks : int
        The parameters; ``sources`` as far as the class has that many others.
    probability : float
        The chance that a block is replaced in one round.
    own_kept : float
        Share of an image's blocks that are its own, at their place; also the chance that somebody
        who knows the parameters alone is right to take a block for the image's own.
    erased : float
        Share of original blocks that are published nowhere.
    published : float
        Share of original blocks that are published somewhere: 1 - erased.
    copies : tuple of float
        How likely an original block is published 0, 1, 2, ... times; the last: as often or more.
    distinct_sources : float
        Images, itself among them, that the blocks of an image come from.
    unmixed : float
        Chance that an image is published as it was; with more than one round a lower bound.
    anonymity_set : float
        1 / the largest chance of any image to be where a block comes from, for somebody who knows
        which images the image was mixed with, but does not see what the block shows. With one
        round exactly 1 / max(1 - p, p / N_s), which is largest where it is `balanced`.
    effective_anonymity_set : float
        2 to the entropy, in bits, of where a block comes from, for the same.
    linked : float
        Chance that an image is found by whoever holds all originals, compares blocks and knows the
        parameters; see `blockmix.forecasting.linking.linked` for how near it comes.
    key_bits : int
        What guessing the key costs: 2 to this many tries.
    """

    class_size: int
    sources: int
    rounds: int
    probability: float
    blocks: int
    own_kept: float
    erased: float
    published: float
    copies: tuple[float, ...]
    distinct_sources: float
    unmixed: float
    anonymity_set: float
    effective_anonymity_set: float
    linked: float
    key_bits: int = KEY_BITS

    def found_from_releases(self, releases: int) -> float:
        """Share of own blocks that at least two of several releases show.

        The releases are of one set, mixed independently. A block that two of them agree on is
        taken for the image's own; that two agree on the block of another image is left out, as it
        happens once in some n releases.

        Examples
        --------
        >>> from blockmix.privacy import forecast
        >>> made = forecast(1000)
        >>> round(made.found_from_releases(2), 4), round(made.found_from_releases(5), 4)
        (0.25, 0.8125)
        """
        releases = whole_number("releases", releases, 1, 1_000_000)
        lost = 1 - self.own_kept
        seldom = lost**releases + releases * self.own_kept * lost ** (releases - 1)
        return max(0.0, 1 - seldom)


def forecast(
    class_size: int,
    *,
    sources: int = 10,
    rounds: int = 1,
    probability: float | str = 0.5,
    blocks: int = 64,
) -> Forecast:
    """Say what mixing a class will give away, without an image.

    Parameters
    ----------
    class_size : int
        Images of one label that are mixed together (n; of a cohort, if there are cohorts).
    sources, rounds : int
        N_s and N_t, see `BlockMixer`. A class with fewer others gives all of them.
    probability : float or "balanced"
        P_D, see `BlockMixer`.
    blocks : int
        Of one image (N_b).

    Returns
    -------
    Forecast

    Raises
    ------
    InputError, InputTypeError
        If a parameter breaks its rule.

    Examples
    --------
    >>> from blockmix.privacy import forecast
    >>> made = forecast(1500, blocks=64)
    >>> round(made.own_kept, 3), round(made.erased, 3), round(made.anonymity_set, 3)
    (0.5, 0.303, 2.0)
    """
    n = whole_number("class_size", class_size, 2, 2**31)
    sources = min(whole_number("sources", sources, 1, rule.MAX_SOURCES), n - 1)
    rounds = whole_number("rounds", rounds, 1, MOST_ROUNDS)
    blocks = whole_number("blocks", blocks, 1, 1_000_000)
    p = for_pool(check_probability(probability), sources)
    own = own_kept(n, p, rounds)
    near = others(n, own, sources, p, rounds)
    copies = copies_of_a_block(n, p, rounds)
    return Forecast(
        class_size=n,
        sources=sources,
        rounds=rounds,
        probability=p,
        blocks=blocks,
        own_kept=own,
        erased=copies[0],
        published=1 - copies[0],
        copies=copies,
        distinct_sources=distinct_sources(n, sources, p, rounds, blocks),
        unmixed=own**blocks,
        anonymity_set=1 / largest_chance(own, near, rounds),
        effective_anonymity_set=_effective(own, near),
        linked=linked(own, near, blocks),
    )


def own_kept(n: int, p: float, rounds: int) -> float:
    """The chance that a block is the image's own after all rounds; exact.

    A round is q I + p / (n - 1) (J - I) on where a block comes from. Its eigenvalue, off the
    constants, is 1 - p n / (n - 1).
    """
    # What cancels out may come out as less than nothing.
    return max(0.0, 1 / n + (1 - 1 / n) * (1 - p * n / (n - 1)) ** rounds)


@lru_cache(maxsize=256)
def copies_of_a_block(n: int, p: float, rounds: int) -> tuple[float, ...]:
    """How likely an original block is published 0, 1, 2, ... times.

    Of k images that hold a block, each keeps it, or takes it from another holder, with probability
    q + p (k - 1) / (n - 1); of the n - k others each takes it with p k / (n - 1). Exact, but that
    a block held by 128 images or more is followed as if by 128.
    """
    most = min(n, _FOLLOWED)
    step = np.zeros((most + 1, most + 1))
    for holders in range(most + 1):
        still = binomial(holders, 1 - p + p * (holders - 1) / (n - 1) if holders else 0.0, most)
        newly = binomial(n - holders, min(1.0, p * holders / (n - 1)), most)
        step[holders, :most] = np.convolve(still, newly)[:most]
        step[holders, most] = max(0.0, 1 - step[holders, :most].sum())
    chances = np.eye(1, most + 1, 1)[0] @ np.linalg.matrix_power(step, rounds)
    listed = min(n, _LISTED)
    return (*map(float, chances[:listed]), float(chances[listed:].sum()))


def distinct_sources(n: int, sources: int, p: float, rounds: int, blocks: int) -> float:
    """How many images an image's blocks come from, itself included.

    With one round exact: 1 - p^N_b + N_s (1 - (1 - p / N_s)^N_b). With more, the images that are
    reached through pools of pools are taken to be independent, and to fall on the others at random.
    """
    if rounds == 1:
        return 1 - p**blocks + sources * at_least_one(p / sources, blocks)
    missed = sum(
        pools * sources * np.log1p(-min(at_least_one(chance, blocks) / (n - 1), 1 - 1e-15))
        for pools, chance in behind(sources, p, rounds)
    )
    return at_least_one(own_kept(n, p, rounds), blocks) - (n - 1) * float(np.expm1(missed))


def _effective(own: float, near: Mapping[float, float]) -> float:
    """2 to the entropy of where a block comes from, in bits."""
    chances = np.array([own, *near])
    many = np.array([1.0, *near.values()])
    shares = many * chances / (many @ chances)
    bits = -np.log2(np.where(chances > 0, chances, 1) / (many @ chances))
    return float(2 ** (shares @ bits))
