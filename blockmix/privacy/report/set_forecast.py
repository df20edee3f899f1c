"""The forecast of a set: of each label, and of all labels together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from blockmix.forecasting import linking
from blockmix.forecasting.forecast import Forecast, forecast
from blockmix.forecasting.sampling import shares_of_sizes
from blockmix.privacy.measures.nearest import Evidence
from blockmix.privacy.measures.situations import MAX_COPIES
from blockmix.privacy.sets.pair import Indices, Pair

Parameters = Mapping[str, Any]  # "sources", "rounds", "probability", and perhaps "grouped"


@dataclass(frozen=True)
class SetForecast:
    """The forecasts of the labels of a set.

    Attributes
    ----------
    parts : mapping of str to mapping of Forecast to float
        For each label a forecast for each number of originals that its persons have, and the share
        of originals whose person has so many. Without persons it is one.
    sizes : mapping of str to int
        Number of originals of each label.
    persons : int or None
        Number of persons, if they are known.
    """

    parts: Mapping[str, Mapping[Forecast, float]]
    sizes: Mapping[str, int]
    persons: int | None = None

    @classmethod
    def of_pair(cls, pair: Pair, parameters: Parameters) -> SetForecast:
        """Forecast each label of a pair, or its smallest cohort if it was mixed in cohorts.

        In a cohort, a person is taken to have the expected number of originals.
        """
        parts, sizes, known = {}, {}, []
        for label, originals, _ in pair.classes():
            size = sizes[label] = len(originals)
            cohort = min(size, pair.cohorts.get(label, size))
            groups = np.arange(size) if pair.groups is None else pair.groups[originals]
            known.append(groups)
            parts[label] = {
                forecast(
                    cohort,
                    blocks=(pair.grid.rows, pair.grid.cols),
                    group_size=group_size,
                    **parameters,
                ): share
                for group_size, share in shares_of_sizes(
                    _group_sizes(groups, cohort, parameters.get("grouped", True))
                ).items()
            }
        persons = None if pair.groups is None else len(np.unique(np.concatenate(known)))
        return cls(parts, sizes, persons)

    @property
    def by_label(self) -> Mapping[str, Forecast]:
        """The forecast of each label that holds for most of its originals."""
        return {label: max(part, key=part.__getitem__) for label, part in self.parts.items()}

    def log_likelihood_ratio(self, label: str) -> Evidence:
        """Return how strongly 0, 1, ... shared blocks speak for an original of a label."""
        forecast = self.by_label[label]
        return linking.log_likelihood_ratio(forecast.own_kept, forecast.others(), forecast.blocks)

    def overall(self, part: float) -> dict[str, Any]:
        """Return means over the images, and the anonymity sets of the least protected label.

        ``part`` is the share of an original that counts as shown.
        """
        copies = self._mean(_copies).tolist()
        forecasts = [forecast for part in self.parts.values() for forecast in part]
        return {
            "own_kept": float(self._mean(lambda forecast: forecast.own_kept)),
            "erased": copies[0],
            "repeated": 1 - copies[0] - copies[1],
            "copies": copies,
            "distinct_sources": float(self._mean(lambda forecast: forecast.distinct_sources)),
            "unmixed": float(self._mean(lambda forecast: forecast.unmixed)),
            "linked": float(self._mean(lambda forecast: forecast.linked)),
            "largest_share": float(self._mean(lambda forecast: forecast.largest_share)),
            "half_shown": float(self._mean(lambda forecast: forecast.images_showing(part))),
            "reassembled": float(self._mean(lambda forecast: forecast.reassembled)),
            "anonymity_set": min(forecast.anonymity_set for forecast in forecasts),
            "effective_anonymity_set": min(
                forecast.effective_anonymity_set for forecast in forecasts
            ),
            "key_bits": forecasts[0].key_bits,
            "persons": self._by_person(part),
        }

    def _by_person(self, part: float) -> dict[str, Any] | None:
        if self.persons is None:
            return None
        shown = self._mean(
            lambda forecast: forecast.images_showing_person(part) / forecast.group_size
        )
        (grouped,) = {forecast.grouped for part in self.parts.values() for forecast in part}
        return {
            "grouped": grouped,
            "own_share": float(self._mean(lambda forecast: forecast.persons.own_share)),
            "linked": float(self._mean(lambda forecast: forecast.persons.linked)),
            "largest_share": float(self._mean(lambda forecast: forecast.persons.largest_share)),
            "half_shown": float(shown) * sum(self.sizes.values()) / self.persons,
        }

    def neighbours_together(self) -> float:
        """Return the expected share of neighbouring blocks that come from one image."""
        return min(1.0, float(self._mean(_neighbours_together)))

    def _mean(self, value: Callable[[Forecast], float | list[float]]) -> Any:
        values, weights = [], []
        for label, part in self.parts.items():
            values += [value(forecast) for forecast in part]
            weights += [self.sizes[label] * share for share in part.values()]
        return np.average(values, axis=0, weights=weights)


def _group_sizes(groups: Indices, cohort: int, grouped: bool) -> list[int]:
    """Return for each original of a label the number of originals of its person in a cohort."""
    size = len(groups)
    _, group_of, numbers = np.unique(groups, return_inverse=True, return_counts=True)
    share = (cohort - 1) / max(size - 1, 1)  # of the others
    in_cohort = np.rint(1 + (numbers - 1) * share).astype(int)
    # Groups that the mixing knew leave somebody else in every cohort.
    return list(map(int, np.minimum(in_cohort, cohort - grouped)[group_of]))


def _copies(forecast: Forecast) -> list[float]:
    """Return the chances that a block is published 0, 1, ... times, up to `MAX_COPIES`."""
    chances = [*forecast.copies, *[0.0] * MAX_COPIES]  # a class of n has at most n copies
    return [*chances[:MAX_COPIES], sum(chances[MAX_COPIES:])]


def _neighbours_together(forecast: Forecast) -> float:
    from_others = sum(count * chance**2 for chance, count in forecast.others().items())
    return forecast.own_kept**2 + from_others
