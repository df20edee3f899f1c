"""The tables of a record in pages, also of an incomplete one."""

import json
from pathlib import Path

import pytest

from blockmix.bench.curves import pages

ROOT = Path(__file__).parents[3]


def test_a_line_for_each_number_of_blocks(record):
    assert [line.split(" | ")[0] for line in pages.table(record).splitlines()[2:]] == [
        "| 4",
        "| 64",
    ]


def test_a_short_table_has_lines_of_the_whole_one(record):
    whole = pages.table(record).splitlines()
    assert pages.table(record, [64]).splitlines() == [*whole[:2], whole[3]]


@pytest.mark.parametrize(
    ("missing", "cells"),
    [
        ({"numpy"}, set()),
        ({"numpy", "numpy lines"}, {7}),
        ({"torch", "torch lines"}, {8}),
        ({"pillow"}, {3}),
        ({"algorithm 1"}, {4}),
        ({"files"}, {1, 2, 3, 4}),
        ({"arrays"}, {5, 6, 7, 8}),
    ],
    ids=str,
)
def test_a_table_of_an_incomplete_record(missing, cells):
    """It may lack a peer that is not installed, or a regime."""
    (path,) = ROOT.glob("bench/results/*-curves/curves.json")
    record = json.loads(path.read_text())
    whole = pages.table(record)

    def is_kept(row):
        return not missing & {row["row"], row["regime"]}

    record["rows"] = [row for row in record["rows"] if is_kept(row)]
    ratios = [row for row in record["findings"]["ratios"] if is_kept(row)]
    record["findings"]["ratios"] = ratios
    for before, after in zip(whole.splitlines(), pages.table(record).splitlines(), strict=True):
        pairs = list(zip(before[2:-2].split(" | "), after[2:-2].split(" | "), strict=True))
        if before.startswith("| ") and before[2].isdigit():
            assert {column for column, (_, cell) in enumerate(pairs) if cell == "-"} == cells
            if missing != {"numpy"}:  # whose column then shows the other way
                assert all(cell in (old_cell, "-") for old_cell, cell in pairs)
