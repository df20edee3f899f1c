"""Mix a folder in many ways and report on each: ``blockmix/privacy/report/schema.json``."""

from __future__ import annotations

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
from blockmix.bench.common import machine, paper
from blockmix.bench.common.blocks import block_size
from blockmix.bench.common.checkout import commit
from blockmix.bench.common.originals import from_folder
from blockmix.bench.common.paper import SIDE, SOURCES
from blockmix.privacy import Pair, balanced, measure

BLOCKS, ROUNDS, PROBABILITIES = (4, 16, 64, 256), (1, 3), (paper.PROBABILITY, balanced(SOURCES))
MAX_IMAGES = 1_000_000  # of the folder
SAMPLE = 500


def ways() -> Iterator[tuple[int, int, float]]:
    """Blocks, rounds and probability: the ways of Table IV, then all other ways."""
    table_iv = [(blocks, 1, paper.PROBABILITY) for blocks in paper.BLOCKS]
    yield from table_iv
    yield from (way for way in product(BLOCKS, ROUNDS, PROBABILITIES) if way not in table_iv)


def run(folder: Path) -> dict[str, Any]:
    """Mix the images of a folder in every way, and measure what each gives away."""
    revision, started = commit(), time.perf_counter()
    originals = from_folder(folder, MAX_IMAGES)
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
        mixer = BlockMixer(block=block_size(blocks), key=Key.from_seed(0), **parameters)
        plan = mixer.plan(labels, SIDE, SIDE)
        pair = Pair.of_arrays(
            images, plan.apply(images), labels, block=block_size(blocks), source_map=plan
        )
        rows.append(measure(pair, sample=SAMPLE, **parameters))
    return {
        "format": "blockmix bench privacy",
        "commit": revision,
        "machine": machine.describe(numba.get_num_threads()),
        "images": originals.describe(),
        "rows": rows,
        "seconds": time.perf_counter() - started,
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
