"""The check of a GPU, on a machine without one."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_tests_for_a_gpu_can_be_collected():
    """They run only on a GPU, so at least they are collected without one."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/gpu"]
    process = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert process.returncode == 0, process.stdout
    assert re.search(r"[5-9]\d tests collected", process.stdout)


def test_the_check_says_what_it_needs():
    """Without a GPU it prints a line and exits with 2."""
    command = [sys.executable, "-m", "blockmix.bench.gpu.check"]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    process = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, check=False, env=environment
    )
    assert process.returncode == 2, process.stderr
    assert "This needs a GPU that numba-cuda, CuPy and torch can use." in process.stdout


def test_a_python_without_any_library_gets_the_same_line():
    """Started with -S, Python finds its standard library and the checkout, and nothing else."""
    command = [sys.executable, "-S", "-m", "blockmix.bench.gpu.check"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, check=False, env=environment
    )
    assert process.returncode == 2, process.stderr
    assert process.stderr == ""
    *reason, needed = process.stdout.splitlines()
    assert len(reason) == 1
    assert "No module named" in reason[0]
    assert needed == "This needs a GPU that numba-cuda, CuPy and torch can use."
