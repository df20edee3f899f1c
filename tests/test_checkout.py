"""A checkout and an installation are imported whole, each from its own folders."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Where the parts of the package come from, and whether its own path is left as it was.
SCRIPT = """
from importlib.util import find_spec
import blockmix

parts = ("mixer", "kernels", "kernels.rule", "bench.speed.rows", "bench.curves.records")
print(blockmix.__file__, *(find_spec(f"blockmix.{part}").origin for part in parts), sep="\\n")
print(*blockmix.__path__, sep="\\n")
from blockmix import kernels
"""


def copy(part, to):
    shutil.copytree(ROOT / part, to, ignore=shutil.ignore_patterns("__pycache__", "results"))


def python(folder, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def checkout(tmp_path):
    for part in ("blockmix", "kernels", "bench"):
        copy(part, tmp_path / part)
    return tmp_path


def test_a_checkout_that_is_not_installed(checkout):
    """Where another version is installed, as it is for these tests, nothing comes from there."""
    expected = [
        "blockmix/__init__.py",
        "blockmix/mixer.py",
        "kernels/__init__.py",
        "kernels/rule.py",
        "bench/speed/rows.py",
        "bench/curves/records.py",
        "blockmix",
    ]
    loaded = python(checkout, "-c", SCRIPT).splitlines()
    assert loaded == [str(checkout / path) for path in expected]


def test_the_command_line_in_a_checkout(checkout):
    code = """
import sys
from blockmix.__main__ import main

print(sys.modules["blockmix.bench"].__file__)
sys.argv = ["blockmix", "bench", "--help"]
main()
"""
    first, *rest = python(checkout, "-c", code).splitlines()
    assert first == str(checkout / "bench" / "__init__.py")
    assert any("curves" in line for line in rest)


def test_an_installation_beside_another_package_of_that_name(tmp_path):
    """A well-known package is called kernels, too."""
    copy("blockmix", tmp_path / "blockmix")
    for part in ("kernels", "bench"):
        copy(part, tmp_path / "blockmix" / part)
        (tmp_path / part).mkdir()
        (tmp_path / part / "__init__.py").write_text("raise ImportError('of somebody else')")
    loaded = python(tmp_path, "-c", SCRIPT).splitlines()
    assert all(Path(path).is_relative_to(tmp_path / "blockmix") for path in loaded)
    assert len(loaded) == 7
