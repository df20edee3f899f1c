"""A small run from the command line, and what it writes."""

import copy
import io
import json
import platform
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from builders import read_tree, write_images
from rich.console import Console

from blockmix import InputError
from blockmix.__main__ import app
from blockmix.bench import machine
from blockmix.bench.curves import figures, originals, paper, readme, records, run
from blockmix.bench.curves.findings import findings
from blockmix.bench.curves.plan import FULL, with_numbers
from blockmix.bench.curves.step import Step
from blockmix.commands import bench as bench_commands

ROOT = Path(__file__).parents[2]
NAMES = [f"{name}{suffix}" for name in figures.FIGURES for suffix in (".png", ".svg")]


def bench(*arguments):
    return app(["bench", *map(str, arguments)], standalone_mode=False)


def test_it_writes_a_record_and_figures_and_leaves_nothing_else(measured):
    assert sorted(path.name for path in measured.iterdir()) == sorted(["curves.json", *NAMES])
    for name in NAMES:
        data = (measured / name).read_bytes()
        assert data.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml")


def test_every_point_is_there(record):
    points = {(row["row"], row["images"], row["blocks"]) for row in record["rows"]}
    for blocks in (4, 64):
        for images in (22, 24, 30):
            assert {("mix_folder", images, blocks), ("mix", images, blocks)} <= points
        for row in ("draw", "gather", "numpy", "numpy lines"):
            assert (row, 30, blocks) in points
        assert {row for row, _, number in points if number == blocks} >= {
            *("algorithm 1", "algorithm 1 cached")
        }
    assert len(points) == len(record["rows"])


def test_rows_say_what_they_were_timed_beside(record):
    for row in record["rows"]:
        if row["row"].startswith("algorithm 1"):
            assert "beside" not in row
        else:
            assert row["beside"]["row"] == ("ceiling" if row["regime"] == "files" else "copy")
            assert len(row["beside"]["seconds"]) == len(row["seconds"])


def test_stages_are_in_every_run_of_files_and_in_no_other(record):
    for row in record["rows"]:
        assert ("stages" in row) == (row["row"] == "mix_folder")
        for stages in row.get("stages", ()):
            assert {"read", "resize", "draw", "gather", "encode", "write"} <= set(stages)
            assert all(spent > 0 for spent in stages.values())


def test_findings_follow_from_the_rows(record):
    assert findings(record["rows"]) == record["findings"]
    assert len(record["findings"]["fits"]) == 4
    assert len(record["findings"]["growth"]) == 6


def test_the_record_names_machine_and_versions_but_nobody(record, measured):
    machine = record["machine"]
    assert machine["threading_layer"] in ("tbb", "omp", "workqueue")
    assert machine["versions"]["numpy"][0].isdigit()
    assert machine["memory_bytes"] > 2**20
    if (ROOT / ".git").exists():
        assert re.fullmatch("[0-9a-f]{40}", record["commit"]["id"])
    text = (measured / "curves.json").read_text()
    for secret in (str(ROOT), str(Path.home()), str(measured), platform.node()):
        assert f'"{secret}"' not in text
        assert f"{secret}/" not in text


def test_the_record_keeps_to_the_schema_and_others_do_not(record):
    records.check(record, "it")
    for place, value in (("rows", []), ("seconds", -1), ("device", "tpu"), ("extra", 1)):
        broken = copy.deepcopy(record)
        if place == "rows":
            broken["rows"][0]["seconds"] = value
        else:
            broken[place] = value
        with pytest.raises(InputError, match="it is not a record of blockmix bench"):
            records.check(broken, "it")


def values(schema):
    """Every value that a record can have, with its place."""
    for name, part in schema.get("properties", {}).items():
        inner = part.get("oneOf", [part])[-1].get("items", part.get("oneOf", [part])[-1])
        if "properties" in inner:
            yield from ((f"{name}.{place}", value) for place, value in values(inner))
        else:
            yield name, part


def test_every_value_of_the_schema_is_explained():
    """Whoever reads a record must not have to guess."""
    found = dict(values(json.loads(records.SCHEMA.read_text())))
    assert len(found) > 50
    # An enumeration or a constant explains itself.
    explained = {"description", "enum", "const"}
    assert not {name for name, part in found.items() if not explained & {*part}}


@pytest.mark.parametrize(
    ("content", "message"), [(None, "cannot read"), ("{", "is not JSON"), ("{}", "is not a record")]
)
def test_files_that_are_no_records(tmp_path, content, message):
    path = tmp_path / "record.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message):
        bench("plot", path)


def test_figures_can_be_drawn_again(measured, tmp_path):
    bench("plot", measured / "curves.json", "--output", tmp_path / "again")
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == sorted(NAMES)
    for name in NAMES:
        assert (tmp_path / "again" / name).read_bytes() == (measured / name).read_bytes()


def test_a_figure_shows_the_papers_points_as_the_papers(measured):
    for name in ("figure-14.svg", "figure-15.svg"):
        text = (measured / name).read_text()
        assert "the paper's own, on" in text
        assert "Intel Core i5-8265U" in text
        assert "Files: read, resize, mix, write" in text
        assert "Arrays: mixing alone, in memory" in text


def test_one_regime_on_the_users_images(tmp_path, capsys):
    folder = write_images(tmp_path / "photos", {"a": 12, "b": 12}, suffix=".jpg")
    before = read_tree(folder)
    options = ["--regime", "files", "--counts", "22,24,26", "--blocks", 16, "--threads", 1]
    bench("curves", "--images", folder, "--output", tmp_path / "out", *options)
    assert read_tree(folder) == before
    record = json.loads((tmp_path / "out" / "curves.json").read_text())
    assert {row["regime"] for row in record["rows"]} == {"files"}
    assert record["images"]["kind"] == "folder"
    assert record["machine"]["threads"] == 1
    assert record["left_out"] == ["files of 26 images: there are 24, as many of each label"]
    printed = capsys.readouterr().out
    assert "left out: files of 26 images" in printed
    assert "share of ceiling" in printed
    assert "Arrays" not in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--images", "photos"], "photos is not a folder"),
        (["--counts", "5"], "need 22 images"),
        (["--counts", "many"], "--counts is whole numbers"),
        (["--blocks", "5"], "cannot be cut into 5"),
        (["--threads", "9999"], "threads are from 1 to"),
        (["--device", "cuda"], "no CUDA device"),
    ],
)
def test_mistakes_are_told_before_anything_is_made(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "devices", list)
    with pytest.raises(InputError, match=message):
        bench("curves", *options)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(InputError, match="is not an empty folder"):
        bench("curves", "--output", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("library", ["matplotlib", "jsonschema"])
def test_missing_libraries_are_told_at_once(tmp_path, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError, match=r"pip install 'blockmix\[plot\]'"):
        bench("curves", "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def what_can_be_done(regimes, pictures=None, counts=(500, 1000, 2000)):
    plan = with_numbers(FULL, counts, None)
    return run.what_can_be_done(regimes, plan, pictures, "cpu", ROOT)


def test_what_does_not_fit_into_memory_is_left_out(monkeypatch):
    monkeypatch.setattr(run.machine, "free_memory", lambda: 2 * 1000 * run.IMAGE_BYTES / 0.6 + 9)
    pictures = originals.Originals([], 2, "generated")
    plan, left_out = what_can_be_done(("arrays",), pictures)
    assert plan.array_counts == (500, 1000)
    assert len(left_out) == 1
    assert left_out[0].startswith("arrays of 2000 images")
    with pytest.raises(InputError, match="give fewer --counts"):
        what_can_be_done(("arrays",), pictures, counts=(1001,))


def test_files_of_which_there_are_too_few():
    pictures = originals.Originals([Path(__file__)] * 600, 2, "folder")
    plan, left_out = what_can_be_done(("files",), pictures)
    assert plan.file_counts == (500,)
    assert left_out[0] == "files of 1000 images: there are 600, as many of each label"
    with pytest.raises(InputError, match="but there are 600"):
        what_can_be_done(("files",), pictures, counts=(1000,))
    many = originals.Originals([Path(__file__)] * 600, 50, "folder")
    with pytest.raises(InputError, match="50 labels with 10 sources need 550 images"):
        what_can_be_done(("files",), many)


def test_a_disk_that_is_too_small_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(run.shutil, "disk_usage", lambda path: SimpleNamespace(free=10**6))
    with pytest.raises(InputError, match="need up to"):
        run.check_disk(FULL, originals.Originals([Path(__file__)], 1, "folder"), tmp_path)


def test_memory_is_that_of_the_container(monkeypatch, tmp_path):
    free = machine.free_memory()
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    (tmp_path / "memory.current").write_text("1000")
    (tmp_path / "memory.max").write_text("max")
    assert machine.free_memory() > free / 2
    (tmp_path / "memory.max").write_text("5000")
    assert machine.free_memory() == 4000


def test_more_images_than_the_papers_can_be_timed_as_files(tmp_path, monkeypatch):
    monkeypatch.setattr(paper, "MOST", 24)
    options = ["--regime", "files", "--counts", "22,30", "--blocks", 4]
    bench("curves", "--output", tmp_path / "out", *options)
    record = json.loads((tmp_path / "out" / "curves.json").read_text())
    assert {row["images"] for row in record["rows"] if row["row"] == "mix_folder"} == {22, 30}


def test_the_table_fills_on_a_terminal(record):
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    rows = [row for row in record["rows"] if row["row"] == "mix_folder"]
    with bench_commands._running_table(console) as watcher:
        steps = [Step("files", "mix_folder", row["images"], row["blocks"], 1, 1.0) for row in rows]
        watcher.planned(steps)
        for step, row in zip(steps, rows, strict=True):
            watcher.begun(step)
            watcher.measured(step, row)
    shown = console.file.getvalue()
    assert "Files: seconds to read, resize, mix and write" in shown
    assert "files: mix_folder, 30 images, 64 blocks" in shown
    assert "100 %" in shown


def test_a_table_for_the_readme(record):
    made = readme.table(record)
    assert [line.split(" | ")[0] for line in made.splitlines()[2:]] == ["| 4", "| 64"]
    text = f"before\n{readme.BEGIN}old\n{readme.END}after\n"
    assert readme.replace(text, made) == f"before\n{readme.BEGIN}{made}{readme.END}after\n"


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
