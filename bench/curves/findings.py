"""Findings from the rows of a record: fits and growth of running times, and their ratios."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

from blockmix.bench.curves.plan import largest_in_paper

Measurement = dict[str, Any]
BLOCKMIX = {"files": "mix_folder", "arrays": "mix"}


def per_image(row: Measurement) -> float:
    """Median seconds an image."""
    return float(np.median(row["seconds"])) / int(row["timed_images"])


def running_time(row: Measurement) -> float:
    """Median seconds for all images of the row."""
    return per_image(row) * int(row["images"])


def shares(row: Measurement) -> list[float] | None:
    """For each time, the share that it reaches of the speed of the copy or ceiling before it."""
    beside = row.get("beside")
    if beside is None:
        return None
    limit = np.array(beside["seconds"]) / beside["images"]
    reached = np.array(row["seconds"]) / row["timed_images"]
    return [float(share) for share in limit / reached]


def share(row: Measurement) -> float | None:
    """The median of `shares`."""
    row_shares = shares(row)
    return None if row_shares is None else float(np.median(row_shares))


def rows_named(rows: Iterable[Measurement], regime: str, name: str) -> list[Measurement]:
    """Rows of one name in a regime, by images and blocks."""
    named = [row for row in rows if (row["regime"], row["row"]) == (regime, name)]
    return sorted(named, key=lambda row: (row["images"], row["blocks"]))


def blockmix_rows(rows: Iterable[Measurement], regime: str) -> list[Measurement]:
    """Rows of blockmix in a regime, by images and blocks."""
    return rows_named(rows, regime, BLOCKMIX[regime])


def main_rows(rows: Iterable[Measurement], regime: str) -> list[Measurement]:
    """Rows of blockmix at the number of images for comparisons: the largest up to 5,000."""
    all_rows = blockmix_rows(rows, regime)
    if not all_rows:
        return []
    count = largest_in_paper(tuple(row["images"] for row in all_rows))
    return [row for row in all_rows if row["images"] == count]


def findings(rows: Iterable[Measurement]) -> dict[str, Any]:
    """Fits, growth and ratios of all rows."""
    rows = list(rows)
    return {"fits": list(fits(rows)), "growth": list(growth(rows)), "ratios": list(ratios(rows))}


def fits(rows: Iterable[Measurement]) -> Iterable[dict[str, Any]]:
    """For each number of blocks, a straight line: the time against the number of images.

    The paper calls its running time "nearly a linear image" (section VI-C).
    """
    for (regime, blocks), points in _grouped(rows, "blocks").items():
        counts = np.array([row["images"] for row in points], float)
        if len(counts) < 3:
            continue
        times = np.array([running_time(row) for row in points])
        slope, intercept = np.polyfit(counts, times, 1)
        residuals = times - (intercept + slope * counts)
        r2 = 1 - float(residuals @ residuals) / float(((times - times.mean()) ** 2).sum())
        yield {
            "regime": regime,
            "blocks": blocks,
            "a_seconds": float(intercept),
            "b_seconds_per_image": float(slope),
            "r2": r2,
        }


def growth(rows: Iterable[Measurement]) -> Iterable[dict[str, Any]]:
    """For each number of images, how the time grows with the number of blocks.

    ``exponent`` is the slope on logarithmic axes: 0 if blocks do not matter, 1 if the time
    is proportional to their number.
    """
    for (regime, images), points in _grouped(rows, "images").items():
        if len(points) < 2:
            continue
        blocks = np.array([row["blocks"] for row in points], float)
        times = np.array([running_time(row) for row in points])
        yield {
            "regime": regime,
            "images": images,
            "blocks": [int(blocks[0]), int(blocks[-1])],
            "times": float(times[-1] / times[0]),
            "exponent": float(np.polyfit(np.log(blocks), np.log(times), 1)[0]),
        }


def ratios(rows: Iterable[Measurement]) -> Iterable[dict[str, Any]]:
    """For each number of blocks, the time of other rows for an image divided by blockmix's.

    Rows that were both timed beside a copy, or beside the ceiling, are compared by their shares of
    its speed, in which the drift of the machine cancels. Other rows are compared by their times.
    """
    rows = list(rows)
    bases = {(regime, row["blocks"]): row for regime in BLOCKMIX for row in main_rows(rows, regime)}
    for row in rows:
        base = bases.get((row["regime"], row["blocks"]))
        if base is None or row["row"] in (BLOCKMIX[row["regime"]], "draw", "gather"):
            continue
        base_share, row_share = share(base), share(row)
        if base_share is None or row_share is None:
            times = per_image(row) / per_image(base)
        else:
            times = base_share / row_share
        yield {
            "regime": row["regime"],
            "blocks": row["blocks"],
            "row": row["row"],
            "images": base["images"],
            "timed_images": row["timed_images"],
            "times": float(times),
        }


def _grouped(rows: Iterable[Measurement], by: str) -> dict[tuple[str, int], list[Measurement]]:
    groups: dict[tuple[str, int], list[Measurement]] = defaultdict(list)
    rows = list(rows)
    for regime in BLOCKMIX:
        for row in blockmix_rows(rows, regime):
            groups[regime, row[by]].append(row)
    return groups
