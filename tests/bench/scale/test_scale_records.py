"""Records follow their schema, and the schema explains them."""

import json

import pytest
from schema_properties import properties

from blockmix import InputError
from blockmix.bench.common.drawing import SUFFIXES
from blockmix.bench.scale import figures, records
from blockmix.bench.scale.tables import tables


def test_a_record_follows_the_schema_and_changed_ones_do_not(record, tmp_path):
    records.save(record, tmp_path / records.NAME)
    assert records.load(tmp_path / records.NAME) == record
    for part, name, value in (
        (record, "extra", 1),
        (record["mixing"][0], "workers", 0),
        (record["naps"][0], "executor", "slurm"),
        (record["simulated"]["rows"][0], "efficiency", 1.2),
    ):
        kept = part.get(name)
        part[name] = value
        with pytest.raises(InputError, match="it is not a record of blockmix bench"):
            records.check(record, "it")
        part[name] = kept


def test_a_run_measures_every_shard_and_simulates_every_case(record):
    for row in record["mixing"]:
        assert len(row["runs"]) == 2
        for run in row["runs"]:
            for tasks in (run["units"], run["surveys"]):
                assert len(tasks["seconds"]) == len(tasks["cpu_seconds"]) == row["shards"]
        assert row["job_bytes"] > row["report_bytes"] > 100
    assert [(row["shards"], row["workers"]) for row in record["mixing"]] == [
        *((2, 1), (2, 2), (1, 1), (1, 2))
    ]
    assert [row["window"] for row in record["naps"]] == [4]
    assert len(record["simulated"]["rows"]) == 2 * 2 * len(record["simulated"]["scenarios"])


def test_a_record_becomes_a_figure_and_tables(record, tmp_path):
    paths = figures.draw(record, tmp_path)
    assert [path.name for path in paths] == [f"scale{suffix}" for suffix in SUFFIXES]
    assert all(path.stat().st_size > 0 for path in paths)
    parts = tables(record)
    assert [*parts] == ["scale-mixing", "scale-naps", "scale-assumptions", "scale-simulated"]
    assert "| 2 of 24 images | 1 |" in parts["scale-mixing"]


def test_every_value_of_the_schema_is_explained():
    named = list(properties(json.loads(records.SCALE.schema.read_text())))
    assert len(named) > 60
    unexplained = [name for name, part in named if not {"description", "const"} & {*part}]
    assert unexplained == ["machine", "images", "parameters"]
