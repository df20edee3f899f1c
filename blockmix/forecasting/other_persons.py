"""The other persons of a class: how many blocks of an image each of them may give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from blockmix.forecasting.chances import binomial, hypergeometric
from blockmix.forecasting.shares import spread

Array = npt.NDArray[Any]  # of float64 or complex128
# From the chance of a person to be the source of a block to anything about that person.
OfChance = Callable[[float], Array]

_MIN_WEIGHT = 1e-18  # of a number of images of one person in a pool; rarer ones are neglected


class OtherPersons(Protocol):
    """All persons of a class but one, each with a random chance to be the source of a block."""

    def product(self, of_chance: OfChance) -> Array:
        """Return the expected product of a value over these persons."""

    def counts(self) -> Mapping[float, float]:
        """Return each chance, and the expected number of persons that have it."""


@dataclass(frozen=True)
class PersonsOfOnePool:
    """Persons of whom one pool is drawn; each member gives a block with the same chance.

    The images of a person are distributed over a pool as marked items over a sample. All persons
    have ``group_size`` images, but the last one has the rest.
    """

    images: int
    group_size: int
    drawn: int  # members of the pool
    member_chance: float

    def product(self, of_chance: OfChance) -> Array:
        """Return the expected product; exact for values that differ by the chance alone.

        If each image were in the pool with a chance of its own, the generating function of the
        size of the pool would be a product of functions, one a person. It is computed at points of
        the unit circle. The discrete Fourier transform gives its coefficient at ``drawn``; divided
        by the chance of this size, it is the mean over all pools of the size.
        """
        share = self.drawn / self.images if self.images else 0.0
        persons, rest = divmod(self.images, self.group_size)
        weights = binomial(min(self.group_size, self.images), share, self.drawn)
        weights = weights[: int(np.flatnonzero(weights > _MIN_WEIGHT)[-1]) + 1]
        values = [of_chance(k * self.member_chance) for k in range(len(weights))]

        def person(weights: Array, turn: complex) -> Array:
            """Return the generating function of one person."""
            terms = zip(weights, values, strict=False)
            return np.asarray(sum(w * turn**k * value for k, (w, value) in enumerate(terms)))

        total = np.zeros(values[0].shape, np.complex128)
        turns = unit_circle(int(spread(self.drawn)))  # more than sizes can differ from their mean
        for turn in turns:
            function = person(weights, turn) ** persons * turn**-self.drawn
            if rest:
                function *= person(binomial(rest, share, self.drawn), turn)
            total += function
        total /= len(turns) * binomial(self.images, share, self.drawn)[self.drawn]
        return total if np.iscomplexobj(values[0]) else total.real

    def counts(self) -> Mapping[float, float]:
        """See `OtherPersons`; exact."""
        persons, rest = divmod(self.images, self.group_size)
        numbers = np.zeros(self.drawn + 1)
        for size, count in ((self.group_size, persons), (rest, 1 if rest else 0)):
            if count:
                chances = hypergeometric(self.images, size, self.drawn)
                numbers[: len(chances)] += count * chances
        return {k * self.member_chance: float(number) for k, number in enumerate(numbers) if number}


@dataclass(frozen=True)
class PersonsOfManyPools:
    """Persons with independent chances, as with more than one round: an estimate."""

    persons: int
    chances: Mapping[float, float]  # of a chance

    def product(self, of_chance: OfChance) -> Array:
        """See `OtherPersons`."""
        mean = sum(weight * of_chance(chance) for chance, weight in self.chances.items())
        return np.asarray(mean**self.persons)

    def counts(self) -> Mapping[float, float]:
        """See `OtherPersons`."""
        return {chance: self.persons * weight for chance, weight in self.chances.items()}


def unit_circle(points: int) -> Array:
    """Return points of the unit circle in equal distances.

    Examples
    --------
    >>> unit_circle(2).real.tolist()
    [1.0, -1.0]
    """
    return np.asarray(np.exp(2j * np.pi * np.arange(points) / points))
