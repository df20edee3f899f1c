"""`forecast`: what a mixing will give away, from its parameters alone.

Notation: n images of a class, N_s sources, probability p, q = 1 - p, T rounds, N_b blocks. In one
round a block stays with probability q; otherwise it comes from one of the n - 1 other images, each
equally likely, because the N_s images of a pool are drawn at random. Images choose independently.
With groups of g images, it comes from one of the n - g images of other groups. `Forecast` says
which values are not exact with more than one round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from blockmix.compiler import rule
from blockmix.errors import InputError
from blockmix.forecasting import persons
from blockmix.forecasting.chances import at_least_one, binomial
from blockmix.forecasting.linking import (
    ChanceCounts,
    chances_of_others,
    largest_chance,
    linked,
    pools_by_depth,
)
from blockmix.forecasting.person_chances import PersonChances, person_chances
from blockmix.forecasting.persons import PersonForecast
from blockmix.forecasting.reassembly import near_square, published_too, reassembled
from blockmix.forecasting.shares import check_shown_part, images_showing, largest_share
from blockmix.forecasting.single_block import block_recognised
from blockmix.probability import check_probability, for_pool
from blockmix.support.arguments import whole_number

KEY_BITS = 256
MOST_ROUNDS = 100
MOST_BLOCKS = 1_000_000
# Numbers of copies of a block that are distinguished from round to round, and in the result.
_MAX_HOLDERS, _MAX_COPIES = 128, 16


@dataclass(frozen=True)
class Forecast:
    """The forecast of one class, see `forecast`.

    All values but ``persons`` count single images. In a mixing with groups of several images, they
    are as exact as said below if all groups have one size; the copies of a block are then an
    estimate with more than one round.

    Attributes
    ----------
    class_size, sources, rounds, blocks : int
        The parameters; ``sources`` is at most the number of images outside the image's group.
    probability : float
        The chance that a block is replaced in one round.
    own_kept : float
        Share of an image's blocks that are its own, at their place; also the chance that an
        attacker who knows only the parameters is right to take a block for the image's own.
    erased : float
        Share of original blocks that are published nowhere.
    published : float
        Share of original blocks that are published somewhere: 1 - erased.
    copies : tuple of float
        Chance that an original block is published 0, 1, 2, ... times; the last entry: as often or
        more.
    distinct_sources : float
        Number of images, itself included, that the blocks of an image come from; with more than one
        round an estimate.
    unmixed : float
        Chance that an image is published unchanged; with more than one round a lower bound.
    anonymity_set : float
        1 / the largest chance of any image to be the source of a block, for an attacker who knows
        which images the image was mixed with, but does not look at the block. With one round
        exactly 1 / max(1 - p, p / N_s), which is largest where the probability is `balanced`; with
        more rounds an estimate.
    effective_anonymity_set : float
        2 to the entropy, in bits, of the source of a block, for the same attacker; with more than
        one round an estimate.
    linked : float
        Chance that an attacker who holds all originals, compares blocks and knows the parameters
        finds the original of an image; `blockmix.forecasting.linking.linked` says how accurate it
        is.
    largest_share : float
        Expected share of a mixed image that comes from the image that gives it most, itself
        included; with one round within 0.002 of the exact value, with more an estimate.
    half_shown : float
        Expected number of mixed images that show at least half of an original, its own mixed image
        included; with more than one round an estimate.
    block_recognised : float
        How often one block of this size finds its person among other photographs: not a forecast,
        but as measured on one set of faces; see
        `blockmix.forecasting.single_block.block_recognised`.
    key_bits : int
        Guessing the key takes 2 to this many tries.
    group_size : int
        Number of images of a person.
    grouped : bool
        Whether images get blocks only from other persons.
    grid : (rows, cols)
        The grid that ``reassembled`` is for.
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
    largest_share: float
    half_shown: float
    block_recognised: float
    grid: tuple[int, int]
    key_bits: int = KEY_BITS
    group_size: int = 1
    grouped: bool = True

    @cached_property
    def reassembled(self) -> float:
        """Expected share of an image that somebody who has the mixed set alone puts together again.

        From a middle block on, recognising every right neighbour that is published; see
        `blockmix.forecasting.reassembly.reassembled`. Simulated when it is asked for.

        Examples
        --------
        >>> from blockmix.privacy import forecast
        >>> round(forecast(1500).reassembled, 1), round(forecast(1500, rounds=3).reassembled, 1)
        (0.6, 0.2)
        """
        known_group = self.group_size if self.grouped else 1
        published = published_too(
            self.class_size - known_group + 1, self.sources, self.probability, self.rounds
        )
        return reassembled(published, *self.grid)

    @cached_property
    def persons(self) -> PersonForecast:
        """The forecast by person, with all images of a person together.

        Examples
        --------
        >>> from blockmix.privacy import forecast
        >>> ungrouped = forecast(400, probability="balanced", group_size=10, grouped=False)
        >>> grouped = forecast(400, probability="balanced", group_size=10)
        >>> round(ungrouped.persons.own_share, 3), round(grouped.persons.own_share, 3)
        (0.111, 0.091)
        """
        cases = list(self._person_chances())
        return PersonForecast(
            own_share=self._own_share,
            linked=persons.linked(cases, self.blocks),
            largest_share=persons.largest_share(cases, self.blocks),
            half_shown=persons.images_showing(cases, self.blocks, 0.5, self.group_size),
        )

    @property
    def _own_share(self) -> float:
        if self.grouped:
            return group_kept(self.class_size, self.probability, self.rounds, self.group_size)
        other_share = (1 - self.own_kept) / (self.class_size - 1)
        return self.own_kept + (self.group_size - 1) * other_share

    def _person_chances(self) -> Iterator[PersonChances]:
        return person_chances(
            self.class_size,
            self._own_share,
            self.sources,
            self.probability,
            self.rounds,
            group_size=self.group_size,
            grouped=self.grouped,
        )

    def others(self) -> ChanceCounts:
        """Return the chances of other images to be the source of a block, and how many have each.

        Examples
        --------
        >>> from blockmix.privacy import forecast
        >>> counts = forecast(1000, sources=10).others()
        >>> {round(chance, 3): round(count) for chance, count in counts.items()}
        {0.0: 989, 0.05: 10}
        """
        return chances_of_others(
            self.class_size,
            self.own_kept,
            self.sources,
            self.probability,
            self.rounds,
            group_size=self.group_size if self.grouped else 1,
            own_group=self._own_share if self.grouped else None,
        )

    def found_from_releases(self, releases: int) -> float:
        """Return the share of own blocks that at least two of several releases show.

        The releases are independent mixings of one set. An attacker takes a block that two of them
        agree on for the image's own. Releases that agree on the block of another image are
        neglected: the chance is about 1 / n.

        Examples
        --------
        >>> from blockmix.privacy import forecast
        >>> expected = forecast(1000)
        >>> round(expected.found_from_releases(2), 4), round(expected.found_from_releases(5), 4)
        (0.25, 0.8125)
        """
        releases = whole_number("releases", releases, 1, 1_000_000)
        replaced = 1 - self.own_kept
        never = replaced**releases
        once = releases * self.own_kept * replaced ** (releases - 1)
        return max(0.0, 1 - (never + once))

    def images_showing(self, shown_part: float) -> float:
        """Return the expected number of mixed images that show at least a part of an original.

        For a half, that is ``half_shown``.

        Examples
        --------
        >>> from blockmix.privacy import forecast
        >>> expected = forecast(3000, sources=2, probability="balanced")
        >>> round(expected.images_showing(0.5), 2), round(expected.images_showing(0.3), 2)
        (0.01, 2.05)
        """
        check_shown_part(shown_part)
        return images_showing(self.own_kept, self.others(), self.blocks, shown_part)

    def images_showing_person(self, shown_part: float) -> float:
        """Return the expected number of mixed images that show at least a part of a person.

        For a half, that is ``persons.half_shown``.

        Examples
        --------
        >>> from blockmix.privacy import forecast
        >>> expected = forecast(400, group_size=10)
        >>> round(expected.images_showing_person(0.5), 1)
        5.5
        """
        check_shown_part(shown_part)
        return persons.images_showing(
            self._person_chances(), self.blocks, shown_part, self.group_size
        )


def forecast(
    class_size: int,
    *,
    sources: int = 10,
    rounds: int = 1,
    probability: float | str = 0.5,
    blocks: int | tuple[int, int] = 64,
    group_size: int = 1,
    grouped: bool = True,
) -> Forecast:
    """Forecast what mixing a class will give away, from the parameters alone.

    Parameters
    ----------
    class_size : int
        Number of images of one label that are mixed together (n); with cohorts, that of a cohort.
    sources, rounds : int
        N_s and N_t, see `BlockMixer`. In a small class every other image is a source.
    probability : float or "balanced"
        P_D, see `BlockMixer`.
    blocks : int or (rows, cols)
        Number of blocks of one image (N_b), or the grid. A number stands for the most nearly square
        grid; only ``reassembled`` depends on it.
    group_size : int
        Number of images of one person in the class (g). Other persons are taken to have as many.
    grouped : bool
        Whether the mixing knows these groups (``groups`` of `BlockMixer`), so that an image gets
        blocks only from other persons; the pool then has at most ``class_size - group_size``
        images, and there must be one. If not, the pool can hold the person's other images.

    Returns
    -------
    Forecast

    Raises
    ------
    InputError, InputTypeError
        If an argument breaks its rule.

    Examples
    --------
    >>> from blockmix.privacy import forecast
    >>> expected = forecast(1500, blocks=64)
    >>> round(expected.own_kept, 3), round(expected.erased, 3), round(expected.anonymity_set, 3)
    (0.5, 0.303, 2.0)
    """
    n = whole_number("class_size", class_size, 2, 2**31)
    group_size = whole_number("group_size", group_size, 1, 2**31)
    if group_size > (n - 1 if grouped else n):
        raise InputError(
            f"group_size={group_size} leaves no image of another person in a class of {n}: lower "
            "group_size or raise class_size"
        )
    known_group = group_size if grouped else 1  # to the mixing
    sources = min(whole_number("sources", sources, 1, rule.MAX_SOURCES), n - known_group)
    rounds = whole_number("rounds", rounds, 1, MOST_ROUNDS)
    rows, cols = _grid(blocks)
    blocks = rows * cols
    p = for_pool(check_probability(probability), sources)
    own = own_kept(n, p, rounds, known_group)
    own_group = group_kept(n, p, rounds, known_group)
    others = chances_of_others(
        n, own, sources, p, rounds, group_size=known_group, own_group=own_group
    )
    # Only n - g images can take the block: as in a class of n - g + 1 without groups.
    copies = copies_of_a_block(n - known_group + 1, p, rounds)
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
        distinct_sources=distinct_sources(n, sources, p, rounds, blocks, known_group),
        unmixed=own**blocks,
        anonymity_set=1 / largest_chance(own, others, rounds),
        effective_anonymity_set=_effective_anonymity_set(own, others),
        linked=linked(own, others, blocks),
        largest_share=largest_share(own, others, blocks),
        half_shown=images_showing(own, others, blocks, 0.5),
        block_recognised=block_recognised(blocks),
        grid=(rows, cols),
        group_size=group_size,
        grouped=grouped,
    )


def _grid(blocks: int | tuple[int, int]) -> tuple[int, int]:
    """Return rows and columns, checked."""
    if not isinstance(blocks, tuple):
        return near_square(whole_number("blocks", blocks, 1, MOST_BLOCKS))
    if len(blocks) != 2:
        raise InputError(f"blocks is a number or (rows, columns), got {blocks!r}")
    rows, cols = (whole_number("blocks", side, 1, MOST_BLOCKS) for side in blocks)
    whole_number("blocks", rows * cols, 1, MOST_BLOCKS)
    return rows, cols


def own_kept(n: int, p: float, rounds: int, group_size: int = 1) -> float:
    """Return the chance that a block is the image's own after all rounds.

    Exact for groups of one size, and with one round for any. Blocks that leave the group come back
    to each of its images alike, so that q^T stays where it was and the rest of `group_kept` is
    shared.
    """
    group_share = group_kept(n, p, rounds, group_size)
    return group_share / group_size + (1 - 1 / group_size) * (1 - p) ** rounds


def group_kept(n: int, p: float, rounds: int, group_size: int) -> float:
    """Return the chance that a block comes from the image's group after all rounds.

    Exact for groups of one size, and with one round for any. In a round the source of a block
    leaves its group of g images with chance p, and one in another group of h images enters this
    group with chance p g / (n - h). Other groups have g images too, or all the rest together.
    """
    g, h = group_size, min(group_size, n - group_size)
    uniform = g / (n - h + g)
    # Rounding errors may make the sum slightly negative.
    return max(0.0, uniform + (1 - uniform) * (1 - p * (n - h + g) / (n - h)) ** rounds)


@lru_cache(maxsize=256)
def copies_of_a_block(n: int, p: float, rounds: int) -> tuple[float, ...]:
    """Return the chances that an original block is published 0, 1, 2, ... times.

    If k images hold a block, each of them keeps it, or takes it from another holder, with
    probability q + p (k - 1) / (n - 1); each of the n - k others takes it with p k / (n - 1). The
    chances are exact, except that 128 or more holders count as 128.
    """
    max_holders = min(n, _MAX_HOLDERS)
    transition = np.zeros((max_holders + 1, max_holders + 1))
    for holders in range(max_holders + 1):
        keep_chance = 1 - p + p * (holders - 1) / (n - 1) if holders else 0.0
        keepers = binomial(holders, keep_chance, max_holders)
        takers = binomial(n - holders, min(1.0, p * holders / (n - 1)), max_holders)
        transition[holders, :max_holders] = np.convolve(keepers, takers)[:max_holders]
        transition[holders, max_holders] = max(0.0, 1 - transition[holders, :max_holders].sum())
    chances = np.eye(1, max_holders + 1, 1)[0] @ np.linalg.matrix_power(transition, rounds)
    max_copies = min(n, _MAX_COPIES)
    return (*map(float, chances[:max_copies]), float(chances[max_copies:].sum()))


def distinct_sources(
    n: int, sources: int, p: float, rounds: int, blocks: int, group_size: int = 1
) -> float:
    """Return the expected number of images that an image's blocks come from, itself included.

    With one round it is exact: 1 - p^N_b + N_s (1 - (1 - p / N_s)^N_b). With more rounds, images in
    pools of pools are assumed to be independent and uniformly distributed over all others.
    """
    if rounds == 1:
        return 1 - p**blocks + sources * at_least_one(blocks, p / sources)
    log_missed = sum(
        pools * sources * np.log1p(-min(at_least_one(blocks, chance) / (n - 1), 1 - 1e-15))
        for pools, chance in pools_by_depth(sources, p, rounds)
    )
    own = own_kept(n, p, rounds, group_size)
    return at_least_one(blocks, own) - (n - 1) * float(np.expm1(log_missed))


def _effective_anonymity_set(own: float, others: Mapping[float, float]) -> float:
    """Return 2 to the entropy, in bits, of the source of a block."""
    chances = np.array([own, *others])
    counts = np.array([1.0, *others.values()])
    shares = counts * chances / (counts @ chances)
    bits = -np.log2(np.where(chances > 0, chances, 1) / (counts @ chances))
    return float(2 ** (shares @ bits))
