"""A record as a table: ``python -m blockmix.bench.speed.summary build/bench.json``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

Rows = dict[str, dict[str, Any]]  # the record of time_beside_copy for each row of a case

Column = Callable[[Rows], str]

NOT_TIMED = "-"
WIDTH = 112  # of the widest table, also where output is not a terminal
EXPLANATION = """\
us            median time in microseconds an image; everything else comes from pairs with a copy
              of the same bytes, timed in turns
noise         quartiles of the copy's speed beside itself: how far noise moves a share
share         share of the copy's speed, with quartiles
3/1           time of three rounds / time of one round
draw          time of the draw / time of the mix
NumPy, torch  their time / time of the mix: by indexing blocks, and by taking lines
resize        resizing beside Pillow, in turns: how many times as fast, with quartiles"""


def rows_by_case(record: dict[str, Any]) -> dict[str, dict[str, Rows]]:
    """The rows of every case of every group, in the order of the record."""
    groups: dict[str, dict[str, Rows]] = {}
    for benchmark in record["benchmarks"]:
        row = benchmark["extra_info"]
        cases = groups.setdefault(row["group"], {})
        cases.setdefault(row["case"], {})[row["row"]] = row
    return groups


def machine_lines(record: dict[str, Any]) -> str:
    """Hardware, threads and versions, in two lines."""
    machine, commit = record["machine_info"], record["commit_info"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{machine['cpu'].get('brand_raw', machine['machine'])}, {machine['threads']} threads "
        f"({machine['threading_layer']}), Python {machine['python_version']}\n"
        f"{versions}, commit {commit['id'][:12]}{' with changes' if commit['dirty'] else ''}"
    )


def table(group: str, cases: dict[str, Rows]) -> Table:
    """A line for each case, a column for what was timed in any of them, a dash where it was not."""
    result = Table(title=f"\n{group}", title_justify="left", box=None, pad_edge=False)
    result.add_column("case\n", no_wrap=True)
    cells = {
        name: [_cell(column, rows) for rows in cases.values()] for name, column in COLUMNS.items()
    }
    timed = {name: column for name, column in cells.items() if set(column) != {NOT_TIMED}}
    for name in timed:
        result.add_column(name, justify="right", no_wrap=True)
    for line in zip(cases, *timed.values(), strict=True):
        result.add_row(*line)
    return result


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Show a record of pytest-benchmark as a table.")
    parser.add_argument("record", type=Path, help="what --benchmark-json wrote")
    record = json.loads(parser.parse_args().record.read_text())
    console = Console(width=WIDTH, highlight=False)
    console.print(machine_lines(record), markup=False, soft_wrap=True)
    for group, cases in rows_by_case(record).items():
        console.print(table(group, cases))
    console.print(f"\n{EXPLANATION}")


def _cell(column: Column, rows: Rows) -> str:
    try:
        return column(rows)
    except KeyError:
        return NOT_TIMED


def _per_image(row: str, median: str = "median_s") -> Column:
    return lambda rows: f"{1e6 * rows[row][median] / rows[row]['images']:.2f}"


def _share(row: str) -> Column:
    return lambda rows: f"{rows[row]['share_of_copy']:.2f} ({_spread(row)(rows)})"


def _spread(row: str) -> Column:
    return lambda rows: "-".join(f"{share:.2f}" for share in rows[row]["share_quartiles"])


def _time_ratio(row: str, base: str) -> Column:
    """The time of a row divided by the time of another.

    From their shares of the copy's speed, not from their times, since the machine may have changed
    between the two rows.
    """
    return lambda rows: f"{rows[base]['share_of_copy'] / rows[row]['share_of_copy']:.2f}"


def _times_as_fast(rows: Rows) -> str:
    low, high = rows["resize"]["times_as_fast_quartiles"]
    return f"{rows['resize']['times_as_fast']:.1f} ({low:.1f}-{high:.1f})"


COLUMNS: dict[str, Column] = {
    "copy\nus": _per_image("copy"),
    "noise": _spread("copy"),
    "mix\nus": _per_image("mix"),
    "mix\nshare": _share("mix"),
    "gather\nshare": _share("gather"),
    "3/1\n": _time_ratio("mix rounds=3", "mix"),
    "draw\n": _time_ratio("draw", "mix"),
    "NumPy\n": _time_ratio("numpy", "mix"),
    "NumPy\nlines": _time_ratio("numpy lines", "mix"),
    "torch\n": _time_ratio("torch", "mix"),
    "torch\nlines": _time_ratio("torch lines", "mix"),
    "resize\nus": _per_image("resize"),
    "Pillow\nus": _per_image("resize", "pillow_median_s"),
    "times\nas fast": _times_as_fast,
}


if __name__ == "__main__":
    main()
