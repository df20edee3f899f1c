"""``blockmix forecast``, ``advise`` and ``report``, as a user types them."""

import json
import os
import sys

import jsonschema
import pytest
from builders import read_tree, write_images
from PIL import Image
from privacy_builders import SCHEMA

from blockmix import InputTypeError
from blockmix.privacy import measure_folders


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
    expected = json.loads(output)
    assert code == 0
    assert expected["probability"] == 0.8
    assert (expected["rounds"], expected["blocks"], expected["releases"]) == (2, 16, 1)


def test_forecast_by_person(blockmix):
    arguments = ("forecast", "--class-size", 400, "--probability", "balanced")
    _, output, _ = blockmix(*arguments)
    assert "own person" not in output
    _, output, _ = blockmix(*arguments, "--group-size", 10)
    assert "9.1% of an image's blocks show its person" in output
    _, output, _ = blockmix(*arguments, "--group-size", 10, "--without-groups")
    assert "11.1% of an image's blocks show its person" in output
    _, output, _ = blockmix(*arguments, "--group-size", 10, "--json")
    expected = json.loads(output)
    assert (expected["group_size"], expected["grouped"]) == (10, True)
    assert expected["persons"]["own_share"] == pytest.approx(1 / 11)


def test_forecast_of_another_part(blockmix):
    arguments = ("forecast", "--class-size", 400, "--group-size", 10)
    _, output, _ = blockmix(*arguments)
    assert "0.55 images show at least half of an original" in output
    assert "5.50 images show at least half of a person" in output
    arguments += ("--shown-part", 0.3)
    _, output, _ = blockmix(*arguments)
    assert "1.00 images show at least 30% of an original" in output
    assert "9.99 images show at least 30% of a person" in output
    _, output, _ = blockmix(*arguments, "--json")
    expected = json.loads(output)
    assert expected["shown_part"] == 0.3
    assert expected["images_showing"] == pytest.approx(1.0, abs=0.005)
    assert expected["images_showing_person"] == pytest.approx(10.0, abs=0.05)


def test_advise_for_persons(blockmix):
    arguments = ("advise", "--class-size", 60, "--group-size", 10, "--largest-share", 0.3)
    _, output, _ = blockmix(*arguments, "--blocks", "64", "--json")
    advised = json.loads(output)
    assert {expected["sources"] for expected in advised} == {2, 4, 10, 20, 50}
    assert all(expected["persons"]["largest_share"] <= 0.3 for expected in advised)
    _, output, _ = blockmix(*arguments, "--blocks", "64")
    heading, *rows = output.split("\n\n")[0].splitlines()
    assert "person linked  largest of a person" in heading
    assert len(rows) == len(advised)


def test_advise(blockmix):
    code, output, _ = blockmix("advise", "--class-size", 1500, "--linked", 0.05, "--blocks", "64")
    assert code == 0
    table, explanation = output.split("\n\n")
    heading, *rows = table.splitlines()
    assert heading.split()[:4] == ["rounds", "sources", "probability", "blocks"]
    assert all(row.split()[3] == "64" for row in rows)
    assert "one block: how often it finds its person, as measured on faces (ORL)" in explanation
    code, output, _ = blockmix("advise", "--class-size", 12, "--anonymity-set", 500)
    assert "no parameters that were tried reach this target" in output
    code, output, _ = blockmix(
        "advise", "--class-size", 1500, "--reassembled", 0.2, "--block-recognised", 0.2, "--json"
    )
    assert {expected["blocks"] for expected in json.loads(output)} == {256, 1024}
    code, output, _ = blockmix("advise", "--class-size", 1500, "--linked", 0.05, "--json")
    assert all(expected["linked"] <= 0.05 for expected in json.loads(output))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("forecast", "--class-size", 1), "class_size is from 2"),
        (("forecast", "--class-size", 0, "--probability", "balanced"), "class_size is from 2"),
        (
            ("advise", "--class-size", 9, "--linked", 1, "--blocks", "1000000"),
            "blocks is from 1 to",
        ),
        (("report", "photos", "mixed", "--output", "mine.key/r"), "is no folder that can be"),
        (("forecast", "--class-size", 9, "--probability", "half"), "or 'balanced', got 'half'"),
        (("forecast", "--class-size", 9, "--releases", 0), "releases is from 1"),
        (("advise", "--class-size", 9), "advice needs a target"),
        (
            ("forecast", "--class-size", 9, "--group-size", 9),
            "group_size=9 leaves no image of another person in a class of 9",
        ),
        (
            ("advise", "--class-size", 9, "--group-size", 9, "--linked", 1),
            "group_size=9 leaves no image of another person in a class of 9",
        ),
        (
            ("advise", "--class-size", 9, "--linked", 1, "--blocks", "a"),
            "--blocks is whole numbers",
        ),
        (("report", "nowhere", "mixed"), "nowhere is not a folder"),
        (("report", "photos", "photos"), "photos is not a finished result of blockmix"),
        (("report", "photos", "mixed", "--output", "photos"), "photos is not an empty folder"),
        (("report", "photos", "mixed", "--recogniser", "none"), "--recogniser is MODULE:FUNCTION"),
        (("report", "photos", "mixed", "--recogniser", "no_such:f"), "No module named 'no_such'"),
        (("report", "photos", "mixed", "--recogniser", "broken:f"), "SyntaxError"),
        (("report", "photos", "mixed", "--sample", 0), "sample is from 1"),
        (("report", "photos", "mixed", "--max-linked", 20), "max_linked is a share from 0 to 1"),
        (("report", "photos", "mixed", "--shown-part", 0), "shown_part is a share above 0"),
        (("report", "photos", "mixed", "--output", "mixed/r"), "mixed/r lies inside mixed"),
        (("report", "photos", "mixed", "--output", "photos/r"), "photos/r lies inside photos"),
    ],
)
def test_wrong_use_is_one_clear_line(blockmix, sets, arguments, message):
    (sets / "broken.py").write_text("def f(")
    (sets / "mine.key").touch()
    before = read_tree(sets)
    code, _, errors = blockmix(*arguments)
    assert code == 2
    assert message in errors
    assert errors.count("\n") == 1
    assert read_tree(sets) == before


def test_report(blockmix, sets):
    code, output, errors = blockmix("report", "photos", "mixed", "--output", "report")
    assert (code, errors) == (0, "")
    assert "finds the right one for 100.0% of the mixed images" in output
    assert sorted(path.name for path in (sets / "report").iterdir()) == [
        "report.html",
        "report.json",
    ]
    report = json.loads((sets / "report" / "report.json").read_text())
    assert report["matched"] == "by name"
    assert report["stored_exactly"] == 1
    assert report["files"] == {
        "files": 26,
        "metadata": 0,
        "kept_names": 26,
        "times": 1,
        "examples": [],
        "left_out": 0,
        "cohorts": 2,
        "private": True,
    }
    assert "data:image" not in (sets / "report" / "report.html").read_text()


def test_a_set_that_was_mixed_balanced(blockmix, sets):
    options = ("--block", "6x6", "--names", "keep", "--probability", "balanced", "--sources", 20)
    blockmix("mix", "photos", "even", *options, "--small-classes", "clamp")
    assert blockmix("report", "photos", "even", "--output", "report")[0] == 0
    report = json.loads((sets / "report" / "report.json").read_text())
    assert report["parameters"]["probability"] == "balanced"
    jsonschema.validate(report, SCHEMA)
    own_kept = (12 * 1 / 12 + 14 * 1 / 14) / 26  # 1 / (others + 1) of each label
    assert report["forecast"]["own_kept"] == pytest.approx(own_kept)
    assert "probability balanced." in (sets / "report" / "report.html").read_text()


def test_opaque_names_are_matched_by_content(blockmix, sets):
    code, *_ = blockmix("report", "photos", "opaque", "--output", "report", "--samples")
    assert code == 0
    report = json.loads((sets / "report" / "report.json").read_text())
    assert report["matched"] == "by content"
    assert report["files"]["kept_names"] == 0
    assert "data:image" in (sets / "report" / "report.html").read_text()


OPTIONS = ("--block", "6x6", "--quiet")
# Entries of a report that differ from run to run, and the one that counts kept names.
RUN_ENTRIES = ("releases", "seeds", "seconds", "files")


def without_names(report):
    """A report without what differs from run to run, and without the number of kept names."""
    files = {name: value for name, value in report["files"].items() if name != "kept_names"}
    return {key: value for key, value in report.items() if key not in RUN_ENTRIES} | {
        "files": files
    }


def read_report(folder):
    return json.loads((folder / "report.json").read_text())


@pytest.mark.parametrize(
    ("mix_key", "report_key"),
    [(("--key-file", "my.key"),) * 2, (("--seed", 7), ("--key-seed", 7))],
)
def test_a_key_matches_opaque_names_as_kept_names_do(blockmix, sets, mix_key, report_key):
    blockmix("keygen", "my.key")
    for name in ("broken.png", "a.png"):
        (sets / "photos" / "cat" / name).write_bytes(b"not an image")
    for names, key in (("keep", ()), ("opaque", report_key)):
        options = (*OPTIONS, *mix_key, "--on-error", "skip")
        assert blockmix("mix", "photos", f"of-{names}", "--names", names, *options)[0] == 0
        code, _, errors = blockmix(
            *("report", "photos", f"of-{names}", "--output", f"report-{names}", *key, "--samples"),
            *("--sample", 9, "--max-linked", 1),
        )
        assert (code, errors) == (0, "")
    report, expected = (read_report(sets / f"report-{names}") for names in ("opaque", "keep"))
    assert without_names(report) == without_names(expected)
    assert report["matched"] == "by name"
    assert report["linkage"]["by_blocks"]["value"] > 0.7  # chance: 0.08
    assert report["files"]["kept_names"] == 0
    assert report["files"]["left_out"] == 2
    jsonschema.validate(report, SCHEMA)
    secret = (sets / "my.key").read_text().strip()
    for path in sets.glob("report-*/*"):
        assert secret not in path.read_text()


def test_a_file_that_was_damaged_when_it_was_mixed_and_is_whole_now(blockmix, sets):
    damaged = sets / "photos" / "cat" / "005.png"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:100])
    blockmix("keygen", "my.key")
    options = (*OPTIONS, "--key-file", "my.key", "--on-error", "skip")
    assert blockmix("mix", "photos", "some", *options)[0] == 0
    damaged.write_bytes(content)
    options = ("--output", "report", "--key-file", "my.key")
    assert blockmix("report", "photos", "some", *options)[0] == 0
    report = read_report(sets / "report")
    assert report["labels"] == {"cat": 11, "dog": 14}
    assert report["files"]["left_out"] == 1
    assert report["linkage"]["by_blocks"]["value"] > 0.7  # chance: 0.08


def test_a_wrong_key_is_refused_where_names_were_kept_too(blockmix, sets):
    blockmix("keygen", "other.key")
    code, _, errors = blockmix("report", "photos", "mixed", "--key-file", "other.key")
    assert code == 2
    assert "mixed was not mixed from these originals with this key" in errors
    assert "without a key, images are matched by name" in errors


def test_a_wrong_key(blockmix, sets):
    blockmix("keygen", "other.key")
    secret = (sets / "other.key").read_text().strip()
    for options in (("--key-file", "other.key"), ("--key-seed", 1)):
        code, output, errors = blockmix("report", "photos", "opaque", *options)
        assert code == 2
        assert "opaque was not mixed from these originals with this key" in errors
        assert "give the key of the run that wrote it" in errors
        assert errors.count("\n") == 1
        assert secret not in output + errors
    code, _, errors = blockmix(
        "report", "photos", "opaque", "--key-file", "other.key", "--key-seed", 1
    )
    assert code == 2
    assert "--key-file and --key-seed exclude each other" in errors
    with pytest.raises(InputTypeError, match=r"key is a blockmix\.Key, not str") as caught:
        measure_folders(sets / "photos", sets / "opaque", key=secret)
    assert secret not in str(caught.value)


@pytest.mark.parametrize("change", ["another", "one less", "renamed", "two changed places"])
def test_a_key_and_originals_at_other_positions(blockmix, sets, change):
    assert blockmix("mix", "photos", "seeded", *OPTIONS, "--seed", 7)[0] == 0
    first = sets / "photos" / "cat" / "000.png"
    if change == "another":
        (sets / "photos" / "cat" / "00.png").write_bytes(first.read_bytes())
    elif change == "one less":
        first.unlink()
    else:
        first.rename(first.with_name("zzz.png"))
    if change == "two changed places":
        first.with_name("001.png").rename(first)
        first.with_name("zzz.png").rename(first.with_name("001z.png"))
    code, _, errors = blockmix("report", "photos", "seeded", "--key-seed", 7)
    assert code == 2
    assert "was added, removed or renamed since seeded was mixed" in errors
    assert "give the folder as it was; without a key" in errors


def test_a_threshold_without_a_key_says_the_way_out(blockmix, sets):
    options = ("--output", "report", "--max-linked", 0.5)
    code, output, _ = blockmix("report", "photos", "opaque", *options)
    assert code == 3
    assert "MISSED: Not measured" in output
    assert "give the key of the run (--key-file), or mix with --names keep" in output


def test_a_missed_threshold_exits_with_3(blockmix, sets):
    thresholds = ("--max-linked", 0.5, "--min-anonymity-set", 1.5)
    code, output, _ = blockmix("report", "photos", "mixed", "--output", "report", *thresholds)
    assert code == 3
    assert "MISSED: Whoever holds the originals" in output
    assert "kept: Expected from the parameters: a block hides among 2.0 images" in output
    assert "Misses the threshold" in (sets / "report" / "report.html").read_text()
    code, *_ = blockmix("report", "photos", "mixed", "--output", "again", "--max-linked", 1)
    assert code == 0


def test_persons(blockmix, tmp_path):
    """Every person is in three photographs, which are the same one."""
    people = {"cat/ann": 3, "cat/bob": 3, "cat/cyd": 3, "cat/dan": 3}
    write_images(tmp_path / "photos", people, size=(24, 24))
    rows = ["path,person"]
    for name in people:
        first, *others = sorted((tmp_path / "photos" / name).iterdir())
        for path in others:
            path.write_bytes(first.read_bytes())
        rows += [f"{name}/{path.name},{name}" for path in (first, *others)]
    (tmp_path / "who.csv").write_text("\n".join(rows))
    assert (
        blockmix("mix", "photos", "mixed", "--block", "6x6", "--names", "keep", "--quiet")[0] == 0
    )
    for number, groups in enumerate(("parent", "who.csv:person")):
        folder = tmp_path / f"r{number}"
        options = ("--groups", groups, "--max-block-recognised", 0.5, "--output", folder)
        code, output, _ = blockmix("report", "photos", "mixed", *options)
        assert code == 3
        assert "MISSED: One block alone finds its person in other photographs in 100.0%" in output
        report = read_report(folder)
        jsonschema.validate(report, SCHEMA)
        assert report["single_block"]["persons"] == report["persons"]["persons"] == 4
        assert report["persons"]["chance"] == pytest.approx(3 / 12)
        assert report["single_block"]["chance"] == pytest.approx(2 / 11)
        html = (folder / "report.html").read_text()
        assert "One block finds its person (correlation)" in html
        assert "s recogniser)" not in html
    code, _, errors = blockmix("report", "photos", "mixed", "--groups", "who.csv:name")
    assert code == 2
    assert "and a column 'name', got 'path', 'person'" in errors


def test_a_recogniser_of_the_users_looks_at_single_blocks_of_persons(blockmix, tmp_path):
    write_images(tmp_path / "photos", {"cat/ann": 3, "cat/bob": 3, "cat/cyd": 3}, size=(24, 24))
    (tmp_path / "plain.py").write_text("def embed(images):\n    return images[:, 0, 0] + 1.0\n")
    mixing = ("--block", "6x6", "--sources", 6, "--names", "keep", "--quiet")
    assert blockmix("mix", "photos", "mixed", *mixing)[0] == 0
    options = ("--groups", "parent", "--recogniser", "plain:embed", "--output", "report")
    assert blockmix("report", "photos", "mixed", *options)[0] == 0
    report = read_report(tmp_path / "report")
    jsonschema.validate(report, SCHEMA)
    assert report["single_block"]["by_recogniser"]["cells"] == 9  # one for each photograph
    html = (tmp_path / "report" / "report.html").read_text()
    assert "One block finds its person (the user&#39;s recogniser)" in html


def test_a_recogniser_of_the_users(blockmix, sets):
    (sets / "mine.py").write_text(
        "def embed(images):\n    return images.reshape(len(images), -1)[:, :40] - 128.0\n"
    )
    code, *_ = blockmix(
        "report", "photos", "mixed", "--output", "report", "--recogniser", "mine:embed"
    )
    assert code == 0
    report = json.loads((sets / "report" / "report.json").read_text())
    assert report["identity"]["recogniser"] == "the user's"
    assert report["single_block"] is None  # nobody has said who is in which photograph


def test_sets_that_do_not_belong_together(blockmix, sets):
    (sets / "photos" / "cat").rename(sets / "photos" / "bird")
    code, _, errors = blockmix("report", "photos", "mixed")
    assert code == 2
    assert "mixed has a label 'cat' that photos lacks" in errors
    (sets / "photos" / "bird").rename(sets / "photos" / "cat")
    (sets / "photos" / "cat" / "000.png").unlink()
    code, _, errors = blockmix("report", "photos", "mixed")
    assert code == 2
    assert "label 'cat' has 11 originals that can be read for 12 mixed images" in errors
    code, _, errors = blockmix("report", "photos", "opaque")
    assert code == 2
    assert "label 'cat' has 11 originals" in errors
    (sets / "photos" / "cat" / "other.png").write_bytes(
        (sets / "photos" / "cat" / "001.png").read_bytes()
    )
    code, _, errors = blockmix("report", "photos", "mixed")
    assert code == 2
    assert "label 'cat' has 11 originals" in errors


def test_originals_of_another_set(blockmix, sets):
    write_images(sets / "others", {"cat": 12, "dog": 14}, size=(24, 24), seed=9)
    for mixed in ("mixed", "opaque"):
        code, _, errors = blockmix("report", "others", mixed)
        assert code == 2
        assert "these are not its originals" in errors


def test_mixed_images_that_were_changed(blockmix, sets):
    path = next((sets / "mixed" / "cat").iterdir())
    with Image.open(path) as image:
        image.resize((40, 17)).save(path)
    code, _, errors = blockmix("report", "photos", "mixed")
    assert code == 1
    assert path.name in errors
    path.unlink()
    code, _, errors = blockmix("report", "photos", "mixed")
    assert code == 2
    assert "does not hold the images that its blockmix.json names" in errors


def test_originals_that_were_skipped(blockmix, sets):
    cats = sets / "photos" / "cat"
    (cats / "bad.png").write_bytes(b"not an image")
    os.mkfifo(cats / "pipe.png")
    (sets / "elsewhere.png").write_bytes((cats / "000.png").read_bytes())
    (cats / "link.png").symlink_to(sets / "elsewhere.png")
    options = ("--block", "6x6", "--on-error", "skip", "--quiet")
    for names, folder in (("keep", "some"), ("opaque", "hidden")):
        assert blockmix("mix", "photos", folder, "--names", names, *options)[0] == 0
        assert blockmix("report", "photos", folder, "--output", f"of-{folder}")[0] == 0
        report = json.loads((sets / f"of-{folder}" / "report.json").read_text())
        assert report["labels"] == {"cat": 12, "dog": 14}
        assert report["files"]["left_out"] == 3


def test_labels_in_cohorts(blockmix, tmp_path):
    write_images(tmp_path / "photos", {"cat": 60}, size=(24, 24))
    budget = str(30 * (3 * 24 * 24 * 3 + 8 * 16 + 1024))
    options = ("--block", "6x6", "--names", "keep", "--memory", budget, "--quiet")
    assert blockmix("mix", "photos", "mixed", *options)[0] == 0
    thresholds = ("--min-anonymity-set", 29)
    code, *_ = blockmix("report", "photos", "mixed", "--output", "report", *thresholds)
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["mixed_together"] == {"cat": 30}
    assert report["files"]["cohorts"] == 2
    assert code == 3


RECORD = "mixed/blockmix.json"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 200_000, "not a record that blockmix wrote"),
        ("[]", "not a record that blockmix wrote"),
        ("{}", "it lacks 'grid'"),
        ("not JSON", "not a record that blockmix wrote"),
        (("grid", "row_edges", [0, 10**400]), "an edge of the grid"),
        (("grid", "row_edges", [0, 0, 24]), "not a record that blockmix wrote"),
        (("grid", "col_edges", "wide"), "not a record that blockmix wrote"),
        (("parameters", "probability", "half"), "probability is a number from 0 to 1"),
        (("parameters", "rounds", 1000), "rounds is from 1 to 100, got 1000"),
        (("parameters", "sources", 0), "sources is from 1"),
        (("labels", None, [12, 14]), "not a record that blockmix wrote"),
        (("smallest_cohorts", None, {"cat": "many"}), "a count is a whole number"),
        (("cohorts", None, "many"), "cohorts is a whole number"),
    ],
)
def test_records_that_blockmix_did_not_write(blockmix, sets, text, message):
    if not isinstance(text, str):
        part, name, value = text
        record = json.loads((sets / RECORD).read_text())
        if name is None:
            record[part] = value
        else:
            record[part][name] = value
        text = json.dumps(record)
    (sets / RECORD).write_text(text)
    code, _, errors = blockmix("report", "photos", "mixed")
    assert code == 2
    assert message in errors
    assert errors.startswith("blockmix: ")
    assert errors.count("\n") == 1
    assert not (sets / "blockmix-report").exists()


@pytest.mark.parametrize("missing", ["jinja2", "matplotlib", "skimage"])
def test_a_missing_library_is_reported_before_the_work(blockmix, sets, monkeypatch, missing):
    for name in list(sys.modules):
        if name.split(".")[0] == missing:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    (sets / RECORD).unlink()  # which would be read first
    code, _, errors = blockmix("report", "photos", "mixed")
    assert code == 2
    assert "pip install '.[report]' in a checkout of blockmix" in errors


def test_forecasts_need_the_core_alone(blockmix, monkeypatch):
    for missing in ("jinja2", "matplotlib", "skimage", "scipy"):
        monkeypatch.setitem(sys.modules, missing, None)
    assert blockmix("forecast", "--class-size", 100)[0] == 0
    assert blockmix("advise", "--class-size", 100, "--linked", 0.5)[0] == 0


def test_the_page_of_a_set_mixed_from_a_seed(blockmix, sets):
    options = ("--block", "6x6", "--names", "keep", "--seed", 7, "--quiet")
    assert blockmix("mix", "photos", "seeded", *options)[0] == 0
    assert blockmix("report", "photos", "seeded", "--output", "report")[0] == 0
    page = (sets / "report" / "report.html").read_text()
    assert "mixed with a key from a seed" in page
