"""The record of privacy: which ways of mixing are in it, and its tables in a page."""

import json
from pathlib import Path

from blockmix.bench.common import markdown, paper
from blockmix.bench.privacy.measuring import ways
from blockmix.bench.privacy.tables import tables

ROOT = Path(__file__).parents[3]


def test_ways_begin_with_table_iv_and_differ():
    all_ways = list(ways())
    assert all_ways[: len(paper.BLOCKS)] == [(blocks, 1, 0.5) for blocks in paper.BLOCKS]
    assert len(set(all_ways)) == len(all_ways) == 19


def test_a_page_gets_the_tables_between_its_marks(run_python, tmp_path):
    (record,) = ROOT.glob("bench/results/*-privacy.json")
    page = tmp_path / "page.md"
    page.write_text(f"before\n{markdown.BEGIN}old\n{markdown.END}after\n")
    run_python("-m", "blockmix.bench.privacy", "show", str(record), str(page))
    text = tables(json.loads(record.read_text())["rows"])
    assert page.read_text() == f"before\n{markdown.BEGIN}{text}{markdown.END}after\n"
    assert sum(line.startswith("| blocks |") for line in text.splitlines()) == 3
