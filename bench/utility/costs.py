"""What `blockmix advise` shows of the measured cost: square blocks of records, in points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from blockmix.bench.utility.results import Record, Result, gather, of_model, original, points_lost

_PARAMETERS = ("blocks", "sources", "rounds", "probability")


def costs(records: Iterable[Record], measured_on: str) -> dict[str, Any]:
    """Return the content of ``blockmix/forecasting/costs.json``, of each record's first model.

    Of parameters in several records, those with most seeds count.
    """
    by_seeds = sorted(
        (cost for record in records for cost in _costs(record)), key=lambda cost: cost["seeds"]
    )
    most_seeds = {tuple(cost[name] for name in _PARAMETERS): cost for cost in by_seeds}
    return {
        "measured_on": measured_on,
        "costs": [most_seeds[parameters] for parameters in sorted(most_seeds)],
    }


def _costs(record: Record) -> Iterator[dict[str, Any]]:
    results = gather(record)
    own = of_model(results, results[0].model)
    originals = original(own, results[0].model)
    for result in own:
        if originals is not None and result.is_plain and _has_square_blocks(result):
            yield {
                **{name: result.way[name] for name in _PARAMETERS},
                "seeds": len(result.counted),
                "points_lost": points_lost(result, originals),
            }


def _has_square_blocks(result: Result) -> bool:
    """Whether an image is cut into as many equal parts along its height as along its width."""
    block, grid = result.way["block"], result.way["grid"]
    return (
        result.scheme is not None
        and block is not None
        and len(grid["row_edges"]) == len(grid["col_edges"])
    )
