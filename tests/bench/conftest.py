"""Shared fixtures of the tests of the benchmarks."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def run_python():
    """A function that runs Python in a new process, and returns what it prints."""

    def run(*arguments):
        process = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    return run
