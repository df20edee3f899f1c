"""How often one block of a grid names its person, measured on photographs of persons.

Sets for classifiers seldom say who is in an image, so this is measured on another set, once, for
every grid: ``python -m blockmix.bench.utility.single_blocks FOLDER`` writes ``single_blocks.json``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numba
from rich.console import Console
from rich.progress import track

from blockmix import BlockGrid
from blockmix.bench.common import machine, records
from blockmix.bench.common.checkout import commit
from blockmix.bench.common.paper import SIDE
from blockmix.bench.common.photographs import Photographs
from blockmix.bench.utility.plans import PLANS
from blockmix.privacy import Pair
from blockmix.privacy.measures.single_block import single_block
from blockmix.privacy.measures.statistics import Estimate

RECORD = Path(__file__).with_name("single_blocks.json")
PARTS = (1, 2, 4, 8, 16, 32)  # of an image, along its height and its width
MOST_BLOCKS = 256

Edges = tuple[Fraction, ...]  # as shares of the side


def grids() -> Iterator[BlockGrid]:
    """Even grids of up to 256 blocks, among them the paper's, and the uneven ones of all plans."""
    for rows, cols in product(PARTS, PARTS):
        if rows * cols <= MOST_BLOCKS:
            yield BlockGrid.even(SIDE, SIDE, (SIDE // rows, SIDE // cols))
    for plan in PLANS.values():
        yield from (
            BlockGrid(*(_scaled(edges) for edges in (way.grid.row_edges, way.grid.col_edges)))
            for way in plan.ways
            if way.grid is not None and way.block is None
        )


def _scaled(edges: Sequence[int]) -> list[int]:
    """Edges in an image of the size that is measured; plans take sizes that divide it."""
    return [edge * SIDE // edges[-1] for edge in edges]


def run(folder: Path, measured_grids: Iterable[BlockGrid]) -> dict[str, Any]:
    """Measure one random block of each photograph in ``folder/<person>/*``, for each grid."""
    photographs = Photographs.from_folder(folder)
    return {
        "format": "blockmix bench single blocks",
        "commit": commit(),
        "machine": machine.describe(numba.get_num_threads()),
        "images": photographs.describe(),
        "rows": [
            _row(photographs, grid)
            for grid in track(
                list(dict.fromkeys(measured_grids)), "grids", console=Console(stderr=True)
            )
        ],
    }


def _row(photographs: Photographs, grid: BlockGrid) -> dict[str, Any]:
    images = photographs.images
    pair = Pair.of_arrays(images, images, [0] * len(images), block=grid, groups=photographs.persons)
    found = single_block(pair, sample=len(images), seed=0)
    assert found is not None, "there are groups"
    return {
        "row_edges": list(grid.row_edges),
        "col_edges": list(grid.col_edges),
        "blocks": grid.blocks,
        "right": found["right"],
        "chance": found["chance"],
    }


def right(row_edges: Sequence[int], col_edges: Sequence[int]) -> Estimate | None:
    """How often one block of a grid names its person; None if that grid was not measured.

    Grids of images of different sizes are the same if their edges are at the same shares of height
    and width.

    Examples
    --------
    >>> right([0, 32, 64], [0, 32, 64])["value"]
    0.82
    """
    return _measured(RECORD).get((_shares(row_edges), _shares(col_edges)))


@cache
def _measured(path: Path) -> dict[tuple[Edges, Edges], Estimate]:
    return {
        (_shares(row["row_edges"]), _shares(row["col_edges"])): row["right"]
        for row in records.read(path)["rows"]
    }


def _shares(edges: Sequence[int]) -> Edges:
    return tuple(Fraction(edge, edges[-1]) for edge in edges)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure what single blocks show of a person.")
    parser.add_argument("folder", type=Path, help="photographs, one folder a person")
    records.write(run(parser.parse_args().folder, grids()), RECORD)


if __name__ == "__main__":
    main()
