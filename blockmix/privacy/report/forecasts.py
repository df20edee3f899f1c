"""The forecasts of a set, label by label and overall, for its measurements to stand beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.forecasting.forecast import Forecast, forecast
from blockmix.forecasting.linking import log_likelihood_ratio, others
from blockmix.privacy.measures.nearest import LogLikelihoodRatio
from blockmix.privacy.measures.situations import MAX_COPIES
from blockmix.privacy.sets.pair import Pair

Parameters = Mapping[str, Any]  # "sources", "rounds", "probability"


def forecasts(pair: Pair, parameters: Parameters) -> dict[str, Forecast]:
    """The forecast of each label; of its smallest cohort, if it was mixed in several."""
    return {
        name: forecast(
            min(len(of_label), pair.cohorts.get(name, len(of_label))),
            blocks=pair.grid.blocks,
            **parameters,
        )
        for name, of_label, _ in pair.classes()
    }


def log_likelihood_ratios(made: Mapping[str, Forecast]) -> LogLikelihoodRatio:
    """What an attacker who knows the parameters makes of numbers of blocks."""

    def tells(name: str) -> npt.NDArray[np.float64]:
        one = made[name]
        return log_likelihood_ratio(one.own_kept, _others(one), one.blocks)

    return tells


def overall(made: Mapping[str, Forecast], sizes: Mapping[str, int]) -> dict[str, Any]:
    """The forecast of a set: means over its images, and of what protects the least.

    Parameters
    ----------
    made : mapping of str to Forecast
        Of each label.
    sizes : mapping of str to int
        Images of each label.
    """

    def mean(of: Callable[[Forecast], npt.ArrayLike]) -> Any:
        return _mean(made, sizes, of).tolist()

    copies = mean(_copies)
    return {
        "own_kept": mean(lambda one: one.own_kept),
        "erased": copies[0],
        "repeated": 1 - copies[0] - copies[1],
        "copies": copies,
        "distinct_sources": mean(lambda one: one.distinct_sources),
        "unmixed": mean(lambda one: one.unmixed),
        "linked": mean(lambda one: one.linked),
        "anonymity_set": min(one.anonymity_set for one in made.values()),
        "effective_anonymity_set": min(one.effective_anonymity_set for one in made.values()),
        "key_bits": next(iter(made.values())).key_bits,
    }


def neighbours_together(made: Mapping[str, Forecast], sizes: Mapping[str, int]) -> float:
    """Share of neighbours that are expected to come from one image."""

    def of(one: Forecast) -> float:
        return one.own_kept**2 + sum(many * chance**2 for chance, many in _others(one).items())

    return min(1.0, float(_mean(made, sizes, of)))


def _mean(
    made: Mapping[str, Forecast],
    sizes: Mapping[str, int],
    of: Callable[[Forecast], npt.ArrayLike],
) -> Any:
    return np.average(
        [of(one) for one in made.values()], axis=0, weights=[sizes[name] for name in made]
    )


def _copies(made: Forecast) -> list[float]:
    """The chances of a block to be published 0, 1, ... times, as many as are counted."""
    chances = [*made.copies, *[0.0] * MAX_COPIES]  # a class of n has at most n copies
    return [*chances[:MAX_COPIES], sum(chances[MAX_COPIES:])]


def _others(made: Forecast) -> Mapping[float, float]:
    return others(made.class_size, made.own_kept, made.sources, made.probability, made.rounds)
