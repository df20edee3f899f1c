"""What a mixing gives away of persons who are in several images of a class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from blockmix.forecasting.other_persons import Array, unit_circle
from blockmix.forecasting.person_chances import PersonChances
from blockmix.forecasting.shares import (
    EXACT_BLOCKS,
    blocks_shown,
    chance_shown,
    poisson_at_most,
    spread,
)

# The chance to win a tie among m equal others, 1 / (1 + m), is the integral of t**m from 0 to 1. A
# rule of four points is exact up to seven others.
_POINTS, _WEIGHTS = (rule / 2 for rule in np.polynomial.legendre.leggauss(4))
_POINTS = _POINTS + 0.5
# Points of the unit circle; sums of Poisson counts that are this much larger than blocks are rare.
_TURNS = unit_circle(8 * EXACT_BLOCKS)
_MIN_COUNT = 1e-9  # smaller expected numbers of persons are neglected


@dataclass(frozen=True)
class PersonForecast:
    """The forecast of a class by person, see `Forecast.persons`.

    Attributes
    ----------
    own_share : float
        Share of an image's blocks that show its person, from any image of this person. Exact if all
        persons have equally many images; with one round, or without groups, for any numbers.
    linked : float
        Chance that an attacker who holds all originals, and takes the person who gives an image
        most blocks, finds the right one; `blockmix.forecasting.persons.linked` says how accurate it
        is.
    largest_share : float
        Expected share of a mixed image that comes from the person who gives it most; an estimate,
        but exact with one round and up to 16 blocks.
    half_shown : float
        Expected number of mixed images that show at least half of a person, per person; with more
        than one round an estimate.
    """

    own_share: float
    linked: float
    largest_share: float
    half_shown: float


def linked(cases: Iterable[PersonChances], blocks: int) -> float:
    """Return the chance that the person who gives an image most blocks is its own.

    Ties are broken at random. With one round it is exact up to 16 blocks; for more, numbers of
    blocks are taken as independent Poisson numbers, and the chance was within 0.005 of drawn
    classes of 30 to 400 images. With two and three rounds, persons are taken as independent too:
    with 15 and 40 persons the chance was within 0.02 from 5 sources on, up to 0.04 too high with
    two and 0.08 with one. It was up to 0.06 off with five persons, and 0.18 with two.
    """
    function = _linked_of_few if blocks <= EXACT_BLOCKS else _linked_of_many
    return min(1.0, sum(case.weight * function(case, blocks) for case in cases))


def largest_share(cases: Iterable[PersonChances], blocks: int) -> float:
    """Return the expected largest share of one person in a mixed image.

    Computed as `linked` is. It was within 0.002 of drawn classes with one round. With two and three
    it was within 0.01 with 15 and 40 persons, within 0.02 with five, and within 0.08 with two.
    """
    function = _largest_of_few if blocks <= EXACT_BLOCKS else _largest_of_many
    return min(1.0, sum(case.weight * function(case, blocks) for case in cases) / blocks)


def _linked_of_few(case: PersonChances, blocks: int) -> float:
    def fewer_than_own(chance: float) -> Array:
        terms = _poisson_terms(blocks * chance, blocks)
        fewer = np.cumsum(terms, axis=0) - terms
        return np.asarray(fewer + _POINTS[:, None, None] * terms)

    own = _poisson_terms(blocks * case.own, blocks)
    right = np.tensordot(_WEIGHTS, case.others.product(fewer_than_own), 1)
    return _given_sum(case, blocks, (own * right).sum(axis=0))


def _largest_of_few(case: PersonChances, blocks: int) -> float:
    def at_most(chance: float) -> Array:
        return np.asarray(np.cumsum(_poisson_terms(blocks * chance, blocks), axis=0))

    none_larger = at_most(case.own) * case.others.product(at_most)
    return blocks - _given_sum(case, blocks, none_larger[:-1].sum(axis=0))


def _poisson_terms(mean: float, blocks: int) -> Array:
    """Return the terms 0, 1, ..., ``blocks`` of the generating function: (blocks + 1, points)."""
    counts = np.arange(blocks + 1)[:, None]
    factors = np.cumprod(np.maximum(counts, 1).astype(float), axis=0)
    return np.asarray(np.exp(-mean) * mean**counts / factors * _TURNS**counts)


def _given_sum(case: PersonChances, blocks: int, function: Array) -> float:
    """Return an expectation over Poisson counts, given that their sum is ``blocks``.

    Given their sum, independent Poisson counts follow a multinomial distribution, as blocks do.
    ``function`` is the generating function of the expectation by the sum, at points of the unit
    circle. The discrete Fourier transform gives its coefficient, and the chance of the sum.
    """

    def any_number(chance: float) -> Array:
        return np.asarray(np.exp(blocks * chance * (_TURNS - 1)))

    total = any_number(case.own) * case.others.product(any_number)
    turned_back = _TURNS**-blocks
    return float((function * turned_back).mean().real / (total * turned_back).mean().real)


def _linked_of_many(case: PersonChances, blocks: int) -> float:
    lowest, highest = _window(case, blocks)

    def fewer_and_equal(chance: float) -> tuple[Array, Array]:
        at_most = poisson_at_most(blocks * chance, max(lowest - 1, 0), highest)
        if not lowest:
            at_most = np.concatenate([[0.0], at_most])
        return at_most[:-1], np.diff(at_most)

    def fewer_than_own(chance: float) -> Array:
        fewer, equal = fewer_and_equal(chance)
        return np.asarray(fewer + _POINTS[:, None] * equal)

    right = _WEIGHTS @ case.others.product(fewer_than_own)
    return float(fewer_and_equal(case.own)[1] @ right)


def _largest_of_many(case: PersonChances, blocks: int) -> float:
    lowest, highest = _window(case, blocks)

    def at_most(chance: float) -> Array:
        return poisson_at_most(blocks * chance, lowest, highest)

    none_larger = at_most(case.own) * case.others.product(at_most)
    return lowest + float((1 - none_larger).sum())


def _window(case: PersonChances, blocks: int) -> tuple[int, int]:
    """Return the numbers of blocks between which the own and the largest number lie."""
    counts = case.others.counts().items()
    largest = max([case.own, *(chance for chance, count in counts if count > _MIN_COUNT)])
    lowest, highest = blocks * case.own, blocks * largest
    return max(0, int(lowest - spread(lowest))), int(highest + spread(highest))


def images_showing(
    cases: Iterable[PersonChances], blocks: int, part: float, group_size: int
) -> float:
    """Return the expected number of mixed images that show at least a part of a person, per person.

    A person is as likely to be the source of a block as an image is to get its block from them.
    """
    needed = blocks_shown(blocks, part)
    shown = 0.0
    for case in cases:
        others = sum(
            count * chance_shown(chance, blocks, needed)
            for chance, count in case.others.counts().items()
        )
        shown += case.weight * (chance_shown(case.own, blocks, needed) + others)
    return group_size * shown
