"""The tables of a record in pages: ``python -m blockmix.bench.curves.pages RECORD PAGE ...``."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from blockmix.bench.common.markdown import fill_pages
from blockmix.bench.curves import records
from blockmix.bench.curves.findings import Measurement, main_rows, per_image, share
from blockmix.bench.curves.plan import ALGORITHM_1, PILLOW

# The faster of the two ways in which each library is used.
PEERS = {"NumPy": ("numpy", "numpy lines"), "PyTorch": ("torch", "torch lines")}
NOT_MEASURED = "-"
OVERVIEW = (16, 64, 256)  # blocks of the short table


def tables(record: dict[str, Any]) -> dict[str, str]:
    """Every table by the name of its marks: with all numbers of blocks, and with a few."""
    return {"speed": table(record), "speed-overview": table(record, OVERVIEW)}


def table(record: dict[str, Any], chosen: Collection[int] | None = None) -> str:
    """Return a Markdown table with a line for each (chosen) number of blocks, at 5,000 images.

    A record may lack some of it: PyTorch need not be installed, and a run can be of one regime.
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
        "| blocks | files: images/s | of the ceiling | Pillow alone | Algorithm 1 "
        f"| arrays: images/s | of a copy | {' | '.join(PEERS)} |",
        "|---" * (7 + len(PEERS)) + "|",
    ]
    for blocks in sorted({blocks for _, blocks in rows if chosen is None or blocks in chosen}):
        cells = [
            f"{blocks:,}",
            *_rate(rows.get(("files", blocks)), -1),
            _times(ratios.get(("files", PILLOW, blocks)), 1),
            _times(ratios.get(("files", ALGORITHM_1, blocks)), 0),
            *_rate(rows.get(("arrays", blocks)), -2),
            *(
                _times(_smallest(ratios.get(("arrays", name, blocks)) for name in names), 1)
                for names in PEERS.values()
            ),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Put the tables of a record into pages.")
    parser.add_argument("record", type=Path)
    parser.add_argument("pages", type=Path, nargs="+", help="Markdown with marks")
    given = parser.parse_args()
    fill_pages(given.pages, tables(records.load(given.record)))


def _rate(row: Measurement | None, digits: int) -> tuple[str, str]:
    if row is None:
        return NOT_MEASURED, NOT_MEASURED
    reached = share(row)
    return (
        f"{round(1 / per_image(row), digits):,.0f}",
        NOT_MEASURED if reached is None else f"{reached:.2f}",
    )


def _times(times: float | None, digits: int) -> str:
    return NOT_MEASURED if times is None else f"{times:,.{digits}f}x"


def _smallest(values: Iterable[float | None]) -> float | None:
    return min((value for value in values if value is not None), default=None)


if __name__ == "__main__":
    main()
