"""Forecast beside measurement, and Table IV again: ``python -m blockmix.bench.privacy``.

``measure FOLDER RECORD`` mixes a folder in many ways and writes a report on each (see
``blockmix/privacy/schema.json``); ``show RECORD PAGE`` puts its tables between the marks of a page.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import numba
import numpy as np
from rich.console import Console
from rich.progress import track

from blockmix import BlockMixer, Key
from blockmix.bench import machine
from blockmix.bench.cases import SOURCES
from blockmix.bench.curves import paper
from blockmix.bench.curves.originals import from_folder
from blockmix.bench.curves.plan import SIDE, block_of
from blockmix.bench.curves.readme import replace
from blockmix.privacy import Pair, balanced, measure
from blockmix.support import atomic

BLOCKS, ROUNDS, PROBABILITIES = (4, 16, 64, 256), (1, 3), (0.5, balanced(SOURCES))
MOST = 1_000_000  # images of the folder
SAMPLE = 500
Row = dict[str, Any]


def ways() -> Iterator[tuple[int, int, float]]:
    """Blocks, rounds and probability: those of Table IV, then all others."""
    defaults = [(blocks, 1, 0.5) for blocks in paper.BLOCKS]
    yield from defaults
    yield from (way for way in product(BLOCKS, ROUNDS, PROBABILITIES) if way not in defaults)


def run(folder: Path) -> dict[str, Any]:
    """Mix the images of a folder in every way, and report on each."""
    commit, started = machine.commit(), time.perf_counter()
    originals = from_folder(folder, MOST)
    count = len(originals.paths)
    with ThreadPoolExecutor() as pool:
        images = originals.pixels(count, pool)
    labels = np.arange(count) % originals.labels
    rows = []
    for blocks, rounds, probability in track(list(ways()), "ways", console=Console(stderr=True)):
        parameters: dict[str, Any] = {
            "sources": SOURCES,
            "rounds": rounds,
            "probability": probability,
        }
        mixer = BlockMixer(block=block_of(blocks), key=Key.from_seed(0), **parameters)
        plan = mixer.plan(labels, SIDE, SIDE)
        pair = Pair.of_arrays(
            images, plan.apply(images), labels, block=block_of(blocks), source_map=plan
        )
        rows.append(measure(pair, sample=SAMPLE, **parameters))
    return {
        "format": "blockmix bench privacy",
        "commit": commit,
        "machine": machine.describe(numba.get_num_threads()),
        "images": originals.describe(),
        "rows": rows,
        "seconds": time.perf_counter() - started,
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def tables(rows: list[Row]) -> str:
    """All tables, in Markdown."""
    return "\n".join([_table_iv(rows), _beside_forecast(rows), _attacks(rows)])


def _table_iv(rows: list[Row]) -> str:
    """SSIM against the number of blocks, beside the paper's."""
    defaults = rows[: len(paper.BLOCKS)]
    wiki, cnbc = (
        dict(zip(paper.BLOCKS, values, strict=True)) for values in paper.TABLE_IV.values()
    )
    columns: dict[str, Callable[[Row], str]] = {
        "blocks": lambda row: f"{row['grid']['blocks']}",
        "SSIM (95 % interval)": lambda row: _interval(row["similarity"]["ssim"]),
        "two different originals": lambda row: f"{row['similarity']['ssim_floor']['value']:.3f}",
        "paper, WIKI": lambda row: f"{wiki[row['grid']['blocks']]:.3f}",
        "paper, CNBC": lambda row: f"{cnbc[row['grid']['blocks']]:.3f}",
    }
    return _markdown(columns, defaults)


def _beside_forecast(rows: list[Row]) -> str:
    """What was found / what was forecast, for each way of mixing."""
    columns = _WAY | {
        "own kept": lambda row: _both(row, "own_kept", 4),
        "erased": lambda row: _both(row, "erased", 4),
        "more than once": lambda row: _both(row, "repeated", 4),
        "sources of an image": lambda row: _both(row, "distinct_sources", 2),
        "linked one by one": lambda row: (
            f"{row['linkage']['by_blocks']['value']:.4f} / {row['forecast']['linked']:.4f}"
        ),
    }
    return _markdown(columns, _in_order(rows))


def _attacks(rows: list[Row]) -> str:
    """What attackers reach, with 95 % intervals."""
    columns = _WAY | {
        "linked all at once": lambda row: _interval(row["linkage"]["jointly"]),
        "linked by pixels": lambda row: _interval(row["linkage"]["by_pixels"]),
        "recognised first": lambda row: _interval(row["identity"]["rank_1"]),
        "seams (AUC)": lambda row: _interval(row["seams"]["auc"]),
        "reassembled": lambda row: _interval(row["reassembly"]["direct"]),
        "as published": lambda row: f"{row['reassembly']['as_published']['direct']:.3f}",
    }
    return _markdown(columns, _in_order(rows))


_WAY: dict[str, Callable[[Row], str]] = {
    "blocks": lambda row: f"{row['grid']['blocks']}",
    "rounds": lambda row: f"{row['parameters']['rounds']}",
    "probability": lambda row: f"{row['parameters']['probability']:.3f}",
}


def _in_order(rows: list[Row]) -> list[Row]:
    """Rows of `BLOCKS`, one way of mixing after another."""
    chosen = [row for row in rows if row["grid"]["blocks"] in BLOCKS]
    return sorted(
        chosen,
        key=lambda row: (
            row["parameters"]["rounds"],
            row["parameters"]["probability"],
            row["grid"]["blocks"],
        ),
    )


def _both(row: Row, name: str, digits: int) -> str:
    return f"{row['situations'][name]:.{digits}f} / {row['forecast'][name]:.{digits}f}"


def _interval(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _markdown(columns: dict[str, Callable[[Row], str]], rows: list[Row]) -> str:
    lines = [list(columns), ["---"] * len(columns)]
    lines += [[cell(row) for cell in columns.values()] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Report on a folder, mixed in many ways.")
    commands = parser.add_subparsers(required=True)
    measuring = commands.add_parser("measure", help="takes half an hour for 6,000 images")
    measuring.add_argument("folder", type=Path, help="of images, one folder a label")
    measuring.add_argument("record", type=Path, help="file to write, as JSON")
    measuring.set_defaults(do=_measure)
    showing = commands.add_parser("show", help="put the tables of a record into a page")
    showing.add_argument("record", type=Path)
    showing.add_argument("page", type=Path, help="Markdown with marks")
    showing.set_defaults(do=_show)
    given = parser.parse_args()
    given.do(given)


def _measure(given: argparse.Namespace) -> None:
    record = run(given.folder)
    given.record.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(given.record, json.dumps(record, indent=1) + "\n")
    Console(width=160).print(tables(record["rows"]), markup=False)


def _show(given: argparse.Namespace) -> None:
    record = json.loads(given.record.read_text(encoding="utf-8"))
    text = replace(given.page.read_text(encoding="utf-8"), tables(record["rows"]))
    given.page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
