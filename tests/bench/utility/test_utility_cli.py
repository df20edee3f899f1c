"""The command line: the smallest plan in full, and what is refused."""

import json

import pytest
from builders import write_images

from blockmix.bench.utility.plans import PLANS

SMOKE = PLANS["smoke"]


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The output folder of the plan 'smoke' on generated images."""
    pytest.importorskip("torch")
    from blockmix.__main__ import app

    output = tmp_path_factory.mktemp("utility") / "out"
    code = app(
        ["bench", "utility", "--plan", "smoke", "--output", str(output)], standalone_mode=False
    )
    assert not code
    return output


@pytest.fixture
def bench_utility(torch, blockmix):
    return lambda *arguments: blockmix("bench", "utility", *arguments)


def test_smoke(torch, smoke):
    record = json.loads((smoke / "utility.json").read_text())
    first = [row for row in record["rows"] if row["seed"] == 0]
    assert [row["way"] for row in first] == [way.name for way in SMOKE.ways]
    again = {row["way"] for row in record["rows"] if row["seed"] == 1}
    assert SMOKE.ways[0].name in again
    assert again < {way.name for way in SMOKE.ways}
    assert all(way["protection"]["linked"] for way in record["ways"])
    assert len({row["steps"] for row in record["rows"]}) == 1
    assert sorted(path.name for path in smoke.iterdir()) == [
        *("protection.jsonl", "rows.jsonl", "utility.json")
    ]


def test_a_run_that_is_complete_computes_nothing_again(torch, smoke, bench_utility):
    contents = {path.name: path.read_bytes() for path in smoke.iterdir()}
    code, output, errors = bench_utility("--plan", "smoke", "--output", smoke, "--resume")
    assert (code, errors) == (0, "")
    assert "original" in output
    assert "the largest class alone: 50.0% of test images" in output
    assert {path.name: path.read_bytes() for path in smoke.iterdir()} == contents


def test_a_record_can_be_drawn(torch, smoke, blockmix, tmp_path):
    code, output, _ = blockmix("bench", "plot", smoke / "utility.json", "--output", tmp_path)
    assert code == 0
    names = [path.rsplit("/")[-1] for path in output.split()]
    assert names[:2] == ["frontier-small-resnet.png", "frontier-small-resnet.svg"]
    assert names[-2:] == ["learning-small-resnet.png", "learning-small-resnet.svg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--plan", "huge"], "--plan is one of smoke, quick, reduced, augmentation, frontier"),
        (["--plan", "quick"], "the plan quick needs a folder of training images"),
        (["--plan", "smoke", "--budget", "soon"], "--budget is a time such as 90s, 60m or 2h"),
        (["--plan", "smoke", "--seeds", "0"], "--seeds is from 1 to 10000, got 0"),
        (["--plan", "smoke", "--processes", "0"], "--processes is from 1 to 10000, got 0"),
        (["--plan", "smoke", "--device", "cuda"], "this torch finds no CUDA device"),
        (["photos", "--plan", "smoke", "--labels", "absent.csv:sex"], "cannot read absent.csv"),
        (["photos", "--plan", "smoke", "--test-labels", "a.csv:b"], "but no test images"),
        (["photos", "--plan", "smoke"], "but 10 sources need 11: add images, or choose a plan"),
        (["photos", "--plan", "smoke", "--models", "VGG"], "a model is small-resnet, ResNet50"),
    ],
)
def test_what_is_refused(bench_utility, tmp_path, torch, monkeypatch, arguments, message):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    count = 40 if "--models" in arguments else 12
    write_images(tmp_path / "photos", {"cat": count, "dog": count})
    code, _, errors = bench_utility(*arguments, "--output", "out")
    assert (code, errors.count("\n")) == (2, 1)
    assert message in errors
    assert not (tmp_path / "out" / "rows.jsonl").exists()


@pytest.mark.parametrize("name", ["rows.jsonl", "protection.jsonl", "utility.json", ".images"])
def test_results_of_an_earlier_run_are_not_overwritten(bench_utility, tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).touch()
    code, _, errors = bench_utility("--plan", "smoke", "--output", "out")
    assert code == 2
    assert (
        "out holds results of an earlier run: name a new folder, or go on with --resume" in errors
    )


@pytest.mark.parametrize("resume", [[], ["--resume"]])
def test_a_folder_of_something_else_is_not_written_to(bench_utility, tmp_path, resume):
    write_images(tmp_path / "photos", {"cat": 1})
    code, _, errors = bench_utility("--plan", "smoke", "--output", "photos", *resume)
    assert (code, errors) == (2, "blockmix: photos is not an empty folder: name a new one\n")
