"""A record as a table: ``python -m blockmix.bench.speed.summary build/bench.json``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

Rows = dict[str, dict[str, Any]]  # what time_beside_copy recorded for each row of a case

Column = Callable[[Rows], str]

NOT_TIMED = "-"
WIDTH = 112  # of the widest table, also where the output is no terminal
EXPLANATION = """\
us            median time in microseconds an image; all else comes from pairs with a copy of the
              same bytes, timed in turn
noise         quartiles of the copy's speed beside itself: how far a share may be wrong
share         of the copy's speed, and its quartiles
3/1           time of three rounds, in times of one round
draw          time of the draw, in times of the mix
NumPy, torch  their time, in times of the mix: by indexing blocks, and by taking lines"""


def read(record: dict[str, Any]) -> dict[str, dict[str, Rows]]:
    """Group, case and row of everything that was timed, in the order in which it was."""
    groups: dict[str, dict[str, Rows]] = {}
    for benchmark in record["benchmarks"]:
        timed = benchmark["extra_info"]
        cases = groups.setdefault(timed["group"], {})
        cases.setdefault(timed["case"], {})[timed["row"]] = timed
    return groups


def machine(record: dict[str, Any]) -> str:
    """What was measured, on what: two lines."""
    there, commit = record["machine_info"], record["commit_info"]
    versions = ", ".join(f"{name} {version}" for name, version in there["versions"].items())
    return (
        f"{there['cpu'].get('brand_raw', there['machine'])}, {there['threads']} threads "
        f"({there['threading_layer']}), Python {there['python_version']}\n"
        f"{versions}, commit {commit['id'][:12]}{' with changes' if commit['dirty'] else ''}"
    )


def table(group: str, cases: dict[str, Rows]) -> Table:
    """A line for each case, of the columns that were timed; a dash for a row that was not."""
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
    console.print(machine(record), markup=False, soft_wrap=True)
    for group, cases in read(record).items():
        console.print(table(group, cases))
    console.print(f"\n{EXPLANATION}")


def _cell(column: Column, rows: Rows) -> str:
    try:
        return column(rows)
    except KeyError:
        return NOT_TIMED


def _per_image(row: str) -> Column:
    return lambda rows: f"{1e6 * rows[row]['median_s'] / rows[row]['images']:.2f}"


def _share(row: str) -> Column:
    return lambda rows: f"{rows[row]['share_of_copy']:.2f} ({_spread(row)(rows)})"


def _spread(row: str) -> Column:
    return lambda rows: "-".join(f"{share:.2f}" for share in rows[row]["share_quartiles"])


def _times(row: str, other: str) -> Column:
    """How often the time of the other row goes into that of a row.

    From their shares rather than from their times: each was compared with the copies of its own
    seconds, so that the machine may have changed from one row to the other.
    """
    return lambda rows: f"{rows[other]['share_of_copy'] / rows[row]['share_of_copy']:.2f}"


COLUMNS: dict[str, Column] = {
    "copy\nus": _per_image("copy"),
    "noise": _spread("copy"),
    "mix\nus": _per_image("mix"),
    "mix\nshare": _share("mix"),
    "gather\nshare": _share("gather"),
    "3/1\n": _times("mix rounds=3", "mix"),
    "draw\n": _times("draw", "mix"),
    "NumPy\n": _times("numpy", "mix"),
    "NumPy\nlines": _times("numpy lines", "mix"),
    "torch\n": _times("torch", "mix"),
    "torch\nlines": _times("torch lines", "mix"),
}


if __name__ == "__main__":
    main()
