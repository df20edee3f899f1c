"""Modules that are optional for users: tests that need one are skipped where it lacks."""

import importlib
import importlib.util
import os

import pytest


def required(name):
    """Import a module, or skip the test, or the file of tests.

    Continuous integration names libraries in BLOCKMIX_TEST_REQUIRE, as in ``torch,keras``: of their
    tests none is skipped.
    """
    library = name.partition(".")[0]
    spec = importlib.util.find_spec(library)
    if spec is None or spec.origin is None:  # tests/datasets would be taken for `datasets`
        if library in os.environ.get("BLOCKMIX_TEST_REQUIRE", "").split(","):
            pytest.fail(f"{library} is required but not installed", pytrace=False)
        pytest.skip(f"{library} is not installed: pip install {library}", allow_module_level=True)
    return importlib.import_module(name)
