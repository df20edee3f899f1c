"""The ways of a plan that are worth further seeds."""

from __future__ import annotations

from collections.abc import Collection

from blockmix.bench.utility.results import Result, of_model, original, unbeaten


def best_ways(results: Collection[Result]) -> set[tuple[str, str]]:
    """Return model and name of the ways that are unbeaten on training images that were held out.

    By these instead of by test images, which choose nothing. What all others are compared with is
    always among them: originals, and mixing as in the paper.
    """
    best = set()
    for model in {result.model for result in results}:
        chosen = unbeaten(of_model(results, model), "validation_accuracy")
        compared = [r for r in of_model(results, model) if r.is_papers and r.is_plain]
        compared += filter(None, [original(results, model)])
        best |= {(model, result.name) for result in [*chosen, *compared]}
    return best
