"""A small run from the command line, and what it writes."""

import io
import json
import platform
import re
import sys
from pathlib import Path

import pytest
from builders import read_tree, write_images
from rich.console import Console

from blockmix import InputError
from blockmix.__main__ import app
from blockmix.bench.common import paper
from blockmix.bench.curves import figures, run
from blockmix.bench.curves.findings import findings
from blockmix.bench.curves.step import Step
from blockmix.commands import bench as bench_commands

ROOT = Path(__file__).parents[3]
NAMES = [f"{name}{suffix}" for name in figures.FIGURES for suffix in (".png", ".svg")]


def bench(*arguments):
    return app(["bench", *map(str, arguments)], standalone_mode=False)


def test_a_run_writes_a_record_and_figures_and_nothing_else(run_folder):
    assert sorted(path.name for path in run_folder.iterdir()) == sorted(["curves.json", *NAMES])
    for name in NAMES:
        data = (run_folder / name).read_bytes()
        assert data.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml")


def test_every_point_is_in_the_record(record):
    points = {(row["row"], row["images"], row["blocks"]) for row in record["rows"]}
    for blocks in (4, 64):
        for images in (22, 24, 30):
            assert {("mix_folder", images, blocks), ("mix", images, blocks)} <= points
        for row in ("pillow", "draw", "gather", "numpy", "numpy lines"):
            assert (row, 30, blocks) in points
        assert {row for row, _, number in points if number == blocks} >= {
            *("algorithm 1", "algorithm 1 cached")
        }
    assert len(points) == len(record["rows"])


def test_rows_name_what_they_were_timed_beside(record):
    for row in record["rows"]:
        if row["row"].startswith("algorithm 1"):
            assert "beside" not in row
        else:
            assert row["beside"]["row"] == ("ceiling" if row["regime"] == "files" else "copy")
            assert len(row["beside"]["seconds"]) == len(row["seconds"])


def test_only_runs_of_files_have_stages(record):
    for row in record["rows"]:
        assert ("stages" in row) == (row["row"] == "mix_folder")
        for stages in row.get("stages", ()):
            assert {"read", "resize", "draw", "gather", "encode", "write"} <= set(stages)
            assert all(seconds > 0 for seconds in stages.values())


def test_findings_follow_from_the_rows(record):
    assert findings(record["rows"]) == record["findings"]
    assert len(record["findings"]["fits"]) == 4
    assert len(record["findings"]["growth"]) == 6


def test_the_record_names_machine_and_versions_but_no_person(record, run_folder):
    machine = record["machine"]
    assert machine["threading_layer"] in ("tbb", "omp", "workqueue")
    assert machine["versions"]["numpy"][0].isdigit()
    assert machine["memory_bytes"] > 2**20
    if (ROOT / ".git").exists():
        assert re.fullmatch("[0-9a-f]{40}", record["commit"]["id"])
    text = (run_folder / "curves.json").read_text()
    for secret in (str(ROOT), str(Path.home()), str(run_folder), platform.node()):
        assert f'"{secret}"' not in text
        assert f"{secret}/" not in text


def test_figures_can_be_drawn_again(run_folder, tmp_path):
    bench("plot", run_folder / "curves.json", "--output", tmp_path / "again")
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == sorted(NAMES)
    for name in NAMES:
        assert (tmp_path / "again" / name).read_bytes() == (run_folder / name).read_bytes()


def test_a_figure_shows_the_papers_points_as_the_papers(run_folder):
    for name in ("figure-14.svg", "figure-15.svg"):
        text = (run_folder / name).read_text()
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
    assert record["left_out"] == ["files of 26 images: there are 24, equally many of each label"]
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
        (["--threads", "9999"], "--threads is from 1 to"),
        (["--device", "cuda"], "no CUDA device"),
    ],
)
def test_mistakes_are_refused_before_anything_is_written(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "devices", list)
    with pytest.raises(InputError, match=message):
        bench("curves", *options)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_empty_is_refused(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(InputError, match="is not an empty folder"):
        bench("curves", "--output", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("library", ["matplotlib", "jsonschema"])
def test_missing_libraries_are_reported_at_the_start(tmp_path, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError, match=r"pip install '\.\[plot\]' in a checkout"):
        bench("curves", "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_can_have_more_images_than_the_papers(tmp_path, monkeypatch):
    monkeypatch.setattr(paper, "MAX_COUNT", 24)
    options = ["--regime", "files", "--counts", "22,30", "--blocks", 4]
    bench("curves", "--output", tmp_path / "out", *options)
    record = json.loads((tmp_path / "out" / "curves.json").read_text())
    assert {row["images"] for row in record["rows"] if row["row"] == "mix_folder"} == {22, 30}


def test_the_table_fills_on_a_terminal(record):
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    rows = [row for row in record["rows"] if row["row"] == "mix_folder"]
    with bench_commands._live_table(console) as progress:
        steps = [Step("files", "mix_folder", row["images"], row["blocks"], 1, 1.0) for row in rows]
        progress.planned(steps)
        for step, row in zip(steps, rows, strict=True):
            progress.started(step)
            progress.measured(step, row)
    shown = console.file.getvalue()
    assert "Files: seconds to read, resize, mix and write" in shown
    assert "files: mix_folder, 30 images, 64 blocks" in shown
    assert "100 %" in shown
