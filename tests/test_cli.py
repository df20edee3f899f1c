"""The command line, as a user types it: in processes of its own, and in this one for many cases."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from builders import read_tree, write_images
from PIL import Image

from blockmix import Key, __version__, mix_folder

COMMAND = str(Path(sys.executable).with_name("blockmix"))


@pytest.fixture
def src(tmp_path):
    return write_images(tmp_path / "src", {"cat": 12, "dog": 12})


def test_mix_with_every_option(blockmix, src, tmp_path):
    assert blockmix("keygen", "my.key")[0] == 0
    code, output, errors = blockmix(
        *("mix", src, "dst", "--size", "8x12", "--block", "4x3", "--sources", 5, "--rounds", 2),
        *("--probability", 0.75, "--key-file", "my.key", "--format", "webp", "--quality", 80),
        *("--names", "keep", "--memory", "64MiB", "--workers", 1, "--small-classes", "clamp"),
        *("--on-error", "skip", "--overwrite"),
    )
    assert (code, errors) == (0, "")
    assert "mixed 24 images of 2 labels in 2 cohorts" in output
    assert "each 8 x 12, in blocks of 2 x 4 = 8; sources 5, rounds 2, probability 0.75" in output
    record = json.loads(Path("dst/blockmix.json").read_text())
    assert record["files"] == {"format": "webp", "quality": 80, "names": "keep", "grey": False}
    assert len(list(Path("dst/cat").glob("*.webp"))) == 12
    assert Path("my.key").read_text().strip() not in output + json.dumps(record)


def test_a_key_file_repeats_a_run_and_a_seed_too(blockmix, src):
    blockmix("keygen", "my.key")
    for options in (["--key-file", "my.key"], ["--seed", "3"], []):
        trees = []
        for dst in ("one", "two"):
            assert blockmix("mix", src, dst + options[-1] if options else dst, "--block", 8,
                            *options)[0] == 0  # fmt: skip
            trees.append(read_tree(Path(dst + options[-1] if options else dst)))
        assert (trees[0] == trees[1]) == bool(options)


def test_seeds_are_stamped(blockmix, src):
    _, output, _ = blockmix("mix", src, "dst", "--block", 8, "--seed", 3)
    assert "NOT PRIVATE" in output


def test_a_balanced_probability_and_what_to_expect(blockmix, src):
    options = ["--block", 8, "--seed", 3]
    _, output, _ = blockmix("mix", src, "a", *options, "--probability", "balanced")
    assert "probability balanced" in output
    assert "expect: about 9.1% of every image's blocks stay its own; whoever holds" in output
    blockmix("mix", src, "b", *options, "--probability", 10 / 11)
    a, b = (read_tree(Path(name)) for name in "ab")
    assert a.keys() == b.keys()
    assert {name for name in a if a[name] != b[name]} == {"blockmix.json"}


def test_quiet(blockmix, src):
    assert blockmix("mix", src, "dst", "--block", 8, "--quiet") == (0, "", "")


def test_resume(blockmix, src):
    blockmix("keygen", "my.key")
    arguments = ["mix", src, "dst", "--block", 8, "--key-file", "my.key", "--resume"]
    assert "(0 written" not in blockmix(*arguments)[1]
    assert "(0 written by this run)" in blockmix(*arguments)[1]


def test_the_key_file_warning_is_one_line(blockmix, src):
    blockmix("keygen", "my.key")
    Path("my.key").chmod(0o644)
    code, _, errors = blockmix("mix", src, "dst", "--block", 8, "--key-file", "my.key")
    assert code == 0
    assert errors.startswith("blockmix: warning: others can read the key file my.key")
    assert errors.count("\n") == 1


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
def test_what_the_system_refuses_is_one_line_too(blockmix, src, arguments, message):
    Path("loop").symlink_to("loop")
    code, output, errors = blockmix(*arguments, *(["--block", 8] if arguments[0] == "mix" else []))
    assert code in (1, 2)
    assert output == ""
    assert errors.startswith("blockmix: ")
    assert errors.count("\n") == 1


def test_a_loop_of_links_in_the_source(blockmix, src):
    (src / "cat" / "loop.png").symlink_to("loop.png")
    code, _, errors = blockmix("mix", src, "dst", "--block", 8)
    assert code == 1
    assert "loop.png: it is not a file that can be read" in errors
    assert "--on-error skip" in errors
    assert blockmix("mix", src, "dst", "--block", 8, "--on-error", "skip")[0] == 0


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


def test_keygen(blockmix):
    code, output, errors = blockmix("keygen", "my.key")
    assert (code, errors) == (0, "")
    secret = Path("my.key").read_text().strip()
    assert secret not in output
    assert Key(bytes.fromhex(secret)) == Key.from_file("my.key")
    assert Path("my.key").stat().st_mode & 0o777 == 0o600


def test_demo(blockmix):
    code, output, _ = blockmix("demo", "here")
    assert code == 0
    assert "mixed 200 images of 2 labels" in output
    with Image.open("here/before-after.png") as sheet:
        pixels = np.asarray(sheet)
    originals, mixed = pixels[8:104, 8:104], pixels[112:208, 8:104]
    assert 0.2 < (originals == mixed).mean() < 0.9
    blocks = (originals == mixed).reshape(8, 12, 8, 12).all((1, 3))
    assert 10 < blocks.sum() < 54


def test_info(blockmix):
    code, output, _ = blockmix("info")
    assert code == 0
    lines = dict(line.split(None, 1) for line in output.splitlines())
    assert lines.keys() >= {"blockmix", "python", "numba", "numpy", "pillow", "backends", "threads"}
    assert "threading layer" in output


def test_info_says_where_kernels_are_kept(blockmix, monkeypatch):
    cache = sys.modules["blockmix.kernels.cache"]
    assert re.search(rf"kept kernels +{re.escape(str(cache.kept_in()))}\n", blockmix("info")[1])
    monkeypatch.setattr(cache, "DIGEST", None)
    assert re.search("kept kernels +none, so every process compiles them", blockmix("info")[1])


def test_help_names_every_option(blockmix):
    code, output, _ = blockmix("mix", "--help")
    assert code == 0
    options = re.findall(r"--[a-z-]+", output)
    for option in OPTIONS.split():
        assert f"--{option}" in options


OPTIONS = """
    size block sources rounds probability key-file seed format quality names memory workers
    small-classes on-error overwrite resume quiet
"""


def test_as_a_command_on_a_pipe(src, tmp_path):
    done = subprocess.run(
        [COMMAND, "mix", src, tmp_path / "dst", "--block", "8"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("mixed 24 images")
    assert done.stderr == ""


def test_progress_on_a_terminal(src, tmp_path):
    """On a terminal there are bars, on the terminal only; what goes to a pipe stays clean."""
    script = (
        "import pty, sys; from pathlib import Path\n"
        "status = pty.spawn(['sh', '-c', '\"$0\" \"$@\" >out', *sys.argv[1:]])\n"
        "sys.exit(status)"
    )
    arguments = [COMMAND, "mix", src, tmp_path / "dst", "--block", "8"]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80"},
        cwd=tmp_path,
        text=True,
        timeout=120,
        check=True,
    )
    assert "24/24" in done.stdout
    assert (tmp_path / "out").read_text().startswith("mixed 24 images")


BUG = (
    "from blockmix.__main__ import main; from blockmix.datasets import run as module\n"
    "def bug(*_): raise ZeroDivisionError('by nothing')\n"
    "module.survey = bug; main()"
)


@pytest.mark.parametrize("wanted", [False, True])
def test_a_bug_is_one_line_and_its_traceback_shows_no_values(src, tmp_path, wanted):
    """Among values there could be a key."""
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
        env=os.environ | ({"BLOCKMIX_TRACEBACK": "1"} if wanted else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert ("Traceback" in done.stderr) == wanted
    assert wanted or re.fullmatch(
        r"blockmix: unexpected ZeroDivisionError at <string>:2: by nothing\. Please report it.*\n",
        done.stderr,
    )
    for shape in (bytes(range(32)).hex(), str(bytes(range(32))), "locals", "50462976"):
        assert shape not in done.stderr


@pytest.mark.parametrize("error", [MemoryError, RecursionError, KeyError, AssertionError])
def test_whatever_is_raised_is_one_line(blockmix, src, monkeypatch, error):
    def raise_it(*_):
        raise error("something")

    monkeypatch.setattr("blockmix.datasets.run.survey", raise_it)
    code, output, errors = blockmix("mix", src, "dst", "--block", 8)
    assert (code, output) == (1, "")
    assert errors.startswith("blockmix: ")
    assert "something" in errors
    assert errors.count("\n") == 1


def test_memory_that_the_machine_lacks(blockmix, src, monkeypatch):
    needed = 3 * 12 * 16 * 16 * 3
    monkeypatch.setattr("blockmix.datasets.cohorts.machine_memory", lambda: needed - 1)
    code, _, errors = blockmix("mix", src, "dst", "--block", 8, "--memory", "900TB")
    assert code == 2
    assert (
        "largest cohort needs 1MiB for its pixels, but this machine has 1MiB: lower --mem" in errors
    )
    assert not Path("dst").exists()
    monkeypatch.setattr("blockmix.datasets.cohorts.machine_memory", lambda: needed)
    assert blockmix("mix", src, "dst", "--block", 8, "--memory", "900TB")[0] == 0


def test_memory_that_is_not_given(blockmix, src, monkeypatch):
    def empty(shape, dtype):
        raise MemoryError(f"Unable to allocate {shape}")

    monkeypatch.setattr("blockmix.datasets.engines.local.np.empty", empty)
    code, _, errors = blockmix("mix", src, "dst", "--block", 8)
    assert code == 1
    assert (
        "not enough memory: Unable to allocate (24, 16, 16, 3); lower --memory or --size" in errors
    )


class TestStreams:
    """What a finished run prints, and where to, does not matter to the run."""

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
