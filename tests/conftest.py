"""Shared fixtures: a fixed key, the real data if it is there, the command line in this process."""

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from builders import SECRET, FakeCupy
from hypothesis import settings

from blockmix import Key

# The first example of a test may have to wait for a compiler.
settings.register_profile("blockmix", deadline=None)
settings.load_profile("blockmix")


# These need processes of their own: a simulated GPU, a compiler for GPUs, a GPU. See the Makefile.
APART = {"cudasim", "ptx", "gpu"}


def pytest_ignore_collect(collection_path, config):
    """Leave out what stands apart, unless it is named on the command line."""
    named = any(Path(argument.split("::")[0]).name in APART for argument in config.args)
    inside = any(Path(argument).parent.name in APART for argument in config.args)
    return True if collection_path.name in APART and not (named or inside) else None


@pytest.fixture
def key():
    return Key(SECRET)


@pytest.fixture
def torch():
    """The module torch; the tests for it are skipped where it is not installed.

    Continuous integration sets BLOCKMIX_TEST_REQUIRE=torch, so that there they cannot be.
    """
    if importlib.util.find_spec("torch") is None:
        if "torch" in os.environ.get("BLOCKMIX_TEST_REQUIRE", ""):
            pytest.fail("torch is required but not installed")
        pytest.skip("torch is not installed: pip install torch")
    import torch

    return torch


@pytest.fixture
def fake_cupy(monkeypatch):
    """Makes CuPy arrays of NumPy arrays, beside a module cupy that they belong to."""
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(ndarray=FakeCupy))
    return FakeCupy


@pytest.fixture
def faces():
    """The real faces: folders of labels with 224 x 224 JPEG files, in BLOCKMIX_DATA/fairface."""
    beside = Path(__file__).parents[1] / "../shared/data"
    folder = Path(os.environ.get("BLOCKMIX_DATA", beside)) / "fairface" / "train"
    if not folder.is_dir():
        pytest.skip("no real images: set BLOCKMIX_DATA to the folder that holds fairface/")
    return folder


@pytest.fixture(scope="session")
def measured(tmp_path_factory):
    """The folder that a small run of ``blockmix bench curves`` writes."""
    from blockmix.__main__ import app

    folder = tmp_path_factory.mktemp("curves") / "out"
    options = ["--counts", "30,22,24", "--blocks", "64,4", "--device", "cpu"]
    code = app(["bench", "curves", "--output", str(folder), *options], standalone_mode=False)
    assert not code
    return folder


@pytest.fixture
def record(measured):
    return json.loads((measured / "curves.json").read_text())


@pytest.fixture
def blockmix(monkeypatch, capfd, tmp_path):
    """Run the command line in this process; gives exit code, output and errors."""
    from blockmix import __main__ as door

    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["blockmix", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            door.main()
        output, errors = capfd.readouterr()
        return stopped.value.code or 0, output, errors

    return run
