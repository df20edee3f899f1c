"""The suites of pytest-benchmark write a record, and the summary shows it."""

import json
import platform
from pathlib import Path

import pytest

from blockmix.bench.common.machine import LIBRARIES
from blockmix.bench.speed import resizing
from blockmix.bench.speed.rows import ROWS

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def record_file(tmp_path_factory, run_python):
    """The record of ``make bench`` for a few images, in one grid and of one size."""
    path = tmp_path_factory.mktemp("bench") / "bench.json"
    case = "bench/suites/bench_mix.py::test_row[64 blocks-"
    rows = [f"{case}{row}]" for row in ("copy", "draw", "mix", "numpy")]
    rows.append("bench/suites/bench_resize.py::test_resize[128]")
    options = ["--benchmark-only", f"--benchmark-json={path}", "--scale=0.02"]
    run_python("-m", "pytest", *rows, *options)
    return path


@pytest.fixture
def rows(record_file):
    """The record of each row."""
    record = json.loads(record_file.read_text())
    return {benchmark["extra_info"]["row"]: benchmark for benchmark in record["benchmarks"]}


def test_record_compares_rows_with_the_copy(rows):
    assert list(rows) == ["copy", "draw", "mix", "numpy", "resize"]
    del rows["resize"]
    for name, row in rows.items():
        info = row["extra_info"]
        assert len(info["copy_s"]) == len(row["stats"]["data"]) == ROWS[name].repeats
        assert info["median_s"] == row["stats"]["median"]
        assert (info["images"], info["blocks"], info["shape"]) == (100, 64, [192, 192, 3])


def test_record_compares_resizing_with_pillow(rows):
    info = rows["resize"]["extra_info"]
    assert (info["images"], info["shape"], info["threads"]) == (1, [128, 128, 3], 1)
    assert len(info["pillow_s"]) == len(rows["resize"]["stats"]["data"]) == resizing.REPEATS
    assert info["median_s"] == rows["resize"]["stats"]["median"]
    low, high = info["times_as_fast_quartiles"]
    assert low <= info["times_as_fast"] <= high


def test_record_names_versions_and_commit_but_no_person(record_file):
    record = json.loads(record_file.read_text())
    machine = record["machine_info"]
    assert set(LIBRARIES) == set(machine["versions"])
    assert machine["threads"] >= 1
    assert machine["threading_layer"] in ("tbb", "omp", "workqueue")
    assert set(record["commit_info"]) == {"id", "time", "dirty"}
    assert "node" not in machine
    text = record_file.read_text()
    assert str(ROOT) not in text
    assert str(Path.home()) not in text
    assert f'"{platform.node()}"' not in text


def test_summary_has_a_line_for_each_case(record_file, run_python):
    summary = run_python("-m", "blockmix.bench.speed.summary", str(record_file))
    (line,) = [line for line in summary.splitlines() if line.strip().startswith("64 blocks")]
    assert "- " not in line
    assert "torch" not in summary.split("64 blocks")[0].splitlines()[-1]  # it was not timed
    assert "numba" in summary
    (resizing_line,) = [line for line in summary.splitlines() if line.startswith("128 x 128")]
    assert "- " not in resizing_line
