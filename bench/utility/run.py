"""A plan from its first run to the record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from blockmix import InputError, WorkError
from blockmix.bench.common import machine
from blockmix.bench.common.checkout import commit
from blockmix.bench.utility.best import best_ways
from blockmix.bench.utility.crew import Options, Say, open_crew
from blockmix.bench.utility.data import Data
from blockmix.bench.utility.jobs import Job, Jobs, Measurement, Run
from blockmix.bench.utility.models import check_device
from blockmix.bench.utility.plan import Plan
from blockmix.bench.utility.records import NAME, UTILITY, save
from blockmix.bench.utility.results import gather
from blockmix.bench.utility.rows import Rows
from blockmix.bench.utility.ways import check_way
from blockmix.support.progress import Progress, no_progress

ROWS, PROTECTION = "rows.jsonl", "protection.jsonl"

Record = dict[str, Any]
DEFAULTS = Options()


def run(
    plan: Plan,
    data: Data,
    output: Path,
    options: Options = DEFAULTS,
    *,
    progress: Progress = no_progress,
    say: Say = lambda line: None,
) -> Record:
    """Carry out a plan, and write the record of all results that there are.

    Results are added to ``rows.jsonl`` and ``protection.jsonl`` as they come. Those that are there
    are not computed again, so a run that was cut short goes on where it was.

    Parameters
    ----------
    plan : Plan
    data : Data
        Of the plan's size, see `blockmix.bench.utility.data.read_data`.
    output : path
        An existing folder.
    options : Options
    progress : callable
        Called with a stage, and how many of its jobs are done.
    say : callable
        Called with lines about what will fit into the budget.

    Returns
    -------
    dict
        The record, see ``schema.json``, which is also in ``utility.json``.

    Raises
    ------
    InputError
        If a label has too few images for a way, or a model cannot be trained, before any training.
    WorkError
        If training diverged in some runs, after all others, whose results are in the record.
    """
    if data.train.images.shape[1:3] != plan.size:
        raise InputError(
            f"images have the size of the plan, {plan.size}, got {data.train.images.shape[1:3]}"
        )
    check_device(options.device)
    for way in plan.ways:
        check_way(way, data.train)
    revision = commit()
    jobs = Jobs(plan, data, options.models or tuple(plan.recipes), options.device)
    first = list(jobs.runs(plan.ways, range(plan.seeds)))
    one_round = len(plan.ways) * len(jobs.models)
    stage: list[Job] = [*first[:one_round], *jobs.measurements(), *first[one_round:]]
    chosen: list[Run] = []
    with open_crew(data, output, options, jobs.models) as crew:
        rows, protection = Rows(output / ROWS), Rows(output / PROTECTION)
        crew.do(stage, rows, protection, progress, say)
        if plan.best_seeds and not crew.left:
            chosen = _runs_of_best(jobs, first, rows, protection)
            crew.do(chosen, rows, protection, progress, say)
    record = _record(jobs, data, [*first, *chosen], rows, protection) | {"commit": revision}
    save(record, output / NAME)
    if crew.diverged:
        raise WorkError(
            f"{len(crew.diverged)} runs have no result, all others are in {output / NAME}: "
            + "; ".join(crew.diverged)
        )
    return record


def _record(jobs: Jobs, data: Data, runs: Sequence[Run], rows: Rows, protection: Rows) -> Record:
    ways, done = _ways(jobs, protection), _done(runs, rows)
    measured = {way["name"]: way["protection"]["seconds"] for way in ways if way["protection"]}
    return {
        "format": UTILITY.name,
        "version": 1,
        "machine": machine.describe(threads=1),
        "versions": jobs.versions,
        "data": data.describe(),
        "plan": _describe(jobs.plan, jobs.models),
        "ways": ways,
        "rows": done,
        "seconds": sum(row["seconds"] for row in done) + sum(measured.values()),
    }


def _describe(plan: Plan, models: Sequence[str]) -> dict[str, Any]:
    recipes = {model: plan.recipe(model).describe() for model in models}
    return {
        "name": plan.name,
        "recipe": recipes[models[0]],
        "recipes": recipes,
        "seeds": plan.seeds,
        "best_seeds": plan.best_seeds,
    }


def _ways(jobs: Jobs, protection: Rows) -> list[dict[str, Any]]:
    return [
        way.describe() | {"protection": _protection_of(jobs.measurement(way), protection)}
        for way in jobs.plan.ways
    ]


def _protection_of(measurement: Measurement, protection: Rows) -> dict[str, Any] | None:
    row = protection.by_key.get(measurement.key)
    measured: dict[str, Any] | None = row and row["protection"]
    return measured


def _done(runs: Sequence[Run], rows: Rows) -> list[dict[str, Any]]:
    return [rows.by_key[run.key] for run in runs if run.key in rows.by_key]


def _runs_of_best(jobs: Jobs, first: Sequence[Run], rows: Rows, protection: Rows) -> list[Run]:
    """Return runs with seeds that had no part in choosing."""
    plan = jobs.plan
    best = best_ways(
        gather(
            {
                "plan": _describe(plan, jobs.models),
                "ways": _ways(jobs, protection),
                "rows": _done(first, rows),
            }
        )
    )
    seeds = range(plan.seeds, plan.seeds + plan.best_seeds)
    return [run for run in jobs.runs(plan.ways, seeds) if (run.model, run.way.name) in best]
