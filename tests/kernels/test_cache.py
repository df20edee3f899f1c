"""Compiled kernels on disk: run again, but never after an edit of any file that they call into."""

import compileall
import importlib
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import numba
import pytest
from numba.core.caching import FunctionCache

from blockmix.kernels import cache

KERNELS = Path(__file__).parents[2] / "kernels"
# Composes two small maps, and prints the result and the number of kernels that came from disk. Of
# all kernels this one compiles in the shortest time.
SCRIPT = """
import numpy as np
from kernels_copy.draw_cpu import compose

drawn = np.array([[[1, 0], [0, 1]]], np.int32)
compose(drawn, np.array([[[0, 1], [1, 0]]], np.int32))
print(*drawn.ravel(), sum(compose.stats.cache_hits.values()))
"""
# Does the same with a draw, which calls into other files.
DRAW = """
import numpy as np
from kernels_copy.draw_cpu import draw_round

drawn = np.zeros(1 * 4 * 8, np.int32)
dice = np.array([0, 2**31], np.uint64), np.array([0, 62], np.uint64)
ids, classes = np.arange(4, dtype=np.uint64), np.zeros(4, np.int32)
key = np.arange(8, dtype=np.uint32)
groups = np.empty(0, np.int32)
draw_round(drawn, 1, 8, key, 0, ids, classes, np.array([0, 4]), groups, *dice)
print(*drawn, sum(draw_round.stats.cache_hits.values()))
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A copy of the kernels, one of which was compiled once, and its result."""
    folder = tmp_path_factory.mktemp("kernels")
    shutil.copytree(KERNELS, folder / "kernels_copy", ignore=shutil.ignore_patterns("__pycache__"))
    result, hits = run(folder)
    assert hits == 0
    return folder, result


def run(folder, home="home", code=SCRIPT, **environment):
    """The result of a fresh process, and the number of kernels that came from disk."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / home), **environment},
    )
    assert done.returncode == 0, done.stderr
    *result, hits = done.stdout.split()
    return result, int(hits)


def test_later_processes_load_what_the_first_compiled(compiled):
    folder, result = compiled
    assert run(folder) == (result, 1)


def test_kernels_that_numba_cannot_keep_are_compiled_each_time(compiled):
    folder, _ = compiled
    first, second = (run(folder, "unoptimised", DRAW, NUMBA_OPT="0") for _ in range(2))
    assert first == second
    assert first[1] == 0


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_a_damaged_file_is_compiled_and_written_again(compiled, kind):
    folder, result = compiled
    (kept,) = (folder / "home" / "blockmix").glob(f"*/*.{kind}")
    kept.write_bytes(kept.read_bytes()[:50])
    assert run(folder) == (result, 0)
    assert run(folder) == (result, 1)


def test_a_kernel_that_cannot_be_written_is_compiled(compiled):
    """The folder is removed between the import and the first call, and cannot be made again."""
    folder, result = compiled
    remove = (
        "import os, shutil; home = os.environ['XDG_CACHE_HOME']; shutil.rmtree(home); "
        "open(home, 'w').close()\n"
    )
    code = SCRIPT.replace("\ndrawn =", f"\n{remove}\ndrawn =", 1)
    assert run(folder, "gone", code=code) == (result, 0)


def test_a_relative_path_is_not_used(compiled):
    folder, result = compiled
    (folder / "user").mkdir()
    environment = {"XDG_CACHE_HOME": "relative", "HOME": str(folder / "user")}
    assert run(folder, **environment) == (result, 0)
    assert not (folder / "relative").exists()
    assert run(folder, **environment) == (result, 1)


def test_the_folder_belongs_to_its_owner_alone(compiled):
    (kept,) = (compiled[0] / "home" / "blockmix").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700


def test_a_folder_that_others_can_write_to_is_not_used(compiled):
    folder, result = compiled
    outer = folder / "home" / "blockmix"
    (inner,) = outer.iterdir()
    for kept in (outer, inner):
        kept.chmod(0o770)
        uncached = run(folder)
        kept.chmod(0o700)
        assert uncached == (result, 0)


def test_kernels_are_compiled_where_no_folder_can_be_made(compiled):
    folder, result = compiled
    (folder / "file").write_text("not a folder")
    assert run(folder, home="file") == (result, 0)


class Installation:
    """A copy of the kernels, which is imported anew for its digest."""

    def __init__(self, folder, form):
        self.form = form
        self.sources = folder / "sources"
        self.folder = folder / "folder"
        self.archive = folder / "kernels.zip"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(KERNELS, self.sources / "kernels_copy", ignore=ignored)

    def edit(self, old, new):
        chacha = self.sources / "kernels_copy" / "chacha.py"
        source = chacha.read_text()
        assert old in source
        chacha.write_text(source.replace(old, new))

    def install(self):
        """Install the copy, and return the path that it is imported from."""
        if self.form == "archive":
            shutil.make_archive(self.archive.with_suffix(""), "zip", self.sources)
            return self.archive
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.sources, self.folder)
        if self.form == "bytecode":
            compileall.compile_dir(self.folder, quiet=1, legacy=True)
            for source in self.folder.rglob("*.py"):
                source.unlink()
        return self.folder

    def digest(self):
        path = str(self.install())
        sys.path.insert(0, path)
        importlib.invalidate_caches()
        try:
            return importlib.import_module("kernels_copy.cache").DIGEST
        finally:
            sys.path.remove(path)
            for name in ("kernels_copy", "kernels_copy.cache"):
                sys.modules.pop(name, None)
            sys.path_importer_cache.pop(path, None)


@pytest.mark.parametrize("form", ["folder", "archive", "bytecode"])
def test_kernels_belong_to_the_code_however_it_is_installed(tmp_path, form):
    installed = Installation(tmp_path, form)
    digest = installed.digest()
    assert digest == installed.digest() is not None
    installed.edit("DOUBLE_ROUNDS = 10", "DOUBLE_ROUNDS = 9")
    assert installed.digest() != digest


def test_an_archive_and_a_folder_share_their_kernels(tmp_path):
    forms = [Installation(tmp_path / form, form) for form in ("folder", "archive", "bytecode")]
    assert len({installed.digest() for installed in forms}) == 1


def test_kernels_belong_to_the_code_that_is_run_not_to_its_source(tmp_path, monkeypatch):
    """Python does not compile a source again whose size and time are the same."""
    installed = Installation(tmp_path, "folder")
    installed.install = lambda: installed.sources
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    chacha = installed.sources / "kernels_copy" / "chacha.py"
    os.utime(chacha, (10**9, 10**9))
    digest = installed.digest()
    installed.edit("DOUBLE_ROUNDS = 10", "DOUBLE_ROUNDS = 12")
    os.utime(chacha, (10**9, 10**9))
    assert installed.digest() == digest
    os.utime(chacha)
    assert installed.digest() != digest


@pytest.mark.parametrize("setting", cache.SETTINGS)
def test_kernels_belong_to_the_settings_of_the_compiler(monkeypatch, setting):
    monkeypatch.setattr(numba.config, setting, 7)
    assert cache._digest() not in (None, cache.DIGEST)


def test_kernels_without_their_code_are_not_cached(monkeypatch):
    """Such as those of a frozen application."""
    monkeypatch.setattr(cache.pkgutil, "iter_modules", lambda path, prefix: [])
    assert cache._digest() is None
    monkeypatch.undo()
    monkeypatch.setattr(cache, "find_spec", lambda name: None)
    assert cache._digest() is None
    monkeypatch.setattr(cache, "DIGEST", None)
    kernel = cache.cached(numba.njit(lambda: 1))
    assert not isinstance(kernel._cache, cache.KernelCache)


def test_another_locator_is_not_used(monkeypatch, tmp_path):
    """It would notice edits of the file of the kernel only."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(
        numba.config, "CACHE_LOCATOR_CLASSES", "UserWideCacheLocator", raising=False
    )
    kernel = cache.cached(numba.njit(lambda: 1))
    assert kernel._cache._impl.locator.get_source_stamp() == cache.DIGEST
    assert kernel._cache.cache_path == str(cache._folders()[-1])


def test_nothing_is_saved_once_others_can_write(monkeypatch):
    """Saving also loads from the folder."""
    kernel = cache.cached(numba.njit(lambda: 1))
    saved = []
    monkeypatch.setattr(FunctionCache, "save_overload", lambda self, *entry: saved.append(entry))
    kernel._cache.save_overload("signature", "compiled")
    monkeypatch.setattr(cache, "_is_private", lambda: False)
    kernel._cache.save_overload("signature", "compiled")
    assert saved == [("signature", "compiled")]


def test_an_edit_of_an_imported_file_is_noticed(compiled):
    """The last test, as it changes the copy."""
    folder, _ = compiled
    drawn, hits = run(folder, code=DRAW)
    assert hits == 0
    chacha = folder / "kernels_copy" / "chacha.py"
    source = chacha.read_text()
    assert "DOUBLE_ROUNDS = 10" in source
    chacha.write_text(source.replace("DOUBLE_ROUNDS = 10", "DOUBLE_ROUNDS = 9"))
    edited, hits = run(folder, code=DRAW)
    assert edited != drawn
    assert hits == 0
