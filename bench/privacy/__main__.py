"""The command line: ``python -m blockmix.bench.privacy measure`` or ``show``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console

from blockmix.bench.common.markdown import fill_pages
from blockmix.bench.privacy.figures import draw_puzzles
from blockmix.bench.privacy.measuring import run
from blockmix.bench.privacy.tables import tables
from blockmix.support import atomic


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Measure the privacy of a folder, mixed in many ways."
    )
    commands = parser.add_subparsers(required=True)
    measure = commands.add_parser("measure", help="takes half an hour for 6,000 images")
    measure.add_argument("folder", type=Path, help="images, one folder a label")
    measure.add_argument("record", type=Path, help="file to write, as JSON")
    measure.set_defaults(command=_measure)
    show = commands.add_parser("show", help="put the tables of a record into pages, draw it")
    show.add_argument("record", type=Path)
    show.add_argument("pages", type=Path, nargs="+", help="Markdown with marks")
    show.add_argument("--figure", type=Path, help="PNG to draw: images put together again")
    show.set_defaults(command=_show)
    options = parser.parse_args()
    options.command(options)


def _measure(options: argparse.Namespace) -> None:
    record = run(options.folder)
    options.record.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(options.record, json.dumps(record, indent=1) + "\n")
    Console(width=160).print("\n".join(tables(record["rows"]).values()), markup=False)


def _show(options: argparse.Namespace) -> None:
    record = json.loads(options.record.read_text(encoding="utf-8"))
    fill_pages(options.pages, tables(record["rows"]))
    if options.figure is not None:
        draw_puzzles(record["rows"], options.figure)


if __name__ == "__main__":
    main()
