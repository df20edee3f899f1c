"""The tables and figures of pages are those of the committed records."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from blockmix.bench.common.drawing import SUFFIXES
from blockmix.bench.common.markdown import BEGIN, fill
from blockmix.bench.curves import figures, pages, records
from blockmix.bench.curves.findings import findings
from blockmix.bench.privacy import persons, puzzles
from blockmix.bench.privacy.measuring import ways
from blockmix.bench.privacy.tables import tables
from blockmix.bench.scale import projection
from blockmix.bench.scale import records as scale_records
from blockmix.bench.scale import tables as scale_tables
from blockmix.bench.scale.mixing import only_quiet
from blockmix.bench.utility import figures as utility_figures
from blockmix.bench.utility import records as utility_records
from blockmix.bench.utility import tables as utility_tables
from blockmix.bench.utility.costs import costs
from blockmix.bench.utility.results import gather
from blockmix.forecasting.costs import COSTS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def check_tables(page, parts):
    """A page has every part, and each equals what `make pages` would write now."""
    assert fill(page, parts) == page
    for name in parts:
        assert page.count(BEGIN.format(name)) == 1
        assert len(parts[name].splitlines()) >= 5


def approximately(value):
    """Nested lists and dicts, but for the last digits of fits, which depend on the processor."""
    if isinstance(value, dict):
        return {key: approximately(part) for key, part in value.items()}
    if isinstance(value, list):
        return [approximately(part) for part in value]
    return pytest.approx(value, rel=1e-9) if isinstance(value, float) else value


def test_speed_agrees_with_the_committed_record():
    (committed,) = ROOT.glob("bench/results/*-curves/curves.json")
    record = records.load(committed)
    page = (ROOT / "docs" / "speed.md").read_text()
    parts = pages.tables(record)
    check_tables(README, {"speed-overview": parts["speed-overview"]})
    check_tables(page, {"speed": parts["speed"]})
    assert record["images"]["kind"] == "folder"
    assert not record["quick"]
    assert not record["commit"]["dirty"]
    assert findings(record["rows"]) == approximately(record["findings"])
    folder = committed.parent.relative_to(ROOT)
    assert f"](../{folder}/figure-14.png)" in page
    assert f"](../{folder}/figure-15.png)" in page
    for name in figures.FIGURES:
        for suffix in SUFFIXES:
            assert (committed.parent / f"{name}{suffix}").stat().st_size > 0
    assert f"CURVES := {folder}\n" in MAKEFILE


def test_privacy_agrees_with_the_committed_record():
    (committed,) = ROOT.glob("bench/results/*-privacy.json")
    record = json.loads(committed.read_text())
    parts = tables(record["rows"])
    check_tables(README, {"privacy-overview": parts.pop("privacy-overview")})
    check_tables((ROOT / "docs" / "privacy.md").read_text(), parts)
    assert not record["commit"]["dirty"]
    measured = [
        (row["grid"]["blocks"], *list(row["parameters"].values())[1:]) for row in record["rows"]
    ]
    assert measured == list(ways())
    assert f"PRIVACY := {committed.relative_to(ROOT)}\n" in MAKEFILE


def test_puzzles_agree_with_the_committed_record():
    (committed,) = ROOT.glob("bench/results/*-puzzles.json")
    record = json.loads(committed.read_text())
    check_tables((ROOT / "docs" / "privacy.md").read_text(), puzzles.tables(record["rows"]))
    assert not record["commit"]["dirty"]
    assert record["images"]["kind"] == "folder"
    assert f"PUZZLES := {committed.relative_to(ROOT)}\n" in MAKEFILE
    assert (ROOT / "docs" / "puzzles.png").stat().st_size > 0


def test_persons_agree_with_the_committed_record():
    (committed,) = ROOT.glob("bench/results/*-persons.json")
    record = json.loads(committed.read_text())
    check_tables((ROOT / "docs" / "privacy.md").read_text(), persons.tables(record["rows"]))
    assert not record["commit"]["dirty"]
    assert f"PERSONS := {committed.relative_to(ROOT)}\n" in MAKEFILE
    without, with_groups = (
        f"{row['persons']['linkage']['by_most_blocks']['value']:.1%}"
        for row in record["rows"]
        if row["grid"]["blocks"] == 64 and row["parameters"]["probability"] != 0.5
    )
    page = " ".join((ROOT / "docs" / "privacy.md").read_text().split())
    assert f"from {without} to {with_groups} in 64 blocks" in page
    differences = {"linked": 0.0, "own_share": 0.0}
    for row in record["rows"]:
        counted, expected = row["persons"], row["forecast"]["persons"]
        assert expected["grouped"] is row["with_groups"]
        for name, measured in (
            ("linked", counted["linkage"]["by_most_blocks"]),
            ("own_share", counted["own_share"]),
        ):
            assert measured["low"] <= expected[name] <= measured["high"]
            difference = abs(measured["value"] - expected[name])
            differences[name] = max(differences[name], difference)
    assert f"by up to {differences['linked']:.3f} for the person found" in page
    assert f"and {differences['own_share']:.3f} for the blocks of the person" in page


def test_scaling_agrees_with_the_committed_record():
    (committed,) = ROOT.glob("bench/results/*-scale/scale.json")
    record = scale_records.load(committed)
    page = (ROOT / "docs" / "scaling.md").read_text()
    check_tables(page, scale_tables.tables(record))
    assert record["images"]["kind"] == "folder"
    assert not record["commit"]["dirty"]
    folder = committed.parent.relative_to(ROOT)
    assert f"](../{folder}/scale.png)" in page
    assert all((committed.parent / f"scale{suffix}").stat().st_size > 0 for suffix in SUFFIXES)
    assert f"SCALE := {folder}/scale.json\n" in MAKEFILE


def test_what_is_simulated_follows_from_what_was_measured():
    (committed,) = ROOT.glob("bench/results/*-scale/scale.json")
    record = scale_records.load(committed)
    simulated = record["simulated"]
    assert not simulated["commit"]["dirty"]
    mixed = only_quiet(record["mixing"], record["quiet"])
    repeats = simulated["assumptions"]["repeats"]
    assumed = projection.assumptions(mixed, record["naps"], repeats)
    assert approximately(simulated["assumptions"]) == dataclasses.asdict(assumed)
    again = projection.project((1_000_000,), (100,), assumed)
    assert again["scenarios"] == simulated["scenarios"]
    for row in again["rows"]:
        (same,) = (
            known
            for known in simulated["rows"]
            if all(known[name] == row[name] for name in ("scenario", "images", "cores"))
        )
        assert row == approximately(same)


def test_utility_agrees_with_the_committed_records():
    page = (ROOT / "docs" / "utility.md").read_text()
    committed = sorted(ROOT.glob("bench/results/*-utility-*/utility.json"))
    all_records = [utility_records.load(path) for path in committed]
    for path, record in zip(committed, all_records, strict=True):
        parts = utility_tables.tables(record)
        assert fill(page, parts) == page
        beginning = f"utility-{record['plan']['name']}"
        assert page.count(BEGIN.format(f"{beginning}-about")) == 1
        assert page.count(BEGIN.format(f"{beginning}-cost")) == 1
        assert not record["commit"]["dirty"]
        assert path.parent.name.endswith(f"-utility-{record['plan']['name']}")
        drawn = {figure.stem for figure in path.parent.glob("*.png")}
        assert drawn == {figure.stem for figure in path.parent.glob("*.svg")}
        assert drawn == {name for name, _ in utility_figures.figures(record)}
        for name in drawn:
            assert f"](../{path.parent.relative_to(ROOT)}/{name}.png)" in page
    assert json.loads(COSTS.read_text()) == costs(all_records, "FairFace gender")


def test_what_the_text_says_of_costs_is_in_the_tables():
    page = (ROOT / "docs" / "utility.md").read_text()
    marked = re.compile(r"<!-- (\S+): make pages -->.*?<!-- end of \1 -->", re.DOTALL)
    tables = "".join(match[0] for match in marked.finditer(page))
    said = re.findall(r"\d+\.\d ± \d+\.\d", marked.sub("", page))
    assert len(said) > 2
    assert [value for value in said if value not in tables] == []


def test_what_the_readme_says_of_costs_is_in_the_records():
    def results(plan):
        (committed,) = ROOT.glob(f"bench/results/*-utility-{plan}/utility.json")
        record = utility_records.load(committed)
        return committed.parent, record, {result.name: result for result in gather(record)}

    def percent(result):
        return f"{utility_tables.points(result.mean('accuracy'))}%"

    text = " ".join(README.split())
    _, record, reduced = results("reduced")
    assert f"tells gender in {percent(reduced['original'])} of unmixed test images" in text
    assert percent(reduced["64 blocks, 10 sources, 0.5"]) in text
    assert percent(reduced["64 blocks, 10 sources, balanced, 3 rounds"]) in text
    assert f"({record['data']['majority']:.1%} for a guess" in text
    folder, _, frontier = results("frontier")
    few = frontier["256 blocks, 2 sources, balanced"]
    assert f"in 256 blocks keep {percent(few)}, and a third of the images is linked" in text
    assert 0.3 < few.protection("linked")["value"] < 0.36
    assert f"]({folder.relative_to(ROOT)}/frontier-small-resnet.png)" in text


def test_figures_of_the_report_that_are_explained_are_in_its_schema():
    page = (ROOT / "docs" / "privacy.md").read_text()
    (path,) = (ROOT / "blockmix" / "privacy").rglob("schema.json")
    schema = json.loads(path.read_text())
    lines = re.findall(r"^In the report: (.*)$", page, re.MULTILINE)
    names = {name for line in lines for name in re.findall(r"\b(\w+)`", line)}
    assert len(lines) == 15
    assert names <= set(keys(schema))


def keys(value):
    """Every key of nested dicts."""
    if isinstance(value, dict):
        yield from value
        for nested in value.values():
            yield from keys(nested)
