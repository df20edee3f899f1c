"""Records in pages: ``python -m blockmix.bench.utility.pages PAGE RECORD ...``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from blockmix.bench.common.markdown import BEGIN, fill_pages
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
        fill_pages([given.page], _wanted(given.page, tables(record)))
    if given.example:
        write(costs(all_records, given.example), COSTS)


def _wanted(page: Path, parts: Mapping[str, str]) -> dict[str, str]:
    """Return the parts that a page has marks for, and what says of a record what was measured.

    So a page need not show every table of every record, but no record can be forgotten.
    """
    text = page.read_text(encoding="utf-8")
    return {
        name: part
        for name, part in parts.items()
        if name.endswith("-about") or BEGIN.format(name) in text
    }


if __name__ == "__main__":
    main()
