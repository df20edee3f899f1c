"""Shared fixtures of the tests of the curves: a small run, and its record."""

import json

import pytest


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
