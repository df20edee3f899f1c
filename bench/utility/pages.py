"""A record in pages: ``python -m blockmix.bench.utility.pages RECORD PAGE ...``."""

from __future__ import annotations

import argparse
from pathlib import Path

from blockmix.bench.common.markdown import fill_pages
from blockmix.bench.utility import records
from blockmix.bench.utility.tables import tables


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Put the tables of a record into pages.")
    parser.add_argument("record", type=Path)
    parser.add_argument("pages", type=Path, nargs="+", help="Markdown with marks")
    given = parser.parse_args()
    fill_pages(given.pages, tables(records.load(given.record)))


if __name__ == "__main__":
    main()
