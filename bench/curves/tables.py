"""A record on the screen: running times during a run, and findings at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from blockmix.bench.curves.findings import (
    Measurement,
    blockmix_rows,
    main_rows,
    per_image,
    running_time,
    share,
)

TITLES = {
    "files": "Files: seconds to read, resize, mix and write",
    "arrays": "Arrays: seconds to mix, in memory",
}
NOT_TIMED = ""
STAGES = ("check", "read", "resize", "draw", "gather", "encode", "write")
ON_ALL_THREADS = ("draw", "gather")  # so their seconds count once for each thread


def running_times(regime: str, rows: Iterable[Measurement], blocks: Sequence[int]) -> Table:
    """A line for each number of images, a column for each number of blocks."""
    first, *rest = blocks
    table = plain_table(TITLES[regime], "images", f"{first} blocks", *map(str, rest))
    own_rows = blockmix_rows(rows, regime)
    seconds = {(row["images"], row["blocks"]): running_time(row) for row in own_rows}
    for count in sorted({images for images, _ in seconds}):
        cells = (seconds.get((count, number)) for number in blocks)
        table.add_row(
            f"{count:,}", *(NOT_TIMED if cell is None else f"{cell:.3g}" for cell in cells)
        )
    return table


def summary(record: dict[str, Any]) -> Iterator[Table]:
    """Rates, ratios, stages, fits and growth of each regime."""
    for regime in ("files", "arrays"):
        rows = [row for row in record["rows"] if row["regime"] == regime]
        if rows:
            yield _rates(regime, rows, record["findings"])
            if regime == "files":
                yield _stages(rows, record["machine"]["threads"])
            yield _fits(regime, record["findings"])
            yield _growth(regime, record["findings"])


def _rates(regime: str, rows: list[Measurement], findings: dict[str, Any]) -> Table:
    own_rows = main_rows(rows, regime)
    ratios = [ratio for ratio in findings["ratios"] if ratio["regime"] == regime]
    by_row = {(ratio["row"], ratio["blocks"]): ratio for ratio in ratios}
    names = list(dict.fromkeys(ratio["row"] for ratio in ratios))
    limit = "ceiling" if regime == "files" else "copy"
    title = f"{regime.capitalize()}: rate at {own_rows[0]['images']:,} images"
    table = plain_table(
        f"{title}; how much longer other ways take",
        *("blocks", "images/s", f"share of {limit}"),
        # The caption explains the star.
        *(f"{name} *" if name.startswith("algorithm") else name for name in names),
    )
    for row in own_rows:
        cells = (by_row.get((name, row["blocks"])) for name in names)
        table.add_row(
            f"{row['blocks']:,}",
            f"{1 / per_image(row):,.0f}",
            f"{share(row) or 0:.2f}",
            *(NOT_TIMED if cell is None else f"{cell['times']:,.3g}x" for cell in cells),
        )
    timed = [ratio["timed_images"] for ratio in ratios if ratio["row"].startswith("algorithm")]
    if timed:
        table.caption = f"* on one thread, from the time of {min(timed):,} to {max(timed):,} images"
        table.caption_justify = "left"
    return table


def _stages(rows: list[Measurement], threads: int) -> Table:
    """The share of each stage in the work of all threads."""
    own_rows = main_rows(rows, "files")
    title = f"Files: share of the threads' work at {own_rows[0]['images']:,} images"
    table = plain_table(title, "blocks", *STAGES)
    for row in own_rows:
        shares = stage_shares(row, threads)
        table.add_row(str(row["blocks"]), *(f"{100 * shares[name]:.1f} %" for name in STAGES))
    return table


def stage_shares(row: Measurement, threads: int) -> dict[str, float]:
    """The share of each stage in the work of all stages: medians over the runs."""
    weights = [threads if stage in ON_ALL_THREADS else 1 for stage in STAGES]
    runs = np.array([[run[stage] for stage in STAGES] for run in row["stages"]]) * weights
    medians = np.median(runs / runs.sum(axis=1, keepdims=True), axis=0)
    return dict(zip(STAGES, map(float, medians), strict=True))


def _fits(regime: str, findings: dict[str, Any]) -> Table:
    title = f"{regime.capitalize()}: time = a + b x images"
    table = plain_table(title, "blocks", "a, ms", "b, us an image", "R squared")
    for fit in findings["fits"]:
        if fit["regime"] == regime:
            table.add_row(
                f"{fit['blocks']:,}",
                f"{1e3 * fit['a_seconds']:.1f}",
                f"{1e6 * fit['b_seconds_per_image']:.2f}",
                f"{fit['r2']:.4f}",
            )
    return table


def _growth(regime: str, findings: dict[str, Any]) -> Table:
    title = f"{regime.capitalize()}: growth with the number of blocks"
    table = plain_table(title, "images", "from", "to", "times", "exponent")
    for growth in findings["growth"]:
        if growth["regime"] == regime:
            table.add_row(
                f"{growth['images']:,}",
                *(f"{blocks:,}" for blocks in growth["blocks"]),
                f"{growth['times']:.2f}",
                f"{growth['exponent']:.3f}",
            )
    return table


def plain_table(title: str, *columns: str) -> Table:
    """A table without lines, with columns of numbers; its title may be wider than the table."""
    text = Text(f"\n{title}", no_wrap=True, overflow="ignore", style="italic")
    table = Table(title=text, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right")
    return table
