"""The rows of a record, gathered by way and model: means over seeds, and what they are worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from blockmix.bench.common import paper
from blockmix.bench.utility.pareto import pareto
from blockmix.privacy.measures.statistics import Estimate, mean_with_interval

Record = dict[str, Any]
Way = dict[str, Any]
Row = dict[str, Any]

# What a training set gives away, each from 0 to 1, less is better: entries of ``protection``.
AXES = {
    "linked": "linked by whoever holds the originals",
    "largest_share": "largest share of one person in an image",
    "single_block": "person named by one block alone (ORL)",
    "reassembled": "put together again without any original",
}


@dataclass(frozen=True)
class Result:
    """What a model learned from the training set of one way, for each seed.

    Attributes
    ----------
    way : dict
        Entry of ``ways`` in the record.
    model : str
        The name of the model.
    rows : tuple of dict
        Entries of ``rows``, by seed.
    choosing_seeds : int
        How many of the first seeds chose the ways that were run again. A way is chosen where it was
        lucky, so these seeds count only for ways that have no others.
    """

    way: Way
    model: str
    rows: tuple[Row, ...]
    choosing_seeds: int = 0

    @property
    def name(self) -> str:
        """The name of the way."""
        return str(self.way["name"])

    @property
    def scheme(self) -> tuple[int, int, float] | None:
        """Sources, rounds and probability; None of a way that does not mix."""
        if self.way["kind"] != "mixing":
            return None
        return self.way["sources"], self.way["rounds"], self.way["probability"]

    @property
    def is_plain(self) -> bool:
        """Whether it takes all images and no augmentation."""
        return self.way["image_share"] == 1 and self.way["augmentation"] is None

    @property
    def is_papers(self) -> bool:
        """Whether it mixes equal blocks with the paper's number of sources and probability."""
        scheme = self.scheme
        is_even = self.way["block"] is not None
        return is_even and scheme is not None and scheme[::2] == (paper.SOURCES, paper.PROBABILITY)

    @property
    def counted(self) -> tuple[Row, ...]:
        """The rows whose seeds had no part in choosing this way; all if there are no such rows."""
        later = tuple(row for row in self.rows if row["seed"] >= self.choosing_seeds)
        return later or self.rows

    def mean(self, value: str | Callable[[Row], float]) -> Estimate:
        """Return the mean of an entry of the `counted` rows, with Student's interval."""
        get = value if callable(value) else lambda row: row[value]
        return mean_with_interval(np.array([get(row) for row in self.counted], float))

    def protection(self, name: str) -> Any:
        """Return an entry of what the way protects, or None."""
        return (self.way["protection"] or {}).get(name)


def gather(record: Record) -> list[Result]:
    """Return the results of all ways and models that have rows, in the record's order."""
    models = dict.fromkeys(row["model"] for row in record["rows"])
    plan = record["plan"]
    choosing_seeds = plan["seeds"] if plan["best_seeds"] else 0
    results = [
        Result(
            way,
            model,
            tuple(
                sorted(
                    (row for row in record["rows"] if _key(row) == (way["name"], model)),
                    key=lambda row: row["seed"],
                )
            ),
            choosing_seeds,
        )
        for model in models
        for way in record["ways"]
    ]
    return [result for result in results if result.rows]


def of_model(results: Iterable[Result], model: str) -> list[Result]:
    """Return the results of one model."""
    return [result for result in results if result.model == model]


def original(results: Iterable[Result], model: str) -> Result | None:
    """Return the result of a model that was trained on all originals as they are."""
    return next(
        (r for r in of_model(results, model) if r.way["kind"] == "original" and r.is_plain), None
    )


def points_lost(result: Result, originals: Result) -> Estimate | None:
    """Return how many points of accuracy less than originals a way reaches, over shared seeds."""
    accuracy = {row["seed"]: row["accuracy"] for row in originals.rows}
    lost = [
        100 * (accuracy[row["seed"]] - row["accuracy"])
        for row in result.counted
        if row["seed"] in accuracy
    ]
    return mean_with_interval(np.array(lost)) if lost else None


def unbeaten(results: Iterable[Result], measure: str = "accuracy") -> list[Result]:
    """Return the results of one model that no other beats in accuracy and on all `AXES`.

    ``measure`` is the entry of rows with the accuracy that counts: on test images, or on those that
    were held out. Ways that are not measured on every axis, and those with fewer images or with
    augmentation, take no part.
    """
    points, results = {}, list(results)
    for index, result in enumerate(results):
        given_away = [result.protection(axis) for axis in AXES]
        if result.is_plain and None not in given_away:
            reached = result.mean(measure)["value"] or 0.0
            points[index] = [-reached, *(estimate["value"] for estimate in given_away)]
    return [results[index] for index in pareto(points)]


def _key(row: Row) -> tuple[str, str]:
    return row["way"], row["model"]
