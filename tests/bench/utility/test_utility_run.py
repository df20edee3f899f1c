"""Plans from their first run to the record: order, resume, budget, the best ways."""

import fcntl
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from blockmix import BlockGrid, InputError, WorkError
from blockmix.bench.utility.generated import generated_data
from blockmix.bench.utility.jobs import Jobs, Run
from blockmix.bench.utility.plan import Plan, Recipe, Way

ROOT = Path(__file__).parents[3]
SIZE = (32, 32)
PLAN = Plan(
    "test",
    SIZE,
    (Way("mixup", strength=1.0), Way("cutmix", strength=1.0)),
    {"small-resnet": Recipe(epochs=1, batch=32)},
    seeds=2,
)
KILLED_RUN = """
import sys
from pathlib import Path
from blockmix.bench.utility.generated import generated_data
from blockmix.bench.utility.run import Options, run
from test_utility_run import PLAN, SIZE

if __name__ == "__main__":
    def progress(stage, done, total):
        print(done, flush=True)
    run(PLAN, generated_data(SIZE, 0), Path(sys.argv[1]), Options(processes=1), progress=progress)
"""


def without_seconds(row):
    return row | {"seconds": None}


@pytest.fixture(scope="module")
def data():
    return generated_data(SIZE, 0)


@pytest.fixture
def run(torch):
    from blockmix.bench.utility.run import run

    return run


@pytest.fixture
def options(torch):
    from blockmix.bench.utility.run import Options

    return Options(processes=1)


@pytest.fixture
def killed_after_a_row(tmp_path):
    """A folder of results of a run that was killed after its first row."""
    output = tmp_path / "out"
    output.mkdir()
    script = tmp_path / "killed_run.py"
    script.write_text(KILLED_RUN)
    with subprocess.Popen(
        [sys.executable, script, output],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": f"{ROOT}:{Path(__file__).parent}:{ROOT / 'tests'}", "PATH": "/usr/bin"},
    ) as process:
        for line in process.stdout:
            if int(line) == 1:
                process.kill()
    return output


def test_a_run_that_was_killed_goes_on_with_the_same_rows(
    run, options, data, killed_after_a_row, torch
):
    """And with those of a run in one go, in another process."""
    from blockmix.bench.utility.train import train_one

    rows = killed_after_a_row / "rows.jsonl"
    before = rows.read_bytes()
    first = json.loads(before.splitlines()[0])
    rows.write_bytes(before + before[:40])  # cut off by another kill
    record = run(PLAN, data, killed_after_a_row, options)
    assert rows.read_bytes().startswith(before)
    assert record["rows"][0] == first
    assert [(row["way"], row["seed"]) for row in record["rows"]] == [
        (way.name, seed) for seed in (0, 1) for way in PLAN.ways
    ]
    torch.set_num_threads(1)
    for row in record["rows"]:
        (way,) = (way for way in PLAN.ways if way.name == row["way"])
        expected = train_one(data, way, row["model"], PLAN.recipe(row["model"]), row["seed"])
        added = {"key": row["key"], "cpu": record["machine"]["cpu"]}
        assert without_seconds(row) == without_seconds(expected) | added
    lines = rows.read_text().splitlines()
    assert sorted(json.loads(line)["key"] for line in lines) == sorted(
        row["key"] for row in record["rows"]
    )
    assert not (killed_after_a_row / ".images").exists()


def test_what_will_not_end_in_time_is_not_started(run, options, data, tmp_path):
    said = []
    plan = Plan(
        "test", SIZE, PLAN.ways[:1], {"small-resnet": Recipe(epochs=10_000, batch=16)}, seeds=1
    )
    record = run(plan, data, tmp_path, options._replace(budget=30), say=said.append)
    assert record["rows"] == []
    assert said == [
        "1 of 2 runs and measurements did not fit into the budget: start again with --resume"
    ]


def test_a_run_that_diverges_does_not_stop_the_others(run, options, data, tmp_path):
    diverging = "utility_models:Diverging"
    chosen = options._replace(models=("small-resnet", diverging))
    plan = replace(PLAN, seeds=1, recipes={**PLAN.recipes, diverging: Recipe(epochs=1, batch=32)})
    with pytest.raises(WorkError, match=r"2 runs have no result.*on 'mixup 1'.*on 'cutmix 1'"):
        run(plan, data, tmp_path, chosen)
    rows = json.loads((tmp_path / "utility.json").read_text())["rows"]
    assert [(row["way"], row["model"]) for row in rows] == [
        ("mixup 1", "small-resnet"),
        ("cutmix 1", "small-resnet"),
    ]


def test_models_are_refused_before_any_training(run, options, data, tmp_path):
    for name in ("absent_module:model", "ResNet18"):
        with pytest.raises(InputError, match=name):
            run(PLAN, data, tmp_path, options._replace(models=("small-resnet", name)))
    assert not (tmp_path / "rows.jsonl").exists()


def test_two_runs_do_not_write_to_one_folder(run, options, data, tmp_path):
    (tmp_path / ".images").mkdir()
    rows, lock = tmp_path / "rows.jsonl", tmp_path / ".images" / "lock"
    rows.write_text('{"key": "being writ')
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(InputError, match=r"another run is writing to .*: wait for it"):
            run(PLAN, data, tmp_path, options)
    assert lock.exists()
    assert rows.read_text() == '{"key": "being writ'


def test_ways_and_sizes_are_refused_before_any_training(run, options, data, tmp_path):
    too_many = Plan("test", SIZE, (Way("mixing", BlockGrid.even(*SIZE, 8), 200),))
    with pytest.raises(InputError, match="but 200 sources need 201"):
        run(too_many, data, tmp_path, options)
    with pytest.raises(InputError, match=r"size of the plan, \(64, 64\), got \(32, 32\)"):
        run(Plan("test", (64, 64), PLAN.ways), data, tmp_path, options)
    assert not any(tmp_path.iterdir())


MIXED = Way("mixing", BlockGrid.even(*SIZE, 8), augmentation=("flip",))


class TestJobs:
    def test_seeds_are_outermost(self, data):
        jobs = Jobs(PLAN, data, ("small-resnet", "VGG16"), "cpu")
        runs = list(jobs.runs(PLAN.ways, range(2)))
        assert [(run.seed, run.model, run.way) for run in runs] == [
            (seed, model, way)
            for seed in range(2)
            for model in ("small-resnet", "VGG16")
            for way in PLAN.ways
        ]
        assert len({run.key for run in runs}) == len(runs)

    def test_a_model_that_is_named_twice_is_trained_once(self, data):
        twice = Jobs(PLAN, data, ("VGG16", "small-resnet", "VGG16"), "cpu")
        assert [run.model for run in twice.runs(PLAN.ways[:1], [0])] == ["VGG16", "small-resnet"]

    def test_keys_depend_on_what_decides_a_row(self, data):
        def key(plan=PLAN, data=data, model="small-resnet", device="cpu"):
            return next(Jobs(plan, data, (model,), device).runs(PLAN.ways, [0])).key

        longer = Plan("test", SIZE, PLAN.ways, {"small-resnet": Recipe(epochs=2, batch=32)})
        more = Plan("another name", SIZE, (*PLAN.ways, MIXED), PLAN.recipes, seeds=9)
        assert key(more) == key()
        changed = [
            key(longer),
            key(data=generated_data(SIZE, 0.1)),
            key(model="VGG16"),
            key(device="cuda"),
        ]
        assert len({key(), *changed}) == 5

    def test_what_is_published_is_measured_once(self, data):
        ways = (Way("mixup", strength=1.0), MIXED.published(), MIXED, Way("original"))
        jobs = Jobs(Plan("test", SIZE, ways), data, ("small-resnet",), "cpu")
        measurements = list(jobs.measurements())
        assert [item.way for item in measurements] == [ways[0], MIXED.published(), ways[3]]
        assert jobs.measurement(MIXED).key == measurements[1].key

    def test_work_is_counted_in_images(self, data):
        ways = (MIXED, Way("original", augmentation=("flip",), same_epochs=True))
        plan = Plan("test", SIZE, ways, PLAN.recipes)
        once, twice = Jobs(plan, data, ("small-resnet",), "cpu").runs(ways, [0])
        assert isinstance(once, Run)
        assert (once.work, twice.work) == (160, 320)
