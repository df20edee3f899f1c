"""A checkout and an installation are each imported from their own folders alone."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Prints the files of the parts of the package, and its path, which must stay as it was.
SCRIPT = """
from importlib.util import find_spec
import blockmix

parts = ("mixer", "kernels", "kernels.rule", "bench.speed.rows", "bench.curves.records")
print(blockmix.__file__, *(find_spec(f"blockmix.{part}").origin for part in parts), sep="\\n")
print(*blockmix.__path__, sep="\\n")
from blockmix import kernels
"""


def copy(part, target):
    shutil.copytree(ROOT / part, target, ignore=shutil.ignore_patterns("__pycache__", "results"))


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


def installed_packages():
    """The folder of every package that is installed, by name."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {}
    for package in settings["packages"]:
        root = max(
            (root for root in settings["package-dir"] if f"{package}.".startswith(f"{root}.")),
            key=len,
        )
        folders[package] = (
            ROOT / settings["package-dir"][root] / package[len(root) + 1 :].replace(".", "/")
        )
    return folders


def test_every_package_is_installed():
    packages = {
        path.parent
        for part in ("blockmix", "kernels", "bench")
        for path in (ROOT / part).rglob("__init__.py")
    }
    assert packages == set(installed_packages().values())


def test_no_test_is_installed():
    for package, folder in installed_packages().items():
        names = [path.name for path in folder.glob("*.py")]
        assert names, package
        assert not [name for name in names if re.match("test_|bench_|conftest", name)], package


@pytest.fixture
def checkout(tmp_path):
    for part in ("blockmix", "kernels", "bench"):
        copy(part, tmp_path / part)
    return tmp_path


def test_a_checkout_that_is_not_installed(checkout):
    """Nothing comes from an installed version, such as the one of these tests."""
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
        (tmp_path / part / "__init__.py").write_text("raise ImportError('of another package')")
    loaded = python(tmp_path, "-c", SCRIPT).splitlines()
    assert all(Path(path).is_relative_to(tmp_path / "blockmix") for path in loaded)
    assert len(loaded) == 7


def test_a_wheel_has_no_modules_of_an_earlier_layout(checkout):
    """Such as those that an earlier build has left in build/lib."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    stale = checkout / "build" / "lib" / "blockmix" / "stale.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    python(checkout, "-c", "from setuptools import build_meta; build_meta.build_wheel('dist')")
    (wheel,) = (checkout / "dist").iterdir()
    names = zipfile.ZipFile(wheel).namelist()
    assert "blockmix/kernels/rule.py" in names
    assert "blockmix/stale.py" not in names
