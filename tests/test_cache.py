"""Compiled kernels on disk: run again, but never after an edit of any file that they call into."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

KERNELS = Path(__file__).parents[1] / "kernels"
# Draws one small map, and tells it and whether the kernel was compiled or came from disk.
SCRIPT = """
import numpy as np
from kernels_copy.draw_cpu import draw_round

drawn = np.zeros(1 * 4 * 8, np.int32)
dice = np.array([0, 2**31], np.uint64), np.array([0, 62], np.uint64)
ids, classes = np.arange(4, dtype=np.uint64), np.zeros(4, np.int32)
key = np.arange(8, dtype=np.uint32)
draw_round(drawn, 1, 8, key, 0, ids, classes, np.array([0, 4]), *dice)
print(*drawn, sum(draw_round.stats.cache_hits.values()))
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A copy of the kernels whose draw was compiled once, and the map that it drew."""
    folder = tmp_path_factory.mktemp("kernels")
    shutil.copytree(KERNELS, folder / "kernels_copy", ignore=shutil.ignore_patterns("__pycache__"))
    drawn, hits = draw(folder)
    assert hits == 0
    return folder, drawn


def draw(folder, home="home", code=SCRIPT, **environment):
    """The map that a fresh process draws, and how many kernels it had from disk."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / home), **environment},
    )
    assert done.returncode == 0, done.stderr
    *drawn, hits = done.stdout.split()
    return drawn, int(hits)


def test_later_processes_load_what_the_first_compiled(compiled):
    folder, drawn = compiled
    assert draw(folder) == (drawn, 1)


def test_kernels_that_numba_cannot_keep_are_compiled_each_time(compiled):
    folder, drawn = compiled
    for _ in range(2):
        assert draw(folder, "unoptimised", NUMBA_OPT="0") == (drawn, 0)


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_a_damaged_file_is_compiled_and_written_again(compiled, kind):
    folder, drawn = compiled
    (kept,) = (folder / "home" / "blockmix").glob(f"*/*.{kind}")
    kept.write_bytes(kept.read_bytes()[:50])
    assert draw(folder) == (drawn, 0)
    assert draw(folder) == (drawn, 1)


def test_a_kernel_that_cannot_be_written_is_compiled(compiled):
    """The folder goes between the import and the first call, and cannot be made again."""
    folder, drawn = compiled
    gone = (
        "import os, shutil; home = os.environ['XDG_CACHE_HOME']; shutil.rmtree(home); "
        "open(home, 'w').close()\n"
    )
    code = SCRIPT.replace("\ndrawn =", f"\n{gone}\ndrawn =", 1)
    assert draw(folder, "gone", code=code) == (drawn, 0)


def test_a_relative_place_is_not_used(compiled):
    folder, drawn = compiled
    (folder / "user").mkdir()
    environment = {"XDG_CACHE_HOME": "relative", "HOME": str(folder / "user")}
    assert draw(folder, **environment) == (drawn, 0)
    assert not (folder / "relative").exists()
    assert draw(folder, **environment) == (drawn, 1)


def test_the_folder_belongs_to_its_owner_alone(compiled):
    (kept,) = (compiled[0] / "home" / "blockmix").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700


def test_a_folder_that_others_can_write_to_is_not_used(compiled):
    folder, drawn = compiled
    outer = folder / "home" / "blockmix"
    (inner,) = outer.iterdir()
    for kept in (outer, inner):
        kept.chmod(0o770)
        result = draw(folder)
        kept.chmod(0o700)
        assert result == (drawn, 0)


def test_without_a_place_for_it_kernels_are_compiled(compiled):
    folder, drawn = compiled
    (folder / "file").write_text("not a folder")
    assert draw(folder, home="file") == (drawn, 0)


def test_an_edit_of_an_imported_file_is_noticed(compiled):
    """The last test, as the copy is another one from then on."""
    folder, drawn = compiled
    chacha = folder / "kernels_copy" / "chacha.py"
    source = chacha.read_text()
    assert "DOUBLE_ROUNDS = 10" in source
    chacha.write_text(source.replace("DOUBLE_ROUNDS = 10", "DOUBLE_ROUNDS = 9"))
    edited, hits = draw(folder)
    assert edited != drawn
    assert hits == 0
