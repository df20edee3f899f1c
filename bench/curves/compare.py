"""Two records: what became faster or slower, beyond what the machine does by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from rich.table import Table

from blockmix import InputError
from blockmix.bench.curves.findings import OURS, Row, own_rows, per_image, shares
from blockmix.bench.curves.tables import plain_table


class Change(NamedTuple):
    """A point of both records."""

    regime: str
    images: int
    blocks: int
    before: float  # see `speeds`
    after: float
    apart: bool  # whether the quartiles of the two have nothing in common

    @property
    def factor(self) -> float:
        """Of the speed; below 1 the new one is slower."""
        return self.after / self.before

    def is_slower(self, threshold: float) -> bool:
        """Whether it lost more than the threshold, and not by noise."""
        return self.apart and self.factor < 1 - threshold

    def is_faster(self, threshold: float) -> bool:
        """Whether it gained more than the threshold, and not by noise."""
        return self.apart and self.factor > 1 + threshold


def compare(old: dict[str, Any], new: dict[str, Any], *, absolute: bool) -> list[Change]:
    """Every point of blockmix's own rows that is in both records.

    Parameters
    ----------
    old, new : dict
        Records.
    absolute : bool
        Compare images a second, which on a shared machine drift by tens of per cent, rather than
        shares of what was timed beside them.
    """
    if old["device"] != new["device"]:
        raise InputError(f"one is of {old['device']}, the other of {new['device']}: no comparison")
    rows = dict(_own_rows(old))
    changes = [
        _change(point, speeds(rows[point], absolute), speeds(row, absolute))
        for point, row in _own_rows(new)
        if point in rows
    ]
    if not changes:
        raise InputError("the two records have no point in common: run both with the same counts")
    return changes


def speeds(row: Row, absolute: bool) -> list[float]:
    """What is compared, larger is faster: shares of a copy or ceiling, or else images a second."""
    if absolute:
        return [row["timed_images"] / seconds for seconds in row["seconds"]]
    return shares(row) or [1 / per_image(row)]


def warnings(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Why the two may differ for other reasons than the code."""
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
    missing = {point for point, _ in _own_rows(old)} - {point for point, _ in _own_rows(new)}
    if missing:
        yield f"{len(missing)} points of the old record are not in the new one"


def table(changes: list[Change], threshold: float, *, absolute: bool) -> Table:
    """A line for each point; the verdict in words."""
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


def _own_rows(record: dict[str, Any]) -> Iterator[tuple[tuple[str, int, int], Row]]:
    for regime in OURS:
        for row in own_rows(record["rows"], regime):
            yield (regime, row["images"], row["blocks"]), row


def _change(point: tuple[str, int, int], before: list[float], after: list[float]) -> Change:
    (low, old, high), (new_low, new, new_high) = (
        map(float, np.quantile(values, [0.25, 0.5, 0.75])) for values in (before, after)
    )
    return Change(*point, old, new, apart=new_high < low or high < new_low)
