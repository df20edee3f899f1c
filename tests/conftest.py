"""Shared fixtures: a fixed key, the real data if available, the command line in this process."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from builders import SECRET, FakeCupy
from hypothesis import settings
from required_modules import required

from blockmix import Key

# The first example of a test may have to wait for a compiler.
settings.register_profile("blockmix", deadline=None)
settings.load_profile("blockmix")


# These run in processes of their own: a simulated GPU, a compiler for GPUs, a GPU, clusters. See
# Makefile.
APART = [Path(__file__).parent / name for name in ("cudasim", "ptx", "gpu", "cluster")]


def pytest_ignore_collect(collection_path, config):
    """Leave out the folders that run apart, unless the command line names them."""
    if collection_path not in APART:
        return None
    started_in = config.invocation_params.dir
    named = [(started_in / argument.split("::")[0]).resolve() for argument in config.args]
    return None if any(path.is_relative_to(collection_path) for path in named) else True


@pytest.fixture
def key():
    return Key(SECRET)


@pytest.fixture
def torch():
    """The module torch; the tests for it are skipped where it is not installed."""
    return required("torch")


@pytest.fixture
def block_mix(torch):
    """A function that makes the batch transform, with the fixed key."""
    from blockmix.torch import BlockMix

    def make(**parameters):
        return BlockMix(**{"block": 4, "sources": 3, "key": Key(SECRET)} | parameters)

    return make


@pytest.fixture
def keras(torch, monkeypatch):
    """The module keras on its backend torch; the same holds for its tests."""
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    return required("keras")


@pytest.fixture
def fake_cupy(monkeypatch):
    """Makes CuPy arrays of NumPy arrays, beside a module cupy that they belong to."""
    cupy = SimpleNamespace(ndarray=FakeCupy, empty_like=FakeCupy.empty_like)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    return FakeCupy


@pytest.fixture
def faces():
    """The real faces: folders of labels with 224 x 224 JPEG files, in BLOCKMIX_DATA/fairface."""
    default = Path(__file__).parents[1] / "../shared/data"
    folder = Path(os.environ.get("BLOCKMIX_DATA", default)) / "fairface" / "train"
    if not folder.is_dir():
        pytest.skip("no real images: set BLOCKMIX_DATA to the folder that holds fairface/")
    return folder


@pytest.fixture
def blockmix(monkeypatch, capfd, tmp_path):
    """Runs the command line in this process, and returns its exit code, output and errors."""
    from blockmix.__main__ import main

    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["blockmix", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        output, errors = capfd.readouterr()
        return stopped.value.code or 0, output, errors

    return run
