"""``blockmix forecast``, ``advise`` and ``report``, as a user types them."""

import json
import sys

import pytest
from conftest import read_tree, write_images

from blockmix import __main__ as door


@pytest.fixture
def blockmix(monkeypatch, capfd, tmp_path):
    """Run the command line in this process; gives exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["blockmix", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            door.main()
        output, errors = capfd.readouterr()
        return stopped.value.code or 0, output, errors

    return run


@pytest.fixture
def sets(blockmix, tmp_path):
    """Originals, mixed with kept names, and mixed with opaque ones."""
    write_images(tmp_path / "photos", {"cat": 12, "dog": 14}, size=(24, 24))
    for names, folder in (("keep", "mixed"), ("opaque", "opaque")):
        options = ("--block", "6x6", "--names", names, "--quiet")
        assert blockmix("mix", "photos", folder, *options)[0] == 0
    return tmp_path


def test_forecast(blockmix):
    code, output, _ = blockmix("forecast", "--class-size", 1500, "--releases", 3)
    assert code == 0
    assert "50.0% of an image's blocks, at their place" in output
    assert "30.3% erased" in output
    assert "from 3 releases" in output


def test_forecast_as_json_and_balanced(blockmix):
    code, output, _ = blockmix(
        *("forecast", "--class-size", 1500, "--sources", 4, "--probability", "balanced"),
        *("--rounds", 2, "--blocks", 16, "--json"),
    )
    made = json.loads(output)
    assert code == 0
    assert made["probability"] == 0.8
    assert (made["rounds"], made["blocks"], made["releases"]) == (2, 16, 1)


def test_advise(blockmix):
    code, output, _ = blockmix("advise", "--class-size", 1500, "--linked", 0.05, "--blocks", "64")
    assert code == 0
    heading, *lines = output.splitlines()
    assert heading.split()[:4] == ["rounds", "sources", "probability", "blocks"]
    assert all(line.split()[3] == "64" for line in lines)
    code, output, _ = blockmix("advise", "--class-size", 12, "--anonymity-set", 500)
    assert "nothing that was tried reaches that" in output
    code, output, _ = blockmix("advise", "--class-size", 1500, "--linked", 0.05, "--json")
    assert all(one["linked"] <= 0.05 for one in json.loads(output))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("forecast", "--class-size", 1), "class_size is from 2"),
        (("forecast", "--class-size", 9, "--probability", "half"), "or 'balanced', got 'half'"),
        (("advise", "--class-size", 9), "advice needs a target"),
        (
            ("advise", "--class-size", 9, "--linked", 1, "--blocks", "a"),
            "--blocks is whole numbers",
        ),
        (("report", "nowhere", "mixed"), "nowhere is not a folder"),
        (("report", "photos", "photos"), "photos is not a finished result of blockmix"),
        (("report", "photos", "mixed", "--output", "photos"), "photos is not an empty folder"),
        (("report", "photos", "mixed", "--recogniser", "none"), "--recogniser is MODULE:FUNCTION"),
        (("report", "photos", "mixed", "--recogniser", "no_such:f"), "No module named 'no_such'"),
        (("report", "photos", "mixed", "--sample", 0), "sample is from 1"),
    ],
)
def test_wrong_use_is_one_clear_line(blockmix, sets, arguments, message):
    before = read_tree(sets)
    code, _, errors = blockmix(*arguments)
    assert code == 2
    assert message in errors
    assert errors.count("\n") == 1
    assert read_tree(sets) == before


def test_report(blockmix, sets):
    code, output, errors = blockmix("report", "photos", "mixed", "--output", "report")
    assert (code, errors) == (0, "")
    assert "links 100% of the mixed images" in output
    assert sorted(path.name for path in (sets / "report").iterdir()) == [
        "report.html",
        "report.json",
    ]
    made = json.loads((sets / "report" / "report.json").read_text())
    assert made["matched"] == "by name"
    assert made["stored_exactly"] == 1
    assert made["files"] == {
        "files": 26,
        "metadata": 0,
        "kept_names": 26,
        "times": 1,
        "examples": [],
        "cohorts": 2,
        "private": True,
    }
    assert "data:image" not in (sets / "report" / "report.html").read_text()


def test_opaque_names_are_matched_by_content(blockmix, sets):
    code, *_ = blockmix("report", "photos", "opaque", "--output", "report", "--samples")
    assert code == 0
    made = json.loads((sets / "report" / "report.json").read_text())
    assert made["matched"] == "by content"
    assert made["files"]["kept_names"] == 0
    assert "data:image" in (sets / "report" / "report.html").read_text()


def test_a_missed_threshold_exits_with_3(blockmix, sets):
    thresholds = ("--max-linked", 0.5, "--min-anonymity-set", 1.5)
    code, output, _ = blockmix("report", "photos", "mixed", "--output", "report", *thresholds)
    assert code == 3
    assert "MISSED: Whoever holds the originals" in output
    assert "kept: A block hides among 2.0 images" in output
    assert "Misses the threshold" in (sets / "report" / "report.html").read_text()
    code, *_ = blockmix("report", "photos", "mixed", "--output", "again", "--max-linked", 1)
    assert code == 0


def test_a_recogniser_of_the_users(blockmix, sets):
    (sets / "mine.py").write_text(
        "def embed(images):\n    return images.reshape(len(images), -1)[:, :40] - 128.0\n"
    )
    code, *_ = blockmix(
        "report", "photos", "mixed", "--output", "report", "--recogniser", "mine:embed"
    )
    assert code == 0
    made = json.loads((sets / "report" / "report.json").read_text())
    assert made["identity"]["recogniser"] == "the user's"


def test_sets_that_do_not_belong_together(blockmix, sets):
    (sets / "photos" / "cat").rename(sets / "photos" / "bird")
    code, _, errors = blockmix("report", "photos", "mixed")
    assert code == 2
    assert "mixed has a label 'cat' that photos lacks" in errors
    (sets / "photos" / "bird").rename(sets / "photos" / "cat")
    (sets / "photos" / "cat" / "000.png").unlink()
    code, _, errors = blockmix("report", "photos", "mixed")
    assert code == 2
    assert "has no original of its name" in errors


def test_the_key_file_is_of_no_use_to_it(blockmix, sets):
    """A report needs no key, and a set from a seed is called so."""
    options = ("--block", "6x6", "--names", "keep", "--seed", 7, "--quiet")
    assert blockmix("mix", "photos", "seeded", *options)[0] == 0
    assert blockmix("report", "photos", "seeded", "--output", "report")[0] == 0
    page = (sets / "report" / "report.html").read_text()
    assert "mixed with a key from a seed" in page
