"""The command line: ``python -m blockmix.bench.scale``."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from blockmix.bench.common import drawing
from blockmix.bench.common.markdown import fill_pages
from blockmix.bench.common.records import load_jsonschema
from blockmix.bench.scale import figures, records, tables
from blockmix.bench.scale.run import run, simulated
from blockmix.support.arguments import new_or_empty


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure how mixing of shards scales.")
    commands = parser.add_subparsers(dest="command", required=True)
    measure = commands.add_parser("measure", help="measure and simulate (ten minutes)")
    measure.add_argument("output", type=Path, help="new or empty folder for record and figure")
    measure.add_argument(
        "--images", type=Path, help="images, one folder a label; default: generated ones"
    )
    again = commands.add_parser("simulate", help="simulate again from a record, and draw it")
    again.add_argument("record", type=Path)
    draw = commands.add_parser("draw", help="draw a record, beside it")
    draw.add_argument("record", type=Path)
    show = commands.add_parser("show", help="put the tables of a record into pages")
    show.add_argument("record", type=Path)
    show.add_argument("pages", type=Path, nargs="+", help="Markdown with marks")
    given = parser.parse_args()
    if given.command == "measure":
        _measure(given.images, given.output)
    elif given.command == "simulate":
        record = records.load(given.record)
        record["simulated"] = simulated(record["mixing"], record["naps"])
        records.save(record, given.record)
        figures.draw(record, given.record.parent)
    elif given.command == "draw":
        figures.draw(records.load(given.record), given.record.parent)
    else:
        fill_pages(given.pages, tables.tables(records.load(given.record)))


def _measure(images: Path | None, output: Path) -> None:
    # Missing libraries are reported now, not after the measurements.
    drawing.load_matplotlib()
    load_jsonschema()
    new_or_empty(output)
    output.mkdir(parents=True, exist_ok=True)
    record = run(images, output)
    records.save(record, output / records.NAME)
    figures.draw(record, output)
    Console(width=200).print("\n".join(tables.tables(record).values()), markup=False)


if __name__ == "__main__":
    main()
