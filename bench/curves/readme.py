"""The README's table of a record: ``python -m blockmix.bench.curves.readme RECORD README``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from blockmix.bench.common.markdown import replace_marked
from blockmix.bench.curves import records
from blockmix.bench.curves.findings import Row, main_rows, per_image, share

# The faster of the two ways in which each library is used.
PEERS = {"NumPy": ("numpy", "numpy lines"), "PyTorch": ("torch", "torch lines")}
NOT_MEASURED = "-"


def table(record: dict[str, Any]) -> str:
    """A line for each number of blocks, in Markdown; all of it at 5,000 images.

    A record need not hold everything: there may be no PyTorch on a machine, and a run can be of
    files or arrays alone.
    """
    rows = {
        (regime, row["blocks"]): row
        for regime in ("files", "arrays")
        for row in main_rows(record["rows"], regime)
    }
    ratios = {
        (ratio["regime"], ratio["row"], ratio["blocks"]): ratio["times"]
        for ratio in record["findings"]["ratios"]
    }
    lines = [
        "| blocks | files: images/s | of the ceiling | Algorithm 1 | arrays: images/s | of a copy "
        f"| {' | '.join(PEERS)} |",
        "|---" * (6 + len(PEERS)) + "|",
    ]
    for blocks in sorted({blocks for _, blocks in rows}):
        cells = [
            f"{blocks:,}",
            *_rate(rows.get(("files", blocks)), -1),
            _times(ratios.get(("files", "algorithm 1", blocks)), 0),
            *_rate(rows.get(("arrays", blocks)), -2),
            *(
                _times(_least(ratios.get(("arrays", name, blocks)) for name in names), 1)
                for names in PEERS.values()
            ),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Put the table of a record into the README.")
    parser.add_argument("record", type=Path)
    parser.add_argument("readme", type=Path)
    given = parser.parse_args()
    made = table(records.load(given.record))
    page = given.readme.read_text(encoding="utf-8")
    given.readme.write_text(replace_marked(page, made), encoding="utf-8")


def _rate(row: Row | None, digits: int) -> tuple[str, str]:
    if row is None:
        return NOT_MEASURED, NOT_MEASURED
    reached = share(row)
    return (
        f"{round(1 / per_image(row), digits):,.0f}",
        NOT_MEASURED if reached is None else f"{reached:.2f}",
    )


def _times(times: float | None, digits: int) -> str:
    return NOT_MEASURED if times is None else f"{times:,.{digits}f}x"


def _least(values: Iterable[float | None]) -> float | None:
    return min((value for value in values if value is not None), default=None)


if __name__ == "__main__":
    main()
