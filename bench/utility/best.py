"""The ways of a plan that are worth further seeds."""

from __future__ import annotations

from collections.abc import Collection

from blockmix.bench.utility.results import Result, of_model, original, unbeaten


def best_ways(results: Collection[Result]) -> set[tuple[str, str]]:
    """Return model and name of the ways that are unbeaten on training images that were held out.

    By these instead of by test images, which choose nothing. Originals are always among them.
    """
    best = set()
    for model in {result.model for result in results}:
        chosen = unbeaten(of_model(results, model), "validation_accuracy")
        originals = original(results, model)
        best |= {(model, result.name) for result in [*chosen, *filter(None, [originals])]}
    return best
