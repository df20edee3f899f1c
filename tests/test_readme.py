"""What the README shows works."""

import json
import re
from pathlib import Path

import pytest

from blockmix import __main__ as door
from blockmix.bench.common.markdown import replace_marked
from blockmix.bench.curves import figures, readme, records
from blockmix.bench.curves.findings import findings
from blockmix.bench.privacy.measuring import ways
from blockmix.bench.privacy.tables import tables

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


ARRAYS, TRAINING = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_example_of_arrays_runs():
    names = {}
    exec(ARRAYS, names)  # noqa: S102
    assert names["mixed"].shape == (500, 192, 192, 3)
    assert (names["mixed"] != names["images"]).any()


def test_the_example_of_training_runs(torch):
    names = {}
    exec(TRAINING, names)  # noqa: S102
    assert torch.isfinite(names["loss"])
    assert names["mixed"].shape == (128, 3, 48, 48)


def test_its_commands_exist():
    makefile = (Path(__file__).parents[1] / "Makefile").read_text()
    for target in re.findall(r"^    make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize(
    "line", re.findall(r"^    blockmix (.*?)(?:  +#.*)?$", README, re.MULTILINE)
)
def test_its_command_lines_parse(line, monkeypatch, tmp_path, capsys):
    """Every shown command line gets past its options, up to the files that are not there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["blockmix", *line.split()])
    with pytest.raises(SystemExit) as stopped:
        door.main()
    errors = capsys.readouterr().err
    assert stopped.value.code in (None, 0) or re.search("photos is not|cannot read ", errors)


def _approximately(value):
    """Nested lists and dicts, but for the last digits of fits, which depend on the processor."""
    if isinstance(value, dict):
        return {key: _approximately(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_approximately(part) for part in value]
    return pytest.approx(value, rel=1e-9) if isinstance(value, float) else value


def test_it_agrees_with_the_committed_record_of_the_curves():
    (committed,) = ROOT.glob("bench/results/*-curves/curves.json")
    record = records.load(committed)
    assert replace_marked(README, readme.table(record)) == README
    assert record["images"]["kind"] == "folder"
    assert not record["quick"]
    assert not record["commit"]["dirty"]
    assert findings(record["rows"]) == _approximately(record["findings"])
    assert f"{committed.parent.relative_to(ROOT)}/figure-15.png" in README
    for name in figures.FIGURES:
        for suffix in figures.SUFFIXES:
            assert (committed.parent / f"{name}{suffix}").stat().st_size > 0
    makefile = (ROOT / "Makefile").read_text()
    assert f"CURVES := {committed.parent.relative_to(ROOT)}\n" in makefile


def test_the_page_on_privacy_agrees_with_the_committed_record():
    (committed,) = ROOT.glob("bench/results/*-privacy.json")
    record = json.loads(committed.read_text())
    text = (ROOT / "blockmix" / "privacy" / "README.md").read_text()
    assert replace_marked(text, tables(record["rows"])) == text
    assert not record["commit"]["dirty"]
    measured = [
        (row["grid"]["blocks"], *list(row["parameters"].values())[1:]) for row in record["rows"]
    ]
    assert measured == list(ways())
    for row in record["rows"]:
        if row["grid"]["blocks"] == 64:
            assert (
                f"{row['situations']['own_kept']:.1%} | {row['linkage']['jointly']['value']:.1%} | "
                f"{row['identity']['rank_1']['value']:.1%} | "
                f"{row['similarity']['ssim']['value']:.2f} |"
            ) in README
    makefile = (ROOT / "Makefile").read_text()
    assert f"PRIVACY := {committed.relative_to(ROOT)}\n" in makefile
