"""The benchmarks compare equals, and record what they claim to."""

import json
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from builders import random_images

from blockmix import BlockMixer
from blockmix.bench import peers
from blockmix.bench.alternation import shares
from blockmix.bench.cases import CASES, FULL, TABLE
from blockmix.bench.machine import LIBRARIES
from blockmix.bench.rows import ROWS

ROOT = Path(__file__).parents[1]
BLOCKS = pytest.mark.parametrize("block", [(8, 12), (4, 4), (2, 3), (1, 1)])


def run_python(*arguments):
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def images():
    return random_images(12, 8, 12, 3)


@pytest.fixture
def out(images):
    return np.zeros_like(images)


@pytest.fixture
def plan(key, block):
    return BlockMixer(block=block, key=key).plan([0] * 12, 8, 12)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_copy(images, out, threads):
    with ThreadPoolExecutor(threads) as pool:
        peers.copy_in_threads(images, out, pool, threads)
    assert np.array_equal(images, out)


@BLOCKS
@pytest.mark.parametrize("peer", [peers.mix_in_numpy, peers.take_lines_in_numpy])
def test_numpy(peer, plan, images, out):
    peer(images, plan.sources, out)
    assert np.array_equal(out, plan.apply(images))


@BLOCKS
@pytest.mark.parametrize("peer", [peers.mix_in_torch, peers.take_lines_in_torch])
def test_torch(torch, peer, plan, images, out):
    peer(*map(torch.from_numpy, (images, plan.sources.astype(np.int64), out)))
    assert np.array_equal(out, plan.apply(images))


def test_every_case_has_a_name_and_an_even_grid():
    assert len(CASES) == len(TABLE) + len(FULL)
    for case in CASES.values():
        height, width = case.height_and_width
        assert height % case.block == width % case.block == 0
        assert set(case.rows) <= set(ROWS)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_case_can_be_mixed_at_any_scale(case):
    for factor in (1e-6, 0.01, 1):
        scaled = case.scaled(factor)
        counts = np.bincount(scaled.label_array(), minlength=scaled.labels)
        assert len(counts) == scaled.labels
        assert counts.min() > 10
    assert case.scaled(1) == case


def test_shares_compare_each_time_with_the_copy_before_it():
    # The machine slows down threefold on the way; the row takes twice the copy's time throughout.
    result = shares([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert (result["median_s"], result["copy_median_s"]) == (4, 2)
    assert result["quartiles_s"] == [3, 5]
    assert result["share_of_copy"] == 0.5
    assert result["share_quartiles"] == [0.5, 0.5]


@pytest.fixture(scope="module")
def record_file(tmp_path_factory):
    """What ``make bench`` writes, of a few images in one grid."""
    path = tmp_path_factory.mktemp("bench") / "bench.json"
    chosen = "test_row[64 blocks-"
    rows = [f"bench/bench_mix.py::{chosen}{row}]" for row in ("copy", "draw", "mix", "numpy")]
    options = ["--benchmark-only", f"--benchmark-json={path}", "--scale=0.004"]
    run_python("-m", "pytest", *rows, *options)
    return path


def test_record_compares_rows_with_the_copy(record_file):
    record = json.loads(record_file.read_text())
    rows = {benchmark["extra_info"]["row"]: benchmark for benchmark in record["benchmarks"]}
    assert list(rows) == ["copy", "draw", "mix", "numpy"]
    for name, row in rows.items():
        info = row["extra_info"]
        assert len(info["copy_s"]) == len(row["stats"]["data"]) == ROWS[name].times
        assert info["median_s"] == row["stats"]["median"]
        assert (info["images"], info["blocks"], info["shape"]) == (20, 64, [192, 192, 3])


def test_record_names_versions_and_commit_but_nobody(record_file):
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


def test_summary_has_a_line_for_each_case(record_file):
    summary = run_python("-m", "blockmix.bench.summary", str(record_file))
    (line,) = [line for line in summary.splitlines() if line.strip().startswith("64 blocks")]
    assert "- " not in line
    assert "torch" not in summary.split("64 blocks")[0].splitlines()[-1]  # it was not timed
    assert "numba" in summary


def test_mixing_takes_little_memory_beside_input_and_output():
    # A copy of the images would be 50 %, and the map is 1 % here. What is left is the same for
    # any number of images, and would be less than 1 % of a set worth measuring.
    code = "from blockmix.bench.memory import growth; print(growth(2000, 96, 12, 1))"
    assert float(run_python("-c", code)) < 0.2
