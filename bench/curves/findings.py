"""What the rows of a record say: how time grows, and how often one thing goes into another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

from blockmix.bench.curves.plan import up_to_the_papers

Row = dict[str, Any]
OURS = {"files": "mix_folder", "arrays": "mix"}


def per_image(row: Row) -> float:
    """Median seconds for an image."""
    return float(np.median(row["seconds"])) / int(row["timed_images"])


def running_time(row: Row) -> float:
    """Median seconds for all images of a point."""
    return per_image(row) * int(row["images"])


def shares(row: Row) -> list[float] | None:
    """For each time: the share that it reaches of the speed of what was timed just before it."""
    beside = row.get("beside")
    if beside is None:
        return None
    ceiling = np.array(beside["seconds"]) / beside["images"]
    own = np.array(row["seconds"]) / row["timed_images"]
    return [float(share) for share in ceiling / own]


def share(row: Row) -> float | None:
    """The median of `shares`."""
    found = shares(row)
    return None if found is None else float(np.median(found))


def rows_named(rows: Iterable[Row], regime: str, name: str) -> list[Row]:
    """Those of a regime that time the same thing, by images and blocks."""
    found = [row for row in rows if (row["regime"], row["row"]) == (regime, name)]
    return sorted(found, key=lambda row: (row["images"], row["blocks"]))


def own_rows(rows: Iterable[Row], regime: str) -> list[Row]:
    """Blockmix's own of a regime, by images and blocks."""
    return rows_named(rows, regime, OURS[regime])


def main_rows(rows: Iterable[Row], regime: str) -> list[Row]:
    """Blockmix's own at the number of images at which it is compared: up to the paper's 5,000."""
    own = own_rows(rows, regime)
    if not own:
        return []
    most = up_to_the_papers(tuple(row["images"] for row in own))
    return [row for row in own if row["images"] == most]


def findings(rows: Iterable[Row]) -> dict[str, Any]:
    """Fits, growth and ratios of all rows."""
    rows = list(rows)
    return {"fits": list(fits(rows)), "growth": list(growth(rows)), "ratios": list(ratios(rows))}


def fits(rows: Iterable[Row]) -> Iterable[dict[str, Any]]:
    """For each number of blocks a straight line of the time in the number of images.

    The paper calls its own "nearly a linear image" (section VI-C).
    """
    for (regime, blocks), points in _grouped(rows, "blocks").items():
        counts = np.array([row["images"] for row in points], float)
        if len(counts) < 3:
            continue
        times = np.array([running_time(row) for row in points])
        slope, start = np.polyfit(counts, times, 1)
        rest = times - (start + slope * counts)
        r2 = 1 - float(rest @ rest) / float(((times - times.mean()) ** 2).sum())
        yield {
            "regime": regime,
            "blocks": blocks,
            "a_seconds": float(start),
            "b_seconds_per_image": float(slope),
            "r2": r2,
        }


def growth(rows: Iterable[Row]) -> Iterable[dict[str, Any]]:
    """For each number of images: how the time grows with the number of blocks.

    ``exponent`` is the slope in doubly logarithmic axes: 0 if blocks do not matter, 1 if the time
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


def ratios(rows: Iterable[Row]) -> Iterable[dict[str, Any]]:
    """For each number of blocks: how often our time for an image goes into that of another row.

    Rows that were timed beside the same thing are compared by their shares of it, in which the
    drift of the machine cancels; the others by their times.
    """
    rows = list(rows)
    own = {(regime, row["blocks"]): row for regime in OURS for row in main_rows(rows, regime)}
    for other in rows:
        mine = own.get((other["regime"], other["blocks"]))
        if mine is None or other["row"] in (OURS[other["regime"]], "draw", "gather"):
            continue
        reached, others = share(mine), share(other)
        if reached is None or others is None:
            times = per_image(other) / per_image(mine)
        else:
            times = reached / others
        yield {
            "regime": other["regime"],
            "blocks": other["blocks"],
            "row": other["row"],
            "images": mine["images"],
            "timed_images": other["timed_images"],
            "times": float(times),
        }


def _grouped(rows: Iterable[Row], by: str) -> dict[tuple[str, int], list[Row]]:
    groups: dict[tuple[str, int], list[Row]] = defaultdict(list)
    rows = list(rows)
    for regime in OURS:
        for row in own_rows(rows, regime):
            groups[regime, row[by]].append(row)
    return groups
