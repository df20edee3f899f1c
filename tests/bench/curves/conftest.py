"""Shared fixtures of the tests of the curves: a small run, and its record."""

import json

import pytest


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """The output folder of a small run of ``blockmix bench curves``."""
    from blockmix.__main__ import app

    folder = tmp_path_factory.mktemp("curves") / "out"
    options = ["--counts", "30,22,24", "--blocks", "64,4", "--device", "cpu"]
    code = app(["bench", "curves", "--output", str(folder), *options], standalone_mode=False)
    assert not code
    return folder


@pytest.fixture
def record(run_folder):
    """The record of that run."""
    return json.loads((run_folder / "curves.json").read_text())
