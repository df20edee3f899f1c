"""A record on the screen: running times while they come in, and what they say at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from blockmix.bench.curves.findings import Row, main_rows, own_rows, per_image, running_time, share

TITLES = {
    "files": "Files: seconds to read, resize, mix and write",
    "arrays": "Arrays: seconds to mix, in memory",
}
NOT_TIMED = ""
# Those of all threads of mixing at once count for each of them.
STAGES = ("check", "read", "resize", "draw", "gather", "encode", "write")
TOGETHER = ("draw", "gather")


def times(regime: str, rows: Iterable[Row], blocks: Sequence[int]) -> Table:
    """Running times: a line for each number of images, a column for each number of blocks."""
    first, *others = blocks
    table = plain_table(TITLES[regime], "images", f"{first} blocks", *map(str, others))
    own = own_rows(rows, regime)
    found = {(row["images"], row["blocks"]): running_time(row) for row in own}
    for count in sorted({images for images, _ in found}):
        cells = (found.get((count, number)) for number in blocks)
        table.add_row(
            f"{count:,}", *(NOT_TIMED if cell is None else f"{cell:.3g}" for cell in cells)
        )
    return table


def summary(record: dict[str, Any]) -> Iterator[Table]:
    """What the record says: rates, ratios, stages and fits of each regime."""
    for regime in ("files", "arrays"):
        rows = [row for row in record["rows"] if row["regime"] == regime]
        if rows:
            yield _rates(regime, rows, record["findings"])
            if regime == "files":
                yield _stages(rows, record["machine"]["threads"])
            yield _fits(regime, record["findings"])
            yield _growth(regime, record["findings"])


def _rates(regime: str, rows: list[Row], findings: dict[str, Any]) -> Table:
    own = main_rows(rows, regime)
    found = [ratio for ratio in findings["ratios"] if ratio["regime"] == regime]
    times = {(ratio["row"], ratio["blocks"]): ratio for ratio in found}
    others = list(dict.fromkeys(ratio["row"] for ratio in found))
    beside = "ceiling" if regime == "files" else "copy"
    table = plain_table(
        f"{regime.capitalize()}: rate at {own[0]['images']:,} images; how much longer others take",
        *("blocks", "images/s", f"share of {beside}"),
        # The paper's algorithm has one thread, and is timed on a few images: see the last line.
        *(f"{name} *" if name.startswith("algorithm") else name for name in others),
    )
    for row in own:
        cells = (times.get((other, row["blocks"])) for other in others)
        table.add_row(
            f"{row['blocks']:,}",
            f"{1 / per_image(row):,.0f}",
            f"{share(row) or 0:.2f}",
            *(NOT_TIMED if cell is None else f"{cell['times']:,.3g}x" for cell in cells),
        )
    few = [ratio["timed_images"] for ratio in found if ratio["row"].startswith("algorithm")]
    if few:
        table.caption = f"* on one thread, from the time of {min(few):,} to {max(few):,} images"
        table.caption_justify = "left"
    return table


def _stages(rows: list[Row], threads: int) -> Table:
    """Where the threads were: the time of each stage in that of all of them."""
    own = main_rows(rows, "files")
    title = f"Files: share of the threads' work at {own[0]['images']:,} images"
    table = plain_table(title, "blocks", *STAGES)
    for row in own:
        spent = stage_shares(row, threads)
        table.add_row(str(row["blocks"]), *(f"{100 * spent[name]:.1f} %" for name in STAGES))
    return table


def stage_shares(row: Row, threads: int) -> dict[str, float]:
    """The part that each stage has in the work of all stages: medians over the runs."""
    weights = [threads if stage in TOGETHER else 1 for stage in STAGES]
    runs = np.array([[run[stage] for stage in STAGES] for run in row["stages"]]) * weights
    middle = np.median(runs / runs.sum(axis=1, keepdims=True), axis=0)
    return dict(zip(STAGES, map(float, middle), strict=True))


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
    for grown in findings["growth"]:
        if grown["regime"] == regime:
            table.add_row(
                f"{grown['images']:,}",
                *(f"{blocks:,}" for blocks in grown["blocks"]),
                f"{grown['times']:.2f}",
                f"{grown['exponent']:.3f}",
            )
    return table


def plain_table(title: str, *columns: str) -> Table:
    """A table without lines, its title above it and not broken to its width; columns of numbers."""
    text = Text(f"\n{title}", no_wrap=True, overflow="ignore", style="italic")
    table = Table(title=text, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right")
    return table
