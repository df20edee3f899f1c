"""Two records compared: what counts as slower, and notes on their differences."""

import copy
import json

import pytest

from blockmix.__main__ import app
from blockmix.bench.curves import compare


def scaled(record, factor, *, spread=0.0):
    """The record with blockmix ``factor`` times as fast."""
    changed = copy.deepcopy(record)
    for row in changed["rows"]:
        if "beside" in row:
            row["seconds"] = row["beside"]["seconds"]
            if row["row"] in ("mix", "mix_folder"):
                swings = [1 + spread * (-1) ** index for index in range(len(row["seconds"]))]
                row["seconds"] = [
                    seconds * swing / factor
                    for seconds, swing in zip(row["seconds"], swings, strict=True)
                ]
    return changed


@pytest.fixture
def run(tmp_path, capsys):
    def run(old, new, *options):
        for name, record in (("old.json", old), ("new.json", new)):
            (tmp_path / name).write_text(json.dumps(record))
        names = [str(tmp_path / "old.json"), str(tmp_path / "new.json")]
        code = app(["bench", "compare", *names, *options], standalone_mode=False)
        return code, capsys.readouterr().out

    return run


def test_the_same_is_no_change(record, run):
    code, text = run(record, record)
    assert not code
    assert "12 points: 0 slower and 0 faster" in text


def test_a_regression_exits_with_3(record, run):
    code, text = run(scaled(record, 1), scaled(record, 0.7))
    assert code == 3
    assert "12 slower and 0 faster" in text
    assert text.count("SLOWER") == 12


def test_a_gain_and_a_small_loss_exit_with_0(record, run):
    code, text = run(scaled(record, 1), scaled(record, 1.5))
    assert not code
    assert "0 slower and 12 faster" in text
    code, text = run(scaled(record, 1), scaled(record, 0.95))
    assert not code
    assert "0 slower and 0 faster" in text
    assert run(scaled(record, 1), scaled(record, 0.95), "--threshold", "0.01")[0] == 3


def test_a_loss_within_the_spread_is_no_regression(record, run):
    code, _ = run(scaled(record, 1, spread=0.5), scaled(record, 0.8, spread=0.5))
    assert not code


def test_a_slower_machine_is_no_regression_unless_asked(record, run):
    slow = copy.deepcopy(record)
    for row in slow["rows"]:
        row["seconds"] = [9 * seconds for seconds in row["seconds"]]
        if "beside" in row:
            row["beside"]["seconds"] = [9 * seconds for seconds in row["beside"]["seconds"]]
    assert not run(record, slow)[0]
    assert run(record, slow, "--absolute")[0] == 3


def test_differences_of_the_machines_are_noted(record, run):
    changed = copy.deepcopy(record)
    changed["machine"]["cpu"] = "Another one"
    changed["machine"]["versions"]["numpy"] = "9.9"
    changed["images"]["count"] += 2
    _, text = run(record, changed)
    assert "Another one now" in text
    assert "9.9 now" in text
    assert "images: not the same in both" in text


def test_records_that_cannot_be_compared(record):
    changed = copy.deepcopy(record)
    for row in changed["rows"]:
        row["images"] += 1
    with pytest.raises(compare.InputError, match="no point in common"):
        compare.compare(record, changed, absolute=False)
    with pytest.raises(compare.InputError, match="got one of cpu and one of cuda"):
        compare.compare(record, record | {"device": "cuda"}, absolute=False)
