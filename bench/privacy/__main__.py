"""The command line: ``python -m blockmix.bench.privacy``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from blockmix.bench.common.markdown import fill_pages
from blockmix.bench.privacy import measuring, persons, puzzles, tables
from blockmix.bench.privacy.figures import draw_puzzles
from blockmix.support import atomic

Record = dict[str, Any]


class Kind(NamedTuple):
    """A kind of record: its ``format`` entry, how it is measured, and its tables."""

    format: str
    run: Callable[[Path], Record]
    tables: Callable[[list[dict[str, Any]]], dict[str, str]]
    help: str


KINDS = {  # by the command that measures it
    "measure": Kind(
        "blockmix bench privacy",
        measuring.run,
        tables.tables,
        "report on mixed folders (half an hour)",
    ),
    "puzzles": Kind(
        "blockmix bench puzzles",
        puzzles.run,
        puzzles.tables,
        "put images of the first label together again",
    ),
    "persons": Kind(
        "blockmix bench persons",
        persons.run,
        persons.tables,
        "one folder a person: with and without groups",
    ),
}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Measure the privacy of a folder, mixed in many ways."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, kind in KINDS.items():
        measure = commands.add_parser(name, help=kind.help)
        measure.add_argument("folder", type=Path, help="images, one folder a label")
        measure.add_argument("record", type=Path, help="file to write, as JSON")
    show = commands.add_parser("show", help="put the tables of a record into pages")
    show.add_argument("record", type=Path)
    show.add_argument("pages", type=Path, nargs="+", help="Markdown with marks")
    draw = commands.add_parser("draw", help="draw a record of puzzles")
    draw.add_argument("record", type=Path)
    draw.add_argument("figure", type=Path, help="PNG to write")
    options = parser.parse_args()
    if options.command in KINDS:
        _measure(KINDS[options.command], options.folder, options.record)
        return
    record = json.loads(options.record.read_text(encoding="utf-8"))
    if options.command == "show":
        (kind,) = (kind for kind in KINDS.values() if kind.format == record["format"])
        fill_pages(options.pages, kind.tables(record["rows"]))
    else:
        lossless = [row for row in record["rows"] if row["file_format"] == "png"]
        draw_puzzles(lossless, options.figure)


def _measure(kind: Kind, folder: Path, path: Path) -> None:
    record = kind.run(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(path, json.dumps(record, indent=1) + "\n")
    Console(width=160).print("\n".join(kind.tables(record["rows"]).values()), markup=False)


if __name__ == "__main__":
    main()
