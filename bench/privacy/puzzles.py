"""How much of an image a puzzle solver puts together again from the mixed set alone."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from PIL import Image
from rich.console import Console
from rich.progress import track

from blockmix import BlockMixer, Key
from blockmix.bench.common import machine
from blockmix.bench.common.blocks import block_size
from blockmix.bench.common.checkout import commit
from blockmix.bench.common.markdown import table
from blockmix.bench.common.originals import from_folder
from blockmix.bench.common.paper import SIDE, SOURCES
from blockmix.bench.privacy.measuring import BLOCKS, PROBABILITIES, ROUNDS
from blockmix.bench.privacy.tables import WAY, Report, in_order, interval
from blockmix.datasets.encode import Encoder
from blockmix.privacy import Pair
from blockmix.privacy.attacks.reassembly import reassembly
from blockmix.support.progress import no_progress

IMAGES = 300  # of one label
GROWN = 100  # images that are put together
FORMATS = ("png", "jpeg")


def run(folder: Path) -> dict[str, Any]:
    """Mix images of the first label in every way, and put some of them together again."""
    revision, started = commit(), time.perf_counter()
    originals = from_folder(folder, 10**6)
    one_label = originals._replace(paths=originals.paths[:: originals.labels][:IMAGES], labels=1)
    with ThreadPoolExecutor() as pool:
        images = one_label.pixels(IMAGES, pool)
    ways = list(product(FORMATS, BLOCKS, ROUNDS, PROBABILITIES))
    return {
        "format": "blockmix bench puzzles",
        "commit": revision,
        "machine": machine.describe(numba.get_num_threads()),
        "images": one_label.describe(),
        "rows": [_row(images, *way) for way in track(ways, "ways", console=Console(stderr=True))],
        "seconds": time.perf_counter() - started,
    }


def _row(
    images: npt.NDArray[np.uint8], format: str, blocks: int, rounds: int, probability: float
) -> Report:
    parameters = {"sources": SOURCES, "rounds": rounds, "probability": probability}
    block, labels = block_size(blocks), [0] * len(images)
    mixer = BlockMixer(
        block=block, sources=SOURCES, rounds=rounds, probability=probability, key=Key.from_seed(0)
    )
    plan = mixer.plan(labels, SIDE, SIDE)
    mixed = plan.apply(images)
    if format == "jpeg":
        mixed = np.stack([_through_jpeg(pixels) for pixels in mixed])
    pair = Pair.of_arrays(images, mixed, labels, block=block, source_map=plan)
    grown = np.random.default_rng(0).permutation(len(images))[:GROWN]
    sources = np.asarray(plan.sources, np.int64)
    return {
        "file_format": format,
        "grid": {"blocks": blocks},
        "parameters": parameters,
        "reassembly": reassembly(pair, sources, grown, 0, no_progress),
    }


def _through_jpeg(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return pixels as blockmix writes them to a JPEG file by default."""
    with tempfile.TemporaryFile(buffering=0) as file:
        Encoder.choose("jpeg", None, all_jpeg=True).save(pixels, file)
        file.seek(0)
        with Image.open(file) as image:
            return np.asarray(image)


def tables(rows: list[Report]) -> dict[str, str]:
    """Return the table of every file format in Markdown, by the name of its marks."""
    return {
        f"puzzles-{format}": _table([row for row in rows if row["file_format"] == format])
        for format in FORMATS
    }


def _table(rows: list[Report]) -> str:
    """Images that are put together again without any original, with 95 % intervals."""
    columns: dict[str, Callable[[Report], str]] = WAY | {
        "still published": lambda row: f"{row['reassembly']['ceiling']:.3f}",
        "right": lambda row: interval(row["reassembly"]["right"]),
        "expected": lambda row: f"{row['reassembly']['expected']:.3f}",
        "wrong": lambda row: interval(row["reassembly"]["wrong"]),
        "right, of what is published": lambda row: interval(row["reassembly"]["of_ceiling"]),
        "neighbours recognised": lambda row: f"{row['reassembly']['right_neighbours']:.3f}",
        "mixed image as it is": lambda row: f"{row['reassembly']['as_published']:.3f}",
        "random blocks": lambda row: f"{row['reassembly']['chance']:.3f}",
    }
    return table(columns, in_order(rows))
