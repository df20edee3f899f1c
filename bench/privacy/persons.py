"""Sets with several photographs of a person: mixed with and without groups."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numba
from rich.console import Console
from rich.progress import track

from blockmix import BlockMixer, Key
from blockmix.bench.common import machine
from blockmix.bench.common.blocks import block_size
from blockmix.bench.common.checkout import commit
from blockmix.bench.common.markdown import table
from blockmix.bench.common.paper import SIDE, SOURCES
from blockmix.bench.common.photographs import Photographs
from blockmix.bench.privacy.measuring import BLOCKS, PROBABILITIES
from blockmix.bench.privacy.tables import Report, in_order, interval
from blockmix.privacy import Pair, measure

ENTRIES = ("grid", "parameters", "forecast", "situations", "linkage", "persons", "single_block")


def run(folder: Path) -> dict[str, Any]:
    """Mix ``folder/<person>/*`` as one label, in many ways, and measure by person."""
    revision, started = commit(), time.perf_counter()
    photographs = Photographs.from_folder(folder)
    ways = list(product(BLOCKS, PROBABILITIES, (False, True)))
    return {
        "format": "blockmix bench persons",
        "commit": revision,
        "machine": machine.describe(numba.get_num_threads()),
        "images": photographs.describe(),
        "rows": [
            _row(photographs, *way) for way in track(ways, "ways", console=Console(stderr=True))
        ],
        "seconds": time.perf_counter() - started,
    }


def _row(photographs: Photographs, blocks: int, probability: float, with_groups: bool) -> Report:
    images, persons = photographs.images, photographs.persons
    block, labels = block_size(blocks), [0] * len(images)
    parameters: dict[str, Any] = {"sources": SOURCES, "rounds": 1, "probability": probability}
    mixer = BlockMixer(block=block, key=Key.from_seed(0), **parameters)
    plan = mixer.plan(labels, SIDE, SIDE, groups=persons if with_groups else None)
    pair = Pair.of_arrays(
        images, plan.apply(images), labels, block=block, source_map=plan, groups=persons
    )
    report = measure(pair, sample=len(images), grouped=with_groups, **parameters)
    return {"with_groups": with_groups} | {name: report[name] for name in ENTRIES}


def _beside_forecast(estimate: dict[str, float], forecast: float) -> str:
    """Measurement with its interval / forecast."""
    return f"{interval(estimate)} / {forecast:.3f}"


def tables(rows: list[Report]) -> dict[str, str]:
    """Return the table in Markdown, by the name of its marks."""
    columns: dict[str, Callable[[Report], str]] = {
        "blocks": lambda row: f"{row['grid']['blocks']}",
        "probability": lambda row: f"{row['parameters']['probability']:.3f}",
        "groups": lambda row: "yes" if row["with_groups"] else "no",
        "image found": lambda row: interval(row["linkage"]["jointly"]),
        "person found": lambda row: _beside_forecast(
            row["persons"]["linkage"]["by_most_blocks"], row["forecast"]["persons"]["linked"]
        ),
        "blocks of the person": lambda row: _beside_forecast(
            row["persons"]["own_share"], row["forecast"]["persons"]["own_share"]
        ),
        "person found from one block": lambda row: interval(row["single_block"]["right"]),
    }
    return {"persons": table(columns, in_order(rows))}
