"""The ways of mixing in the record of privacy, and its tables in a page."""

import json
from pathlib import Path

from blockmix.bench.common import markdown, paper
from blockmix.bench.privacy.measuring import ways
from blockmix.bench.privacy.tables import tables

ROOT = Path(__file__).parents[3]


def test_ways_start_with_table_iv_and_differ():
    all_ways = list(ways())
    assert all_ways[: len(paper.BLOCKS)] == [(blocks, 1, 0.5) for blocks in paper.BLOCKS]
    assert len(set(all_ways)) == len(all_ways) == 19


def test_pages_get_the_tables_between_their_marks(run_python, tmp_path):
    (record,) = ROOT.glob("bench/results/*-privacy.json")
    parts = tables(json.loads(record.read_text())["rows"])
    overview, whole = tmp_path / "overview.md", tmp_path / "whole.md"
    empty = "".join(markdown.BEGIN.format(name) + markdown.END.format(name) for name in parts)
    overview.write_text(empty[: empty.index(markdown.BEGIN.format("ssim"))])
    whole.write_text(empty.removeprefix(overview.read_text()))
    run_python("-m", "blockmix.bench.privacy", "show", str(record), str(overview), str(whole))
    assert sum(line.startswith("| blocks |") for line in whole.read_text().splitlines()) == 3
    assert parts["attacks"] in whole.read_text()
    assert parts["privacy-overview"] in overview.read_text()
    assert len(parts["privacy-overview"].splitlines()) == 5
