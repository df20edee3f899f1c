"""``blockmix plan``, ``status``, and ``mix`` of shards."""

import json
import re
from pathlib import Path

import pytest
from builders import read_tree
from shard_builders import write_set

from blockmix import Key, WorkError, mix_shards
from blockmix.datasets.shards import mix_unit as mix_unit_module
from blockmix.datasets.shards.state import marker_name

COUNTS = [{"cat": 14, "dog": 12}] * 4


@pytest.fixture
def shards(tmp_path):
    return write_set(tmp_path / "set", COUNTS)


@pytest.fixture
def key_file(blockmix):
    assert blockmix("keygen", "my.key")[0] == 0
    return "my.key"


class TestPlan:
    def test_shards(self, blockmix, shards):
        before = read_tree(shards)
        code, output, errors = blockmix("plan", shards, "--block", 8)
        assert (code, errors) == (0, "")
        assert re.search(r"^4 shards, \d+KiB, 104 images of 2 labels$", output, re.M)
        assert re.search(r"^4 units of 1 shard; a worker takes up to 1\d\dMiB$", output, re.M), (
            output
        )
        assert "at least 12 images (label 'dog')" in output
        assert "each 16 x 16, in 2 x 2 = 4 blocks" in output
        assert "expect: " in output
        assert read_tree(shards) == before

    def test_a_pattern_and_units_of_several_shards(self, blockmix, shards):
        code, output, _ = blockmix("plan", f"{shards}/set-*.tar", "--block", 8, "--sources", 20)
        assert code == 0
        assert "2 units of 2 shards" in output

    def test_a_key_gives_the_units_of_its_run(self, blockmix, tmp_path, key_file):
        """With labels so uneven that it depends on the order how many shards a unit has."""
        rng_counts = [{"cat": 4 + shard % 5, "dog": 2 + shard * 7 % 6} for shard in range(16)]
        src = write_set(tmp_path / "uneven", rng_counts)
        options = ["--block", 8, "--key-file", key_file]
        plans = {blockmix("plan", src, *options)[1] for _ in range(4)}
        assert len(plans) == 1
        _, output, _ = blockmix("mix", src, "dst", *options)
        units = json.loads(Path("dst/blockmix.json").read_text())["units"]
        assert f"{units} unit" in plans.pop()
        assert f", {units} unit" in output

    def test_a_folder_of_images(self, blockmix, src):
        code, output, errors = blockmix("plan", src, "--block", 8)
        assert (code, errors) == (0, "")
        assert output.startswith("24 images of 2 labels\n2 cohorts of 12 images\n")

    def test_bad_images_are_counted(self, blockmix, src):
        (src / "cat" / "000.png").write_bytes(b"no image")
        code, output, _ = blockmix("plan", src, "--block", 8, "--sources", 5)
        assert code == 0
        assert output.startswith("23 images of 2 labels; 1 cannot be used\n")

    def test_small_labels(self, blockmix, src):
        code, _, errors = blockmix("plan", src, "--block", 8, "--sources", 30)
        assert code == 2
        assert "--small-classes clamp" in errors
        options = ["--sources", 30, "--small-classes", "clamp"]
        assert blockmix("plan", src, "--block", 8, *options)[0] == 0

    @pytest.mark.parametrize("option", [["--label", "cls"], ["--executor", "processes"]])
    def test_options_of_shards_are_refused_for_folders(self, blockmix, src, option):
        code, _, errors = blockmix("plan", src, *option)
        assert code == 2
        assert "SRC is a folder of images" in errors


class TestMix:
    def test_shards(self, blockmix, shards, key_file):
        options = ["--block", 8, "--key-file", key_file]
        code, output, errors = blockmix("mix", shards, "dst", *options)
        assert (code, errors) == (0, "")
        assert "mixed 104 images of 2 labels in 4 shards, 4 units" in output
        mix_shards(shards, "api", block=8, key=Key.from_file(key_file))
        assert read_tree(Path("dst")) == read_tree(Path("api"))

    def test_by_processes(self, blockmix, shards, src, key_file):
        for source in (shards, src):
            options = ["--block", 8, "--key-file", key_file]
            assert blockmix("mix", source, "one", *options)[0] == 0
            assert blockmix("mix", source, "two", *options, "--executor", "processes:2")[0] == 0
            assert read_tree(Path("one")) == read_tree(Path("two"))
            for name in ("one", "two"):
                Path(name).rename(f"{name}-{source.name}")

    @pytest.mark.parametrize(
        "option", [["--names", "keep"], ["--workers", 2], ["--groups", "a.csv:b"]]
    )
    def test_options_of_folders_are_refused(self, blockmix, shards, option):
        code, _, errors = blockmix("mix", shards, "dst", *option)
        assert code == 2
        assert f"SRC is shards, and {option[0]} is for folders of images: leave it out" in errors

    def test_the_option_of_shards_is_refused_for_a_folder(self, blockmix, src):
        code, _, errors = blockmix("mix", src, "dst", "--label", "cls")
        assert code == 2
        assert "--label is for shards" in errors

    @pytest.mark.parametrize("label", ["CLS", "jpg", "json", "json:"])
    def test_a_label_rule_that_cannot_be_is_wrong_use(self, blockmix, shards, label):
        code, _, errors = blockmix("mix", shards, "dst", "--label", label)
        assert code == 2
        assert "label is the extension of a member" in errors
        assert not Path("dst").exists()

    def test_a_shard_that_is_missing_is_wrong_use(self, blockmix, tmp_path):
        code, _, errors = blockmix("mix", "nope.tar", "dst")
        assert code == 2
        assert "nope.tar cannot be read: there is no such file" in errors


class TestStatus:
    @pytest.fixture
    def unfinished(self, blockmix, shards, key_file, monkeypatch):
        """A run of which one of four units has failed."""
        write = mix_unit_module._Work.write

        def fail(self, samples, names, suffix):
            if self._key == failing:
                raise WorkError("the disk is full")
            return write(self, samples, names, suffix)

        run = []
        with monkeypatch.context() as patch:
            unit_key = mix_unit_module.unit_key

            def note(key, name, number):
                run.append(name)
                return unit_key(key, name, number)

            patch.setattr(mix_unit_module, "unit_key", note)
            blockmix("mix", shards, "whole", "--block", 8, "--key-file", key_file)
        failing = unit_key(Key.from_file(key_file), run[0], 2)
        with monkeypatch.context() as patch:
            patch.setattr(mix_unit_module._Work, "write", fail)
            return blockmix("mix", shards, "dst", "--block", 8, "--key-file", key_file)

    def test_a_failed_run(self, blockmix, unfinished, shards, key_file):
        code, _, errors = unfinished
        assert code == 1
        assert re.search(
            r"1 unit of 4 failed: unit 2 \(.*set-000\d\.tar\): the disk is full", errors
        )
        assert errors.endswith("then pass the same key and --resume\n")
        code, output, _ = blockmix("status", "dst")
        assert code == 0
        assert output.splitlines() == [
            "4 units: 3 done, 1 failed, 0 left",
            "images: 78 of 104",
            "nobody drives it: go on with 'mix --resume'",
            "unit 2 failed: the disk is full",
        ]
        options = ["--block", 8, "--key-file", key_file, "--resume"]
        assert blockmix("mix", shards, "dst", *options)[0] == 0
        assert blockmix("status", "dst")[1] == "complete: 104 images, 4 units\n"
        assert read_tree(Path("dst")) == read_tree(Path("whole"))

    def test_a_file_that_is_not_ours_is_passed_over(self, blockmix, unfinished):
        Path("dst/.blockmix/units/.DS_Store").write_text("")
        Path("dst", marker_name(0)).write_text("")
        assert blockmix("status", "dst")[1].startswith("4 units: 2 done, 1 failed, 1 left\n")

    @pytest.mark.parametrize("content", [None, '{"a": 1}', "[1]", "{"])
    def test_a_folder_without_a_run_is_wrong_use(self, blockmix, tmp_path, content):
        folder = tmp_path / "other"
        folder.mkdir()
        if content is not None:
            (folder / "blockmix.json").write_text(content)
        code, _, errors = blockmix("status", folder)
        assert code == 2
        assert "holds no run on shards" in errors or "blockmix.json is damaged" in errors

    def test_the_result_of_a_folder_is_no_run_on_shards(self, blockmix, src):
        assert blockmix("mix", src, "dst", "--block", 8)[0] == 0
        assert blockmix("status", "dst")[0] == 2
