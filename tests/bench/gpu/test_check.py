"""The check of a GPU, where none is."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_tests_for_a_gpu_can_be_collected():
    """They run nowhere else than on a GPU, so that much is seen here."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/gpu"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"[5-9]\d tests collected", done.stdout)


def test_the_check_says_what_it_needs():
    """Where no GPU is: a line, and exit code 2."""
    command = [sys.executable, "-m", "blockmix.bench.gpu.check"]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, check=False, env=environment
    )
    assert done.returncode == 2, done.stderr
    assert "This needs a GPU that numba-cuda, CuPy and torch can use." in done.stdout
