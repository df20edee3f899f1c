"""``blockmix mix`` and ``keygen``: in this process, as a command, and on a terminal."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from builders import COMMAND, read_tree

from blockmix import Key


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
    assert "each 8 x 12, in 2 x 4 = 8 blocks; sources 5, rounds 2, probability 0.75" in output
    record = json.loads(Path("dst/blockmix.json").read_text())
    assert record["files"] == {"format": "webp", "quality": 80, "names": "keep", "grey": False}
    assert len(list(Path("dst/cat").glob("*.webp"))) == 12
    assert Path("my.key").read_text().strip() not in output + json.dumps(record)


def test_a_key_file_repeats_a_run_and_a_seed_too(blockmix, src):
    blockmix("keygen", "my.key")
    for options in (["--key-file", "my.key"], ["--seed", "3"], []):
        trees = []
        for dst in ("first", "second"):
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


def test_groups(blockmix, src):
    images = sorted(path.relative_to(src) for path in src.rglob("*.png"))
    lines = [f"{image},{int(image.stem) % 6}" for image in images]
    Path("persons.csv").write_text("\n".join(["path,person", *lines]))
    options = ["--block", 8, "--seed", 3, "--sources", 5]
    code, output, errors = blockmix("mix", src, "dst", *options, "--groups", "persons.csv:person")
    assert (code, errors) == (0, "")
    assert "probability 0.5, blocks from other groups only" in output
    code, _, errors = blockmix("mix", src, "parent", *options, "--groups", "parent")
    assert code == 2
    assert errors.startswith(
        "blockmix: 24 images have no group, such as cat/000.png: with --groups parent "
    )
    code, _, errors = blockmix("mix", src, "x", *options[:-1], 11, "--groups", "persons.csv:person")
    assert code == 2
    assert "but sources=11 needs at least 11 of other groups" in errors
    assert errors.endswith("or pass --small-classes clamp\n")


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


def test_a_loop_of_links_in_the_source(blockmix, src):
    (src / "cat" / "loop.png").symlink_to("loop.png")
    code, _, errors = blockmix("mix", src, "dst", "--block", 8)
    assert code == 1
    assert "loop.png: it is not a regular file" in errors
    assert "--on-error skip" in errors
    assert blockmix("mix", src, "dst", "--block", 8, "--on-error", "skip")[0] == 0


def test_keygen(blockmix):
    code, output, errors = blockmix("keygen", "my.key")
    assert (code, errors) == (0, "")
    secret = Path("my.key").read_text().strip()
    assert secret not in output
    assert Key(bytes.fromhex(secret)) == Key.from_file("my.key")
    assert Path("my.key").stat().st_mode & 0o777 == 0o600


def test_help_names_every_option(blockmix):
    code, output, _ = blockmix("mix", "--help")
    assert code == 0
    options = re.findall(r"--[a-z-]+", output)
    for option in OPTIONS.split():
        assert f"--{option}" in options


OPTIONS = """
    size block sources rounds probability key-file seed format quality names memory workers
    small-classes on-error groups overwrite resume quiet
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
    """A terminal shows bars; a pipe gets the summary alone."""
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


def test_memory_that_the_machine_lacks(blockmix, src, monkeypatch):
    monkeypatch.setattr(
        "blockmix.datasets.cohorts.machine_memory", lambda: 3 * 12 * 16 * 16 * 3 - 1
    )
    code, _, errors = blockmix("mix", src, "dst", "--block", 8, "--memory", "900TB")
    assert code == 2
    assert (
        "largest cohort needs 27KiB for its pixels, but this machine has 27KiB: lower --m" in errors
    )
    assert not Path("dst").exists()
    monkeypatch.setattr("blockmix.datasets.cohorts.machine_memory", lambda: 3 * 12 * 16 * 16 * 3)
    assert blockmix("mix", src, "dst", "--block", 8, "--memory", "900TB")[0] == 0


def test_memory_that_the_system_refuses(blockmix, src, monkeypatch):
    def refuse(shape, dtype):
        raise MemoryError(f"Unable to allocate {shape}")

    monkeypatch.setattr("blockmix.datasets.engines.local.np.empty", refuse)
    code, _, errors = blockmix("mix", src, "dst", "--block", 8)
    assert code == 1
    assert (
        "not enough memory: Unable to allocate (24, 16, 16, 3); lower --memory or --size" in errors
    )
