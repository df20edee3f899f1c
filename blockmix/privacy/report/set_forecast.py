"""The forecast of a set: of each label, and of all labels together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from blockmix.forecasting import linking
from blockmix.forecasting.forecast import Forecast, forecast
from blockmix.privacy.measures.nearest import Evidence
from blockmix.privacy.measures.situations import MAX_COPIES
from blockmix.privacy.sets.pair import Pair

Parameters = Mapping[str, Any]  # "sources", "rounds", "probability"


@dataclass(frozen=True)
class SetForecast:
    """The forecasts of the labels of a set, and the number of originals of each."""

    by_label: Mapping[str, Forecast]
    sizes: Mapping[str, int]

    @classmethod
    def of_pair(cls, pair: Pair, parameters: Parameters) -> SetForecast:
        """Forecast each label of a pair, or its smallest cohort if it was mixed in cohorts."""
        sizes = {label: len(label_originals) for label, label_originals, _ in pair.classes()}
        by_label = {
            label: forecast(
                min(size, pair.cohorts.get(label, size)),
                blocks=(pair.grid.rows, pair.grid.cols),
                **parameters,
            )
            for label, size in sizes.items()
        }
        return cls(by_label, sizes)

    def log_likelihood_ratio(self, label: str) -> Evidence:
        """Return how strongly 0, 1, ... shared blocks speak for an original of a label."""
        forecast = self.by_label[label]
        return linking.log_likelihood_ratio(forecast.own_kept, _others(forecast), forecast.blocks)

    def overall(self, part: float) -> dict[str, Any]:
        """Return means over the images, and the anonymity sets of the least protected label.

        ``part`` is the share of an original that counts as shown.
        """
        copies = self._mean(_copies).tolist()
        labels = self.by_label.values()
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
            "anonymity_set": min(forecast.anonymity_set for forecast in labels),
            "effective_anonymity_set": min(forecast.effective_anonymity_set for forecast in labels),
            "key_bits": next(iter(labels)).key_bits,
        }

    def neighbours_together(self) -> float:
        """Return the expected share of neighbouring blocks that come from one image."""
        return min(1.0, float(self._mean(_neighbours_together)))

    def _mean(self, value: Callable[[Forecast], float | list[float]]) -> Any:
        values = [value(forecast) for forecast in self.by_label.values()]
        return np.average(values, axis=0, weights=[self.sizes[label] for label in self.by_label])


def _copies(forecast: Forecast) -> list[float]:
    """Return the chances that a block is published 0, 1, ... times, up to `MAX_COPIES`."""
    chances = [*forecast.copies, *[0.0] * MAX_COPIES]  # a class of n has at most n copies
    return [*chances[:MAX_COPIES], sum(chances[MAX_COPIES:])]


def _neighbours_together(forecast: Forecast) -> float:
    from_others = sum(count * chance**2 for chance, count in _others(forecast).items())
    return forecast.own_kept**2 + from_others


def _others(forecast: Forecast) -> Mapping[float, float]:
    return linking.chances_of_others(
        forecast.class_size,
        forecast.own_kept,
        forecast.sources,
        forecast.probability,
        forecast.rounds,
    )
