"""The command line, ``python -m blockmix.bench.privacy``: measure, or show a record in pages."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console

from blockmix.bench.common.markdown import fill_pages
from blockmix.bench.privacy.measuring import run
from blockmix.bench.privacy.tables import tables
from blockmix.support import atomic


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Report on a folder, mixed in many ways.")
    commands = parser.add_subparsers(required=True)
    measuring = commands.add_parser("measure", help="takes half an hour for 6,000 images")
    measuring.add_argument("folder", type=Path, help="of images, one folder a label")
    measuring.add_argument("record", type=Path, help="file to write, as JSON")
    measuring.set_defaults(do=_measure)
    showing = commands.add_parser("show", help="put the tables of a record into pages")
    showing.add_argument("record", type=Path)
    showing.add_argument("pages", type=Path, nargs="+", help="Markdown with marks")
    showing.set_defaults(do=_show)
    given = parser.parse_args()
    given.do(given)


def _measure(given: argparse.Namespace) -> None:
    record = run(given.folder)
    given.record.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(given.record, json.dumps(record, indent=1) + "\n")
    Console(width=160).print("\n".join(tables(record["rows"]).values()), markup=False)


def _show(given: argparse.Namespace) -> None:
    record = json.loads(given.record.read_text(encoding="utf-8"))
    fill_pages(given.pages, tables(record["rows"]))


if __name__ == "__main__":
    main()
