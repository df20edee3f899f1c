"""What is simulated follows from measurements, assumptions and a seed."""

from dataclasses import replace

import pytest

from blockmix.bench.scale.projection import SCENARIOS, Assumptions, assumptions, project

PLAIN = Assumptions(
    images_per_unit=100,
    seconds_per_image=0.01,
    survey_seconds_per_image=0.001,
    spread=0.0,
    driver_seconds=1e-9,
    straggler_share=0.0,
    straggler_factor=5.0,
    restart_seconds=0.0,
    ahead=2,
    seed=0,
    repeats=3,
)


def rows(assumed, scenario, images=8_000, cores=(1, 4)):
    projected = project((images,), cores, assumed)
    return [row for row in projected["rows"] if row["scenario"] == scenario]


def test_without_faults_time_is_work_by_cores():
    for row in rows(PLAIN, "no faults"):
        assert row["hours"]["mean"] == pytest.approx(8_000 * 0.011 / row["cores"] / 3600)
        assert row["efficiency"] == pytest.approx(1)
        assert row["killed"] == row["lost"] == row["failed"] == 0


def test_more_cores_than_units_are_idle():
    (row,) = rows(PLAIN, "no faults", images=300, cores=(1000,))
    assert row["efficiency"] == pytest.approx(3 / 1000)


def test_stragglers_all_slow_are_five_times_the_work():
    all_slow = replace(PLAIN, straggler_share=1.0)
    (fast,), (slow,) = (
        rows(all_slow, name, cores=(4,)) for name in ("no faults", "faults, redone by the cluster")
    )
    assert slow["hours"]["mean"] == pytest.approx(5 * fast["hours"]["mean"], rel=1e-3)


def test_the_same_seed_gives_the_same_rows():
    spread = replace(PLAIN, spread=0.3, straggler_share=0.1)
    assert project((5_000,), (3,), spread) == project((5_000,), (3,), spread)
    assert project((5_000,), (3,), spread) != project((5_000,), (3,), replace(spread, seed=1))


def test_every_scenario_has_its_cores():
    projected = project((1_000,), (1, 1000), PLAIN)
    simulated = {(row["scenario"], row["cores"]) for row in projected["rows"]}
    assert simulated == {
        (scenario.name, cores)
        for scenario in SCENARIOS
        for cores in (1, 1000)
        if cores <= scenario.most_cores
    }


def test_measurements_are_taken_from_large_shards_on_all_workers():
    def mixed(images_per_shard, workers, units):
        runs = [{"units": {"cpu_seconds": units}, "surveys": {"cpu_seconds": [0.5, 0.5]}}]
        return {"images_per_shard": images_per_shard, "workers": workers, "runs": runs}

    mixing = [mixed(50, 1, [9.0]), mixed(50, 2, [9.0]), mixed(100, 1, [9.0])]
    mixing.append(mixed(100, 2, [1.0, 3.0]))
    naps = [
        {"units": 10, "runs": [{"driver_cpu_seconds": seconds} for seconds in (1.0, 2.0, 9.0)]},
        {"units": 10, "runs": [{"driver_cpu_seconds": 1.0}]},
    ]
    assumed = assumptions(mixing, naps, repeats=4)
    assert assumed.seconds_per_image == 0.02
    assert assumed.survey_seconds_per_image == 0.005
    assert assumed.spread == 0.5
    assert assumed.driver_seconds == 0.2
    assert assumed.repeats == 4
