"""How the command line ends: one line whatever happens, and an exit code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from builders import COMMAND, read_tree

from blockmix import Key, __version__, mix_folder

WRONG = [
    (["mix"], "Missing argument 'SRC'"),
    (["mix", "src"], "Missing argument 'DST'"),
    (["mix", "nowhere", "dst"], "nowhere is not a folder"),
    (["mix", "", "dst"], "src is the path of a folder, got ''"),
    (["mix", "src", ""], "dst is the path of a folder, got ''"),
    (
        ["mix", "src", "dst", "--overwrite", "--resume", "--seed", 1],
        "--overwrite starts anew",
    ),
    (["mix", "src", "dst", "--size", "big"], "size is written HEIGHTxWIDTH"),
    (["mix", "src", "dst", "--block", "0x8"], "each at least one pixel"),
    (["mix", "src", "dst", "--block", "24x24"], "larger than the image height 16"),
    (["mix", "src", "dst", "--sources", "ten"], "should be a valid integer"),
    (["mix", "src", "dst", "--sources", "0"], "sources is from 1 to 255"),
    (["mix", "src", "dst", "--sources", "12", "--block", "8"], "needs at least 13"),
    (["mix", "src", "dst", "--probability", "nan"], "probability is from 0 to 1"),
    (["mix", "src", "dst", "--probability", "half"], "or 'balanced', got 'half'"),
    (["mix", "src", "dst", "--format", "gif"], "'gif' is not one of"),
    (["mix", "src", "dst", "--seed", "1", "--key-file", "k"], "exclude each other"),
    (["mix", "src", "dst", "--key-file", "nowhere.key"], "cannot read the key file nowhere.key"),
    (["mix", "src", "dst", "--key-file", "src/cat/000.png"], "is not a key file"),
    (["mix", "src", "dst", "--resume"], "--resume needs the key"),
    (["mix", "src", "src/dst"], "lie inside each other"),
    (["mix", "src", "."], "lie inside each other"),
    (["mix", "src", "dst", "--key", "00"], "No such option"),
    (["keygen"], "Missing argument 'FILE'"),
    (["keygen", "src/cat/000.png"], "a key is never overwritten"),
    (["demo", "src"], "is not an empty folder"),
    (["stir"], "No such command 'stir'"),
    (["mix", "src", "dst", "--size", "9" * 5000], "size is written HEIGHTxWIDTH"),
    (["mix", "src", "dst", "--memory", "9" * 400], "memory is an amount"),
    (["mix", "src", "dst", "--sources", "12", "--block", "8"], "--small-classes clamp"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=repr)
def test_wrong_use_is_one_line_and_exit_code_2(blockmix, src, arguments, message):
    before = read_tree(src)
    code, output, errors = blockmix(*arguments)
    assert (code, output) == (2, "")
    assert errors.startswith("blockmix: ")
    assert message in errors
    assert errors.count("\n") == 1
    assert read_tree(src) == before
    assert not Path("dst").exists()


def test_failed_work_is_one_line_and_exit_code_1(blockmix, src):
    (src / "cat" / "text.jpg").write_text("hello")
    code, output, errors = blockmix("mix", src, "dst", "--block", 8)
    assert (code, output) == (1, "")
    assert errors.startswith(f"blockmix: {src}/cat/text.jpg: it is not an image")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "/proc/nowhere"], "No such file"),
        (["demo", "src/cat/000.png/x"], "Not a directory"),
        (["mix", "src", "x" * 300], "File name too long"),
        (["mix", "src", "loop"], "Too many levels"),
    ],
    ids=repr,
)
def test_an_error_of_the_system_is_one_line_too(blockmix, src, arguments, message):
    Path("loop").symlink_to("loop")
    code, output, errors = blockmix(*arguments, *(["--block", 8] if arguments[0] == "mix" else []))
    assert code in (1, 2)
    assert output == ""
    assert errors.startswith("blockmix: ")
    assert errors.count("\n") == 1


def test_no_command_shows_the_help(blockmix):
    code, output, errors = blockmix()
    assert code == 2
    assert "Usage" in output + errors
    assert "blockmix: \n" not in errors


def test_version(blockmix):
    assert blockmix("--version") == (0, f"blockmix {__version__}\n", "")


def test_interruption_is_one_line_and_exit_code_130(blockmix, src, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("blockmix.datasets.run.survey", interrupted)
    assert blockmix("mix", src, "dst", "--block", 8) == (130, "", "blockmix: interrupted\n")


BUG = (
    "from blockmix.__main__ import main; from blockmix.datasets import run as module\n"
    "def bug(*_): raise ZeroDivisionError('by nothing')\n"
    "module.survey = bug; main()"
)


@pytest.mark.parametrize("requested", [False, True])
def test_a_bug_is_one_line_and_its_traceback_shows_no_values(src, tmp_path, requested):
    """The values could be a key."""
    Key(bytes(range(32))).save(tmp_path / "my.key")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            BUG,
            "mix",
            src,
            tmp_path / "dst",
            "--key-file",
            tmp_path / "my.key",
        ],
        env=os.environ | ({"BLOCKMIX_TRACEBACK": "1"} if requested else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert ("Traceback" in done.stderr) == requested
    assert requested or re.fullmatch(
        r"blockmix: unexpected ZeroDivisionError at <string>:2: by nothing\. Please report it.*\n",
        done.stderr,
    )
    for form in (bytes(range(32)).hex(), str(bytes(range(32))), "locals", "50462976"):
        assert form not in done.stderr


@pytest.mark.parametrize("error", [MemoryError, RecursionError, KeyError, AssertionError])
def test_any_exception_is_one_line(blockmix, src, monkeypatch, error):
    def fail(*_):
        raise error("something")

    monkeypatch.setattr("blockmix.datasets.run.survey", fail)
    code, output, errors = blockmix("mix", src, "dst", "--block", 8)
    assert (code, output) == (1, "")
    assert errors.startswith("blockmix: ")
    assert "something" in errors
    assert errors.count("\n") == 1


class TestStreams:
    """A finished run has not failed, whatever happens to its output."""

    def run(self, line, **changes):
        return subprocess.run(
            ["/bin/sh", "-c", line, COMMAND], check=False, capture_output=True, **changes
        )

    @pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
    def test_that_are_closed(self, src, tmp_path, closed):
        done = self.run(f'"$0" mix src dst --block 8 --seed 0 {closed}', cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, b"")
        assert (b"mixed 24 images" in done.stdout) == (">&- " not in closed)
        mix_folder(src, tmp_path / "expected", block=8, key=Key.from_seed(0))
        assert read_tree(tmp_path / "dst") == read_tree(tmp_path / "expected")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    def test_that_are_full(self, src, tmp_path):
        done = self.run('"$0" mix src dst --block 8 >/dev/full', cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, b"")
        done = self.run('"$0" forecast --class-size 9 >/dev/full', cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr == b"blockmix: output: No space left on device\n"

    def test_of_an_encoding_that_lacks_characters(self, src, tmp_path):
        """A finished run stays finished, whatever the names in its summary."""
        (src / "cat" / os.fsdecode(b"\xff\xe9.png")).write_text("no image")
        (src / "cat" / "\u732b.png").write_text("no image")
        done = self.run(
            '"$0" mix src dst --block 8 --on-error skip',
            cwd=tmp_path,
            env=os.environ | {"PYTHONIOENCODING": "latin-1"},
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert rb"skipped src/cat/\udcff\udce9.png: it is not an image" in done.stdout
        assert rb"skipped src/cat/\u732b.png: it is not an image" in done.stdout


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("two  spaces.png", "two  spaces.png"),
        ("a line\nblockmix: done.png", r"a line\nblockmix: done.png"),
        ("\x1b[31mred.png", r"\x1b[31mred.png"),
        ("on_error='skip' names='keep'.png", "on_error='skip' names='keep'.png"),
        ("caf\u00e9 \u732b.png", "caf\u00e9 \u732b.png"),
    ],
    ids=repr,
)
def test_file_names_are_shown_as_they_are_on_one_line(blockmix, src, name, shown):
    (src / "cat" / name).write_text("no image")
    code, _, errors = blockmix("mix", src, "dst", "--block", 8)
    assert code == 1
    assert errors.startswith(f"blockmix: {src}/cat/{shown}: it is not an image")
    assert errors.endswith("leave such files out with --on-error skip\n")
    assert errors.count("\n") == 1
    _, output, _ = blockmix("mix", src, "dst", "--block", 8, "--on-error", "skip")
    assert f"\nskipped {src}/cat/{shown}: it is not an image" in output
