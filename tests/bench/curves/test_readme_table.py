"""The README's table of a record, also of one that lacks something."""

import json
from pathlib import Path

import pytest

from blockmix.bench.common import markdown
from blockmix.bench.curves import readme

ROOT = Path(__file__).parents[3]


def test_a_table_for_the_readme(record):
    made = readme.table(record)
    assert [line.split(" | ")[0] for line in made.splitlines()[2:]] == ["| 4", "| 64"]
    text = f"before\n{markdown.BEGIN}old\n{markdown.END}after\n"
    assert (
        markdown.replace_marked(text, made)
        == f"before\n{markdown.BEGIN}{made}{markdown.END}after\n"
    )


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
    whole = readme.table(record)

    def is_there(row):
        return not missing & {row["row"], row["regime"]}

    record["rows"] = [row for row in record["rows"] if is_there(row)]
    ratios = [row for row in record["findings"]["ratios"] if is_there(row)]
    record["findings"]["ratios"] = ratios
    for full, made in zip(whole.splitlines(), readme.table(record).splitlines(), strict=True):
        pairs = list(zip(full[2:-2].split(" | "), made[2:-2].split(" | "), strict=True))
        if full.startswith("| ") and full[2].isdigit():
            assert {at for at, (_, cell) in enumerate(pairs) if cell == "-"} == cells
            if missing != {"numpy"}:  # without the one way, the other counts
                assert all(cell in (before, "-") for before, cell in pairs)
