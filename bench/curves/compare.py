"""Two records compared: which points became faster or slower, beyond the spread of their times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from rich.table import Table

from blockmix import InputError
from blockmix.bench.curves.findings import BLOCKMIX, Measurement, blockmix_rows, per_image, shares
from blockmix.bench.curves.tables import plain_table


class Change(NamedTuple):
    """A point that both records have, and its speed in each."""

    regime: str
    images: int
    blocks: int
    before: float  # see `speeds`
    after: float
    beyond_spread: bool  # whether the ranges between quartiles do not overlap

    @property
    def factor(self) -> float:
        """New speed divided by the old one; below 1 is slower."""
        return self.after / self.before

    def is_slower(self, threshold: float) -> bool:
        """Whether it lost more than the threshold, beyond the spread."""
        return self.beyond_spread and self.factor < 1 - threshold

    def is_faster(self, threshold: float) -> bool:
        """Whether it gained more than the threshold, beyond the spread."""
        return self.beyond_spread and self.factor > 1 + threshold


def compare(old: dict[str, Any], new: dict[str, Any], *, absolute: bool) -> list[Change]:
    """The changes at all points of blockmix that both records have.

    Parameters
    ----------
    old, new : dict
        The records.
    absolute : bool
        Compare images a second, which drift by tens of per cent on a shared machine, instead of
        shares of a copy or ceiling.
    """
    if old["device"] != new["device"]:
        raise InputError(
            "only records of the same device can be compared, got one of "
            f"{old['device']} and one of {new['device']}: run both with the same --device"
        )
    rows = dict(_rows_by_point(old))
    changes = [
        _change(point, speeds(rows[point], absolute), speeds(row, absolute))
        for point, row in _rows_by_point(new)
        if point in rows
    ]
    if not changes:
        raise InputError(
            "the two records have no point in common: run both with the same --counts and --blocks"
        )
    return changes


def speeds(row: Measurement, absolute: bool) -> list[float]:
    """What is compared, larger is faster: images a second, or shares of a copy or ceiling."""
    if absolute:
        return [row["timed_images"] / seconds for seconds in row["seconds"]]
    return shares(row) or [1 / per_image(row)]


def warnings(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Differences of the records, other than the code, that may change speed."""
    for name in ("cpu", "cores", "gpus", "threads", "threading_layer", "python"):
        before, after = old["machine"][name], new["machine"][name]
        if before != after:
            yield f"{name}: {before} before, {after} now"
    for name in sorted({*old["machine"]["versions"], *new["machine"]["versions"]} - {"blockmix"}):
        before, after = (
            record["machine"]["versions"].get(name, "not named") for record in (old, new)
        )
        if before != after:
            yield f"{name}: {before} before, {after} now"
    for name in ("images", "parameters", "quick"):
        if old[name] != new[name]:
            yield f"{name}: not the same in both"
    missing = {point for point, _ in _rows_by_point(old)} - {
        point for point, _ in _rows_by_point(new)
    }
    if missing:
        yield f"{len(missing)} points of the old record are not in the new one"


def table(changes: list[Change], threshold: float, *, absolute: bool) -> Table:
    """A line for each point, with the verdict in words."""
    unit = "images a second" if absolute else "share of the ceiling or of a copy"
    result = plain_table(f"Speed of blockmix, before and after: {unit}")
    for name in ("regime", "images", "blocks", "before", "after", "factor", ""):
        result.add_column(name, justify="left" if name in ("regime", "") else "right")
    for change in changes:
        slower, faster = change.is_slower(threshold), change.is_faster(threshold)
        result.add_row(
            change.regime,
            f"{change.images:,}",
            f"{change.blocks:,}",
            f"{change.before:.3g}",
            f"{change.after:.3g}",
            f"{change.factor:.2f}",
            "SLOWER" if slower else "faster" if faster else "",
        )
    return result


def _rows_by_point(record: dict[str, Any]) -> Iterator[tuple[tuple[str, int, int], Measurement]]:
    for regime in BLOCKMIX:
        for row in blockmix_rows(record["rows"], regime):
            yield (regime, row["images"], row["blocks"]), row


def _change(point: tuple[str, int, int], before: list[float], after: list[float]) -> Change:
    (low, old, high), (new_low, new, new_high) = (
        map(float, np.quantile(values, [0.25, 0.5, 0.75])) for values in (before, after)
    )
    return Change(*point, old, new, beyond_spread=new_high < low or high < new_low)
