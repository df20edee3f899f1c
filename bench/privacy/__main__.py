"""The command line: ``python -m blockmix.bench.privacy measure`` or ``show``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console

from blockmix.bench.common.markdown import fill_pages
from blockmix.bench.privacy import measuring, puzzles, tables
from blockmix.bench.privacy.figures import draw_puzzles
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
    show = commands.add_parser("show", help="put the tables of a record into pages")
    show.add_argument("record", type=Path)
    show.add_argument("pages", type=Path, nargs="+", help="Markdown with marks")
    show.set_defaults(command=_show)
    solve = commands.add_parser("puzzles", help="put images of one label together again")
    solve.add_argument("folder", type=Path, help="images, one folder a label")
    solve.add_argument("record", type=Path, help="file to write, as JSON")
    solve.set_defaults(command=_puzzles)
    draw = commands.add_parser("show-puzzles", help="put that record into a page and a picture")
    draw.add_argument("record", type=Path)
    draw.add_argument("page", type=Path, help="Markdown with marks")
    draw.add_argument("figure", type=Path, help="PNG to draw")
    draw.set_defaults(command=_show_puzzles)
    options = parser.parse_args()
    options.command(options)


def _measure(options: argparse.Namespace) -> None:
    record = measuring.run(options.folder)
    _write(options.record, record, tables.tables(record["rows"]))


def _puzzles(options: argparse.Namespace) -> None:
    record = puzzles.run(options.folder)
    _write(options.record, record, puzzles.tables(record["rows"]))


def _write(path: Path, record: dict[str, Any], parts: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(path, json.dumps(record, indent=1) + "\n")
    Console(width=160).print("\n".join(parts.values()), markup=False)


def _show(options: argparse.Namespace) -> None:
    record = json.loads(options.record.read_text(encoding="utf-8"))
    fill_pages(options.pages, tables.tables(record["rows"]))


def _show_puzzles(options: argparse.Namespace) -> None:
    record = json.loads(options.record.read_text(encoding="utf-8"))
    fill_pages([options.page], puzzles.tables(record["rows"]))
    lossless = [row for row in record["rows"] if row["file_format"] == "png"]
    draw_puzzles(lossless, options.figure)


if __name__ == "__main__":
    main()
