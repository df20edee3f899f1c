"""The ways of a plan that are worth further seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from blockmix.bench.utility.pareto import pareto
from blockmix.bench.utility.plan import Way
from blockmix.bench.utility.results import AXES


def best_ways(
    ways: Iterable[Way],
    rows: Iterable[Mapping[str, Any]],
    protections: Mapping[str, Mapping[str, Any] | None],
) -> list[Way]:
    """Return the ways that no other beats in accuracy and on all axes of protection.

    Accuracy is that on training images that were held out, as test images choose nothing. Ways that
    are not measured on every axis, and those with fewer images or with augmentation, take no part;
    originals always do.

    Parameters
    ----------
    ways : iterable of Way
    rows : iterable of mapping
        Of one model.
    protections : mapping
        By the name of the way.
    """
    accuracies: dict[str, list[float]] = {}
    for row in rows:
        accuracies.setdefault(row["way"], []).append(row["validation_accuracy"])
    points = {}
    for way in ways:
        found = [(protections.get(way.name) or {}).get(axis) for axis in AXES]
        is_plain = way == way.published() and way.image_share == 1
        if is_plain and None not in found and way.name in accuracies:
            accuracy = sum(accuracies[way.name]) / len(accuracies[way.name])
            points[way] = [-accuracy, *(value["value"] for value in found if value is not None)]
    chosen = set(pareto(points))
    return [way for way in ways if way in chosen or way == Way("original")]
