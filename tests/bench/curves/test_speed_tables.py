"""The tables of a record in pages, also of one that lacks something."""

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
        ({"numpy", "numpy lines"}, {6}),
        ({"torch", "torch lines"}, {7}),
        ({"algorithm 1"}, {3}),
        ({"files"}, {1, 2, 3}),
        ({"arrays"}, {4, 5, 6, 7}),
    ],
    ids=str,
)
def test_a_table_of_a_record_that_lacks_something(missing, cells):
    """Such as a peer that is not installed, or one of the two regimes."""
    (path,) = ROOT.glob("bench/results/*-curves/curves.json")
    record = json.loads(path.read_text())
    whole = pages.table(record)

    def is_there(row):
        return not missing & {row["row"], row["regime"]}

    record["rows"] = [row for row in record["rows"] if is_there(row)]
    ratios = [row for row in record["findings"]["ratios"] if is_there(row)]
    record["findings"]["ratios"] = ratios
    for full, made in zip(whole.splitlines(), pages.table(record).splitlines(), strict=True):
        pairs = list(zip(full[2:-2].split(" | "), made[2:-2].split(" | "), strict=True))
        if full.startswith("| ") and full[2].isdigit():
            assert {at for at, (_, cell) in enumerate(pairs) if cell == "-"} == cells
            if missing != {"numpy"}:  # without the one way, the other counts
                assert all(cell in (before, "-") for before, cell in pairs)
