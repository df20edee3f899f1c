"""Speeds that the CUDA backend should reach, and whether it does."""

from __future__ import annotations

from typing import Any

# The lowest share of a copy's speed, by blocks of an image.
SHARES_OF_COPY = {4: 0.85, 16: 0.85, 64: 0.85, 256: 0.85, 1024: 0.5}


def targets(speed: dict[str, Any]) -> list[dict[str, Any]]:
    """Each target with its measured value; targets that were not measured are left out."""
    rows = {row["blocks"]: row for row in speed["table"]}
    batch = next((row for row in speed["batches"] if row["images"] == 128), None)
    results = []
    for blocks, lowest in SHARES_OF_COPY.items():
        if blocks in rows:
            share = _ratio(rows[blocks], "copy", "mix")
            name = f"mix at {blocks} blocks, share of a copy"
            results.append((name, share, share >= lowest, lowest))
    if 256 in rows:
        draw = _ratio(rows[256], "draw", "mix")
        results.append(("draw at 256 blocks, part of the mix", draw, draw <= 0.05, 0.05))
        three = _ratio(rows[256], "mix rounds=3", "mix")
        results.append(("three rounds at 256 blocks, times one", three, three <= 1.1, 1.1))
    if batch:
        microseconds = batch["mix"]["device"] * 1e3
        results.append(("a batch of 128, microseconds", microseconds, microseconds <= 100, 100))
    return [
        {"what": name, "reached": reached, "target": target, "met": met}
        for name, reached, met, target in results
    ]


def _ratio(row: dict[str, Any], numerator: str, denominator: str) -> float:
    return float(row[numerator]["device"] / row[denominator]["device"])
