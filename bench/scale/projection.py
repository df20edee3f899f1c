"""Which sets, clusters and faults are simulated, and under which assumptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import repeat
from math import inf, log1p, sqrt
from statistics import mean, median, pstdev
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blockmix.bench.scale.simulator import Cluster, Outcome, Redo, simulate

# Units in the window for each core, as `open_workers` has it.
AHEAD = 2
_HOUR = 3600.0
# Random numbers that are drawn at once, as drawing one takes as long as simulating a unit.
_BATCH = 1000


@dataclass(frozen=True)
class Assumptions:
    """What the simulation takes for granted; the schema of the record explains each field."""

    images_per_unit: int
    seconds_per_image: float
    survey_seconds_per_image: float
    spread: float
    driver_seconds: float
    straggler_share: float
    straggler_factor: float
    restart_seconds: float
    ahead: int
    seed: int
    repeats: int


class Scenario(NamedTuple):
    """Faults, who repairs them, and up to how many cores there may be."""

    name: str
    has_stragglers: bool
    kills_per_core_hour: float
    redo: Redo
    most_cores: int


SCENARIOS = (
    Scenario("no faults", False, 0.0, Redo.CLUSTER, 1000),
    Scenario("faults, redone by the cluster", True, 0.05, Redo.CLUSTER, 1000),
    Scenario("faults, redone by the driver", True, 0.05, Redo.DRIVER, 1000),
    Scenario("ten times the kills, redone by the driver", True, 0.5, Redo.DRIVER, 1000),
    # Processes of one machine, which has no thousand cores.
    Scenario("faults, process pool", True, 0.05, Redo.POOL, 100),
)


def assumptions(
    mixing: Sequence[dict[str, Any]], naps: Sequence[dict[str, Any]], repeats: int
) -> Assumptions:
    """Take from the measurements what they say, and assume the rest.

    Units are those of the largest shards by the most workers, as all cores of a cluster are busy.
    They take their CPU time: a machine that others use too would make them seem longer. The driver
    is that of the executor that takes most of its time.
    """
    row = max(mixing, key=lambda row: (row["images_per_shard"], row["workers"]))
    units, surveys = (
        [seconds for run in row["runs"] for seconds in run[kind]["cpu_seconds"]]
        for kind in ("units", "surveys")
    )
    return Assumptions(
        images_per_unit=10_000,
        seconds_per_image=mean(units) / row["images_per_shard"],
        survey_seconds_per_image=mean(surveys) / row["images_per_shard"],
        spread=pstdev(units) / mean(units),
        driver_seconds=max(map(driver_seconds, naps)),
        straggler_share=0.02,
        straggler_factor=5.0,
        restart_seconds=30.0,
        ahead=AHEAD,
        seed=0,
        repeats=repeats,
    )


def driver_seconds(row: dict[str, Any]) -> float:
    """Median CPU time of the driver for a unit that sleeps."""
    return median(run["driver_cpu_seconds"] for run in row["runs"]) / int(row["units"])


def project(images: Sequence[int], cores: Sequence[int], assumed: Assumptions) -> dict[str, Any]:
    """Simulate every set on every cluster in every scenario."""
    return {
        "assumptions": asdict(assumed),
        "scenarios": [scenario._asdict() | {"redo": scenario.redo.value} for scenario in SCENARIOS],
        "rows": [
            _row(set_images, cluster_cores, scenario, assumed)
            for scenario in SCENARIOS
            for set_images in images
            for cluster_cores in cores
            if cluster_cores <= scenario.most_cores
        ],
    }


def _row(images: int, cores: int, scenario: Scenario, assumed: Assumptions) -> dict[str, Any]:
    """The mean of some runs, which differ in their random numbers."""
    cluster = Cluster(
        cores=cores,
        window=assumed.ahead * cores,
        driver_seconds=assumed.driver_seconds,
        restart_seconds=assumed.restart_seconds,
        redo=scenario.redo,
    )
    hours, efficiencies, outcomes = [], [], []
    for number in range(assumed.repeats):
        # The same units in every scenario and on every cluster.
        rng = np.random.default_rng((assumed.seed, number, images))
        stages = _stages(-(-images // assumed.images_per_unit), scenario, assumed, rng)
        lifetimes = _lifetimes(scenario.kills_per_core_hour / _HOUR, rng)
        stage_outcomes = [simulate(stage.tolist(), cluster, lifetimes) for stage in stages]
        seconds = sum(outcome.seconds for outcome in stage_outcomes)
        hours.append(seconds / _HOUR)
        efficiencies.append(sum(float(stage.sum()) for stage in stages) / cores / seconds)
        outcomes += stage_outcomes
    return {
        "scenario": scenario.name,
        "images": images,
        "cores": cores,
        "hours": {"mean": mean(hours), "low": min(hours), "high": max(hours)},
        "efficiency": mean(efficiencies),
        **{name: _a_run(outcomes, name, assumed) for name in ("killed", "lost", "failed")},
    }


def _a_run(outcomes: Sequence[Outcome], name: str, assumed: Assumptions) -> float:
    return float(sum(getattr(outcome, name) for outcome in outcomes)) / assumed.repeats


def _stages(
    units: int, scenario: Scenario, assumed: Assumptions, rng: np.random.Generator
) -> list[npt.NDArray[np.float64]]:
    """Seconds of each look at a shard, and of each unit; the driver waits between these stages."""
    sigma = sqrt(log1p(assumed.spread**2))
    stages = []
    for seconds_per_image in (assumed.survey_seconds_per_image, assumed.seconds_per_image):
        # Lognormal, of mean 1.
        factors = rng.lognormal(-(sigma**2) / 2, sigma, units)
        slow = rng.random(units) < assumed.straggler_share
        if scenario.has_stragglers:
            factors[slow] *= assumed.straggler_factor
        stages.append(assumed.images_per_unit * seconds_per_image * factors)
    return stages


def _lifetimes(kills_per_second: float, rng: np.random.Generator) -> Iterator[float]:
    if kills_per_second == 0:
        yield from repeat(inf)
    while True:
        yield from rng.exponential(1 / kills_per_second, _BATCH).tolist()
