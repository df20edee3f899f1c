"""The tables and figures of pages are those of the committed records."""

import json
import re
from pathlib import Path

import pytest

from blockmix.bench.common.markdown import BEGIN, fill
from blockmix.bench.curves import figures, pages, records
from blockmix.bench.curves.findings import findings
from blockmix.bench.privacy.measuring import ways
from blockmix.bench.privacy.tables import tables

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def check_tables(page, parts):
    """A page has every part, and each is as it would be made now."""
    assert fill(page, parts) == page
    for name in parts:
        assert page.count(BEGIN.format(name)) == 1
        assert len(parts[name].splitlines()) >= 5


def test_speed_agrees_with_the_committed_record():
    (committed,) = ROOT.glob("bench/results/*-curves/curves.json")
    record = records.load(committed)
    page = (ROOT / "docs" / "speed.md").read_text()
    made = pages.tables(record)
    check_tables(README, {"speed-overview": made["speed-overview"]})
    check_tables(page, {"speed": made["speed"]})
    assert record["images"]["kind"] == "folder"
    assert not record["quick"]
    assert not record["commit"]["dirty"]
    derived = findings(record["rows"])
    assert derived.keys() == record["findings"].keys()
    for name, entries in derived.items():
        for entry, published in zip(entries, record["findings"][name], strict=True):
            assert entry.keys() == published.keys()
            for field, value in entry.items():
                expected = published[field]
                if isinstance(expected, float):  # its last digits depend on the processor
                    expected = pytest.approx(expected, rel=1e-9)
                assert value == expected
    folder = committed.parent.relative_to(ROOT)
    assert f"](../{folder}/figure-14.png)" in page
    assert f"](../{folder}/figure-15.png)" in page
    for name in figures.FIGURES:
        for suffix in figures.SUFFIXES:
            assert (committed.parent / f"{name}{suffix}").stat().st_size > 0
    assert f"CURVES := {folder}\n" in MAKEFILE


def test_privacy_agrees_with_the_committed_record():
    (committed,) = ROOT.glob("bench/results/*-privacy.json")
    record = json.loads(committed.read_text())
    made = tables(record["rows"])
    check_tables(README, {"privacy-overview": made.pop("privacy-overview")})
    check_tables((ROOT / "docs" / "privacy.md").read_text(), made)
    assert not record["commit"]["dirty"]
    measured = [
        (row["grid"]["blocks"], *list(row["parameters"].values())[1:]) for row in record["rows"]
    ]
    assert measured == list(ways())
    assert f"PRIVACY := {committed.relative_to(ROOT)}\n" in MAKEFILE


def test_figures_of_the_report_that_are_explained_are_in_its_schema():
    page = (ROOT / "docs" / "privacy.md").read_text()
    schema = json.loads((ROOT / "blockmix" / "privacy" / "report" / "schema.json").read_text())
    lines = re.findall(r"^In the report: (.*)$", page, re.MULTILINE)
    names = {name for line in lines for name in re.findall(r"\b(\w+)`", line)}
    assert len(lines) == 12
    assert names <= set(keys(schema))


def keys(value):
    """Every key of nested dicts."""
    if isinstance(value, dict):
        yield from value
        for nested in value.values():
            yield from keys(nested)
