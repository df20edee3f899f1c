"""Settings that numba cannot work with are errors that name the way out, never tracebacks."""

import os
import subprocess
import sys

import pytest
from builders import read_tree, write_images

SETTINGS = [
    ("NUMBA_DISABLE_JIT", "1", "need numba's compiler: unset NUMBA_DISABLE_JIT"),
    ("NUMBA_THREADING_LAYER", "none", "correct or unset NUMBA_THREADING_LAYER"),
    ("NUMBA_THREADING_LAYER_PRIORITY", "none", "correct or unset NUMBA_THREADING_LAYER"),
    ("NUMBA_NUM_THREADS", "0", "numba, which cannot be imported (ValueError: Number of threads"),
]
# Mixes in memory in a process of its own.
SCRIPT = """
import numpy as np
import blockmix

try:
    blockmix.mix(np.zeros((2, 1, 1), np.uint8), [0, 0], block=1, sources=1)
except blockmix.InputError as error:
    print(error)
"""


def python(*arguments, cwd=None, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(("name", "value", "message"), SETTINGS)
def test_settings_of_numba_that_rule_out_mixing(name, value, message):
    done = python("-c", SCRIPT, **{name: value})
    assert (done.returncode, done.stderr) == (0, "")
    assert message in done.stdout


@pytest.mark.parametrize("command", [["info"], ["mix", "src", "dst", "--block", "4x4"]])
@pytest.mark.parametrize(("name", "value", "message"), [SETTINGS[0], SETTINGS[-1]])
def test_the_command_line_reports_them_in_one_line(tmp_path, command, name, value, message):
    write_images(tmp_path / "src", {"cat": 12})
    before = read_tree(tmp_path)
    done = python("-m", "blockmix", *command, cwd=tmp_path, **{name: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.startswith("blockmix: ")
    assert done.stderr.count("\n") == 1
    assert read_tree(tmp_path) == before


@pytest.mark.parametrize(
    ("module", "way_out"),
    [
        ("numba", "): pip install numba\n"),
        ("llvmlite.binding", "install it anew by pip install --force-reinstall numba\n"),
    ],
)
def test_numba_is_missing_or_broken(module, way_out):
    hide = f"import sys; sys.modules[{module!r}] = None\n"
    done = python("-c", hide + SCRIPT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "numba, which cannot be imported (ModuleNotFoundError: " in done.stdout
    assert way_out in done.stdout


def test_forecasts_need_no_compiler():
    done = python("-m", "blockmix", "forecast", "--class-size", "100", NUMBA_DISABLE_JIT="1")
    assert (done.returncode, done.stderr) == (0, "")
