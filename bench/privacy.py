"""Forecast beside measurement, and Table IV again: ``python -m blockmix.bench.privacy``.

The record holds a whole report (see ``blockmix/privacy/schema.json``) for each way of mixing.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator
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
from blockmix.privacy import Pair, balanced, measure

BLOCKS, ROUNDS, PROBABILITIES = (4, 16, 64, 256), (1, 3), (0.5, balanced(SOURCES))
MOST = 1_000_000  # images of the folder
Row = dict[str, Any]


def ways() -> Iterator[tuple[int, int, float]]:
    """Blocks, rounds and probability: those of Table IV, then all others."""
    defaults = [(blocks, 1, 0.5) for blocks in paper.BLOCKS]
    yield from defaults
    yield from (way for way in product(BLOCKS, ROUNDS, PROBABILITIES) if way not in defaults)


def run(folder: Path, sample: int) -> dict[str, Any]:
    """Mix the images of a folder in every way, and report on each."""
    commit, started = machine.commit(), time.perf_counter()
    originals = from_folder(folder, MOST)
    count = len(originals.paths)
    with ThreadPoolExecutor() as pool:
        images = originals.pixels(count, pool)
    labels = np.arange(count) % originals.labels
    rows = []
    for blocks, rounds, probability in track(list(ways()), "ways", console=Console(stderr=True)):
        mixer = BlockMixer(
            block=block_of(blocks),
            sources=SOURCES,
            rounds=rounds,
            probability=probability,
            key=Key.from_seed(0),
        )
        plan = mixer.plan(labels, SIDE, SIDE)
        pair = Pair.of_arrays(
            images, plan.apply(images), labels, block=block_of(blocks), source_map=plan
        )
        rows.append(
            measure(pair, sources=SOURCES, rounds=rounds, probability=probability, sample=sample)
        )
    return {
        "format": "blockmix bench privacy",
        "commit": commit,
        "machine": machine.describe(numba.get_num_threads()),
        "images": originals.describe(),
        "rows": rows,
        "seconds": time.perf_counter() - started,
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def table_iv(rows: list[Row]) -> str:
    """SSIM against the number of blocks, beside the paper's, in Markdown."""
    lines = ["| blocks | SSIM | 95 % interval | paper, WIKI | paper, CNBC |", "|---" * 5 + "|"]
    for row, wiki, cnbc in zip(rows[: len(paper.BLOCKS)], *paper.TABLE_IV.values(), strict=True):
        ssim = row["similarity"]["ssim"]
        lines.append(
            f"| {row['grid']['blocks']} | {ssim['value']:.3f} | {ssim['low']:.3f} to "
            f"{ssim['high']:.3f} | {wiki:.3f} | {cnbc:.3f} |"
        )
    return "\n".join(lines) + "\n"


def beside_forecast(rows: list[Row]) -> str:
    """What was found / what was forecast, for each way of mixing, in Markdown."""
    lines = [
        "| blocks | rounds | probability | own kept | erased | sources of an image | linked "
        "| recognised | seams (AUC) | reassembled |",
        "|---" * 10 + "|",
    ]
    order = sorted(rows, key=lambda row: (row["parameters"]["rounds"], row["grid"]["blocks"]))
    for row in order:
        if row["grid"]["blocks"] not in BLOCKS:
            continue
        found, made, given = row["situations"], row["forecast"], row["parameters"]
        cells = [
            f"{row['grid']['blocks']}",
            f"{given['rounds']}",
            f"{given['probability']:.3f}",
            f"{found['own_kept']:.4f} / {made['own_kept']:.4f}",
            f"{found['erased']:.4f} / {made['erased']:.4f}",
            f"{found['distinct_sources']:.2f} / {made['distinct_sources']:.2f}",
            f"{row['linkage']['by_blocks']['value']:.4f} / {made['linked']:.4f}",
            f"{row['identity']['rank_1']['value']:.3f}",
            f"{row['seams']['auc']:.3f}",
            f"{row['reassembly']['direct']['value']:.3f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Report on a folder, mixed in many ways.")
    parser.add_argument("folder", type=Path, help="of images, one folder a label")
    parser.add_argument("record", type=Path, help="file to write, as JSON")
    parser.add_argument("--sample", type=int, default=500, help="images that are looked at")
    given = parser.parse_args()
    record = run(given.folder, given.sample)
    given.record.parent.mkdir(parents=True, exist_ok=True)
    given.record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    Console(width=160).print(
        table_iv(record["rows"]), beside_forecast(record["rows"]), sep="\n", markup=False
    )


if __name__ == "__main__":
    main()
