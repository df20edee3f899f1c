"""A record in pages: ``python -m blockmix.bench.utility.pages RECORD PAGE ...``."""

from __future__ import annotations

import argparse
from pathlib import Path

from blockmix.bench.common.markdown import fill_pages
from blockmix.bench.common.records import write
from blockmix.bench.utility import records
from blockmix.bench.utility.costs import costs
from blockmix.bench.utility.tables import tables
from blockmix.forecasting.costs import COSTS


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Put the tables of a record into pages.")
    parser.add_argument("record", type=Path)
    parser.add_argument("pages", type=Path, nargs="+", help="Markdown with marks")
    parser.add_argument(
        "--example", metavar="NAME", help="tell costs in `blockmix advise`, as measured on NAME"
    )
    given = parser.parse_args()
    record = records.load(given.record)
    fill_pages(given.pages, tables(record))
    if given.example:
        write(costs(record, given.example), COSTS)


if __name__ == "__main__":
    main()
