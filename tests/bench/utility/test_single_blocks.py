"""How often one block of a grid names its person: the packaged record, and a small run."""

import json
from pathlib import Path

import pytest
from builders import write_images
from PIL import Image

from blockmix import BlockGrid
from blockmix.bench.common import records
from blockmix.bench.common.blocks import block_size
from blockmix.bench.common.paper import SIDE
from blockmix.bench.utility import single_blocks
from blockmix.bench.utility.plans import PLANS

ROOT = Path(__file__).parents[3]


def test_it_agrees_with_the_record_of_persons():
    """Which measures the same photographs, as part of a report."""
    (path,) = ROOT.glob("bench/results/*-persons.json")
    record = json.loads(path.read_text())
    for row in record["rows"]:
        grid = BlockGrid.even(SIDE, SIDE, block_size(row["grid"]["blocks"]))
        right = single_blocks.right(grid.row_edges, grid.col_edges)
        assert right == row["single_block"]["right"]
    packaged = records.read(single_blocks.RECORD)
    assert packaged["images"] == record["images"]


def test_every_grid_of_the_plans_was_measured():
    ways = [way for plan in PLANS.values() for way in plan.ways if way.grid is not None]
    assert len(ways) > 50
    for way in ways:
        assert single_blocks.right(way.grid.row_edges, way.grid.col_edges) is not None, way.name


def test_grids_of_other_sizes_are_the_same_by_their_shares():
    small, large = ([0, side // 2, side] for side in (32, 224))
    assert single_blocks.right(small, small) == single_blocks.right(large, large)
    assert single_blocks.right([0, 31, 64], [0, 64]) is None


def test_a_small_run(tmp_path):
    """A block of somebody whose photographs are equal always finds them; of noise, by chance."""
    folder = write_images(tmp_path / "photos", {f"person{n}": 1 for n in range(12)}, size=(24, 24))
    for first in folder.glob("*/000.png"):
        Image.open(first).save(first.with_name("001.png"))
    grid = BlockGrid((0, SIDE), (0, SIDE))
    record = single_blocks.run(folder, [grid, grid])
    (row,) = record["rows"]
    assert row["right"]["value"] == 1
    assert row["chance"] == pytest.approx(1 / 23)
    assert record["images"]["count"] == 24
    assert "person0" not in str(record)
