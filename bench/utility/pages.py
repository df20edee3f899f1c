"""Records in pages: ``python -m blockmix.bench.utility.pages PAGE RECORD ...``."""

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
    parser = argparse.ArgumentParser(description="Put the tables of records into a page.")
    parser.add_argument("page", type=Path, help="Markdown with marks")
    parser.add_argument("records", type=Path, nargs="+")
    parser.add_argument(
        "--example",
        metavar="NAME",
        help="write the costs that `blockmix advise` shows, as measured on NAME",
    )
    given = parser.parse_args()
    all_records = [records.load(path) for path in given.records]
    for record in all_records:
        fill_pages([given.page], tables(record))
    if given.example:
        write(costs(all_records, given.example), COSTS)


if __name__ == "__main__":
    main()
