"""The chance of an image's own person to be the source of a block, and those of other persons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from blockmix.forecasting.chances import hypergeometric
from blockmix.forecasting.linking import MAX_HITS, UNIFORM_FROM_MEAN, add_pools, pools_by_depth
from blockmix.forecasting.other_persons import (
    Array,
    OtherPersons,
    PersonsOfManyPools,
    PersonsOfOnePool,
)

# From the chance of a person to be the source of a block to the chance of having it.
Chances = Mapping[float, float]

# If there are more different chances, those that agree in two digits are merged.
_MAX_CHANCES = 64
# Rarer chances are neglected; in large classes only those that fewer persons than this have.
_MIN_WEIGHT = 1e-7
_MIN_COUNT = 1e-3
# With several rounds, the chances of the own person are replaced by the means of this many equal
# parts. With their overall mean alone, `linked` was up to 0.04 lower (balanced, 256 blocks).
_OWN_PARTS = 5


@dataclass(frozen=True)
class PersonChances:
    """Chances in one case: pools hold the own person in one way, with chance ``weight``."""

    weight: float
    own: float  # chance that the own person gives a block
    others: OtherPersons


def person_chances(
    n: int,
    own_share: float,
    sources: int,
    p: float,
    rounds: int,
    *,
    group_size: int,
    grouped: bool,
) -> Iterator[PersonChances]:
    """Yield the cases of `PersonChances`; their weights add up to 1.

    Exact with one round and persons of equally many images. With more rounds persons are assumed to
    be independent, and pools as well.

    Parameters
    ----------
    n, sources, p, rounds, group_size, grouped
        See `forecast`.
    own_share : float
        Chance that the own person gives a block: the mean over all cases.
    """
    kept, outside = (1 - p) ** rounds, n - group_size
    # Of how many images each pool is drawn, and how many of them show the own person.
    candidates, own_candidates = (outside, 0) if grouped else (n - 1, group_size - 1)
    others: OtherPersons
    if rounds == 1:
        for hits, weight in enumerate(hypergeometric(candidates, own_candidates, sources)):
            if weight >= _MIN_WEIGHT:
                others = PersonsOfOnePool(outside, group_size, sources - hits, p / sources)
                yield PersonChances(float(weight), kept + hits * p / sources, others)
        return
    depths = list(pools_by_depth(sources, p, rounds))
    others = PersonsOfOnePool(0, group_size, 0, 0.0)
    if outside:
        persons = max(1, round(outside / group_size))
        chances = _chances(
            depths,
            sources,
            min(group_size, outside),
            candidates,
            min_weight=min(_MIN_WEIGHT, _MIN_COUNT / persons),
        )
        others = PersonsOfManyPools(persons, _with_mean(chances, (1 - own_share) / persons))
    # With groups, blocks come back to their person by way of another one, from the second pool on.
    chances = (
        _chances(depths[1:], sources, group_size, n)
        if grouped
        else _chances(depths, sources, own_candidates, candidates)
    )
    for chance, weight in _parts(_with_mean(chances, own_share - kept)):
        yield PersonChances(weight, min(1.0, kept + chance), others)


def _chances(
    pools_of_depths: Iterable[tuple[int, float]],
    sources: int,
    images: int,
    candidates: int,
    *,
    min_weight: float = _MIN_WEIGHT,
) -> Chances:
    """Return the chances of one person with a number of images, if pools are independent."""
    chances = {0.0: 1.0}
    for pools, member_chance in pools_of_depths:
        mean = pools * sources * images / candidates
        is_uniform = mean >= UNIFORM_FROM_MEAN
        hit_chances = (
            np.ones(1)
            if is_uniform
            else _repeated(hypergeometric(candidates, images, min(sources, candidates)), pools)
        )
        shift = mean * member_chance if is_uniform else 0.0
        steps = shift + np.arange(len(hit_chances)) * member_chance
        digits = 2 if len(chances) * len(hit_chances) > _MAX_CHANCES else None
        chances = add_pools(chances, hit_chances, steps, least=min_weight, digits=digits)
    return chances


def _repeated(hit_chances: Array, pools: int) -> Array:
    """Return the chances of 0, 1, ... hits in a number of independent pools."""
    total = np.ones(1)
    while pools:
        if pools % 2:
            total = np.convolve(total, hit_chances)[: MAX_HITS + 1]
        pools //= 2
        hit_chances = np.convolve(hit_chances, hit_chances)[: MAX_HITS + 1]
    return total


def _with_mean(chances: Chances, mean: float) -> Chances:
    """Return chances scaled to a mean, with weights that add up to 1."""
    weights = sum(chances.values())
    present_mean = sum(chance * weight for chance, weight in chances.items()) / weights
    if not present_mean:
        return {max(0.0, mean): 1.0}
    factor = max(0.0, mean) / present_mean
    scaled: dict[float, float] = {}
    for chance, weight in chances.items():
        total = min(1.0, chance * factor)
        scaled[total] = scaled.get(total, 0.0) + weight / weights
    return scaled


def _parts(chances: Chances) -> list[tuple[float, float]]:
    """Return mean and weight of each of at most `_OWN_PARTS` parts, of about equal weight."""
    parts: list[tuple[float, float]] = []
    part_weight = part_sum = done = 0.0
    for chance, weight in sorted(chances.items()):
        part_weight += weight
        part_sum += chance * weight
        done += weight
        # The last part takes all that is left.
        if len(parts) < _OWN_PARTS - 1 and done >= (len(parts) + 1) / _OWN_PARTS - 1e-9:
            parts.append((part_sum / part_weight, part_weight))
            part_weight = part_sum = 0.0
    if part_weight:
        parts.append((part_sum / part_weight, part_weight))
    return parts
