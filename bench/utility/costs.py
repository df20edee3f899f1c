"""What `blockmix advise` tells of the measured cost: square blocks of a record, in points."""

from __future__ import annotations

from typing import Any

from blockmix.bench.utility.results import Record, Result, gather, of_model, original, points_lost


def costs(record: Record, measured_on: str) -> dict[str, Any]:
    """Return the content of ``blockmix/forecasting/costs.json``, of the record's first model."""
    results = gather(record)
    own = of_model(results, results[0].model)
    originals = original(own, results[0].model)
    return {
        "measured_on": measured_on,
        "costs": [
            {
                **{
                    name: result.way[name]
                    for name in ("blocks", "sources", "rounds", "probability")
                },
                "points_lost": points_lost(result, originals),
            }
            for result in own
            if originals is not None and result.is_plain and _has_square_blocks(result)
        ],
    }


def _has_square_blocks(result: Result) -> bool:
    """Whether an image is cut into as many equal parts along its height as along its width."""
    block, grid = result.way["block"], result.way["grid"]
    return (
        result.scheme is not None
        and block is not None
        and len(grid["row_edges"]) == len(grid["col_edges"])
    )
