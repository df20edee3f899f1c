"""Figures come out the same whatever backend and settings their user has for matplotlib."""

import json
import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

from blockmix import InputError
from blockmix.bench.curves import figures as bench_figures
from blockmix.privacy.report import figures as report_figures
from blockmix.support.extras import installation, load

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "text.usetex": True,
    "font.family": ["serif"],
    "savefig.bbox": "tight",
    "figure.dpi": 30,
    "figure.facecolor": "yellow",
    "lines.linewidth": 9,
}
# Draws in a process of its own, and tells what others in it find of matplotlib's state.
SCRIPT = """
import io, os, sys
from blockmix.privacy.report.figures import load_matplotlib

matplotlib = load_matplotlib()
figure = matplotlib.figure.Figure()
figure.subplots().plot([0, 1])
figure.savefig(io.BytesIO(), format="svg")
backend = dict.__getitem__(matplotlib.rcParams, "backend")
print(os.environ["MPLBACKEND"], backend, "matplotlib.pyplot" in sys.modules)
"""


def drawn_with(backend, code=SCRIPT):
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MPLBACKEND": backend},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize("backend", ["Qt9Agg", "module.of_a_notebook"])
def test_an_unknown_backend_is_not_needed(backend):
    kept, *_, shows = drawn_with(backend)
    assert (kept, shows) == (backend, "False")


def test_a_known_backend_is_there_for_others():
    assert drawn_with("pdf") == ["pdf", "pdf", "False"]
    later = "matplotlib.use('svg')\nload_matplotlib()\nbackend ="
    assert drawn_with("pdf", SCRIPT.replace("backend =", later, 1)) == ["pdf", "svg", "False"]


def test_figures_of_a_record_are_the_same_whatever_is_set(tmp_path, monkeypatch):
    (path,) = ROOT.glob("bench/results/*-curves/curves.json")
    record = json.loads(path.read_text())
    figures = {"figure-14": bench_figures.FIGURES["figure-14"]}
    monkeypatch.setattr(bench_figures, "FIGURES", figures)
    plain, odd = tmp_path / "plain", tmp_path / "odd"
    for folder, settings in ((plain, {}), (odd, SETTINGS)):
        folder.mkdir()
        with matplotlib.rc_context(settings):
            bench_figures.draw(record, folder)
            assert all(matplotlib.rcParams[name] == value for name, value in settings.items())
    for name in ("figure-14.png", "figure-14.svg"):
        assert (plain / name).read_bytes() == (odd / name).read_bytes()


def test_figures_of_a_report_are_the_same_whatever_is_set(monkeypatch):
    monkeypatch.setattr(report_figures, "_DRAWINGS", {"similarity": report_figures._similarity})
    ssim = {"value": 0.5, "low": 0.4, "high": 0.6}
    report = {"similarity": {"ssim": ssim, "ssim_floor": {"value": 0.25}}}
    plain = report_figures.draw_figures(report)
    with matplotlib.rc_context(SETTINGS):
        assert report_figures.draw_figures(report) == plain


def test_a_library_that_cannot_be_imported_is_an_input_error(tmp_path, monkeypatch):
    """Such as matplotlib with a settings file that is not UTF-8."""
    (tmp_path / "broken_library.py").write_text("raise OSError('no settings')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=r"broken_library cannot be imported \(OSError: no sett"):
        load("broken_library", "this test needs it", "plot")


def test_the_environment_is_whole_after_a_failed_import():
    code = """
import os, sys
from blockmix import InputError
from blockmix.bench.common.drawing import load_matplotlib

sys.modules["matplotlib.figure"] = None
try:
    load_matplotlib()
except InputError as error:
    print(os.environ["MPLBACKEND"], error)
"""
    expected = f"Qt9Agg the figures are drawn by matplotlib: {installation('plot')}"
    assert drawn_with("Qt9Agg", code) == expected.split()
