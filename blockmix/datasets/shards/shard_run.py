"""One run on shards: survey, plan, units, record. Units are done by whatever workers there are."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from blockmix.arrays.location import HOST
from blockmix.backends.dispatch import choose
from blockmix.datasets.engines.carried_key import CarriedKey
from blockmix.datasets.engines.tasks import Failure, run_tasks
from blockmix.datasets.engines.workers import Workers
from blockmix.datasets.options import RunOptions
from blockmix.datasets.plan import mixing_parameters
from blockmix.datasets.shards.mix_unit import RunJob, UnitJob, UnitReport, mix_unit, unit_key
from blockmix.datasets.shards.shard_plan import (
    SetFacts,
    ShardPlan,
    combine,
    fingerprints,
    make_shard_plan,
)
from blockmix.datasets.shards.shard_summary import ShardSummary
from blockmix.datasets.shards.shard_survey import ShardSurvey, SurveyJob, survey_shard
from blockmix.datasets.shards.state import RECORD, WORK, RunState
from blockmix.datasets.shards.storage import FileInfo, is_local, join, shown, store_of
from blockmix.datasets.shards.urls import suffix_of
from blockmix.datasets.stage_seconds import StageSeconds
from blockmix.datasets.time_stamp import time_stamp
from blockmix.errors import InputError, Setting, WorkError
from blockmix.key_file import KeyFile
from blockmix.mixer import BlockMixer
from blockmix.support.cores import cores
from blockmix.support.progress import Progress
from blockmix.support.text import count

_SHARD = re.compile(r"shard-(\d{6,})\.(\w+)")
_DRIVERS = f"{WORK}/drivers/"
# Reasons that an error shows; the state has all of them.
_SHOWN_FAILURES = 5


@dataclass(frozen=True)
class ShardRun:
    """What a user asks for, checked."""

    urls: list[str]  # of all shards, sorted
    dst: str
    label: str
    mixer: BlockMixer  # with the key of the run
    key_file: KeyFile | None  # where workers find that key
    options: RunOptions
    overwrite: bool
    resume: bool


def plan_shards(run: ShardRun, workers: Workers, progress: Progress) -> ShardPlan:
    """Look at every shard, and decide."""
    surveys = _survey(run, workers, progress)
    facts = combine(run.urls, surveys, run.mixer, run.options.on_error)
    return _plan(run, facts)


def mix_all(run: ShardRun, workers: Workers, progress: Progress) -> ShardSummary:
    """Mix all shards; `mix_shards` documents what may be raised."""
    started = time.perf_counter()
    choose(HOST, None)  # an error if nothing can mix here, before anything is written
    if run.key_file is None and run.mixer.key.is_private and not workers.is_guarded:
        raise InputError(
            "the connection to the workers is not encrypted, so keys must not travel there: pass "
            "key=KeyFile(path) with a key file that every worker has, or connect by TLS"
        )
    state = RunState(run.dst)
    if is_local(run.dst) and os.path.lexists(run.dst) and not os.path.isdir(run.dst):
        raise InputError(f"{run.dst} is not a folder: name a folder, or a new one")
    if run.overwrite or run.resume:
        state.lease.refuse_living()  # now, not when all shards have been looked at
    unfinished = _check_destination(run, state)
    seconds = StageSeconds("survey", "read", "decode", "draw", "gather", "encode", "write")
    with seconds.measure("survey"):
        if unfinished is None:
            plan = plan_shards(run, workers, progress)
        else:
            plan = _plan(run, _kept_facts(run, unfinished))
    finished = state.record() if run.resume and unfinished is None else None
    earlier = unfinished or finished
    if earlier is not None and earlier["run"] != plan.run:
        raise _other_run(run)
    reports: dict[int, UnitReport] = {}
    written = 0
    if finished is not None:
        record = finished
        state.tidy()
    else:
        with state.lease.held():
            _take(run, state, plan)
            reports = _reports_of_done(state, plan.run)
            written = _do_units(run, plan, state, workers, progress, reports, seconds)
            record = _final_record(plan, reports)
            state.finish(record, time_stamp(plan.run))
    return ShardSummary(
        images=sum(record["labels"].values()),
        written=written,
        skipped=tuple(_skipped(run, plan, reports)),
        seconds=time.perf_counter() - started,
        stage_seconds=dict(seconds),
        record=record,
    )


def _survey(run: ShardRun, workers: Workers, progress: Progress) -> list[ShardSurvey]:
    surveys: dict[str, ShardSurvey] = {}
    jobs = [SurveyJob(url, run.label) for url in run.urls]
    for job, result in run_tasks(workers, survey_shard, jobs):
        if isinstance(result, Failure):
            error = InputError if result.is_input else WorkError
            raise error(f"{shown(job.url)} cannot be read: {result.reason}")
        surveys[job.url] = result
        progress("check", len(surveys), len(jobs))
    return [surveys[url] for url in run.urls]


def _plan(run: ShardRun, facts: SetFacts) -> ShardPlan:
    return make_shard_plan(run.mixer, run.options, run.label, suffix_of(run.urls[0]), facts)


def _check_destination(run: ShardRun, state: RunState) -> dict[str, Any] | None:
    """Refuse a destination that could cost somebody files; return the run to be resumed there."""
    names = [name for name in state.store.sizes(run.dst) if not name.startswith(_DRIVERS)]
    unfinished = state.read()
    if run.overwrite:
        record = state.record() if unfinished is None else unfinished["record"]
        foreign = [name for name in names if not _is_ours(name, record)]
        if foreign:
            raise InputError(
                f"{shown(run.dst)} holds {foreign[0]}, which was not written by a run on shards, "
                "so overwrite will not empty it: name a new folder"
            )
        return None
    if run.resume and (unfinished is not None or _is_complete(names, state)):
        return unfinished
    if names:
        raise InputError(
            f"{shown(run.dst)} is not empty: name a new folder, or pass ",
            Setting("overwrite", True),
            " to replace an earlier result of blockmix, or ",
            Setting("resume", True),
            " to continue one",
        )
    return None


def _is_complete(names: list[str], state: RunState) -> bool:
    """Whether a destination holds the result of a run on shards, and nothing else."""
    record = state.record()
    return bool(names) and all(_is_ours(name, record) for name in names)


def _is_ours(name: str, record: dict[str, Any] | None) -> bool:
    """Whether a file of a destination belongs to the run of this record."""
    if record is None or not isinstance(record.get("shards"), dict):
        return False
    shards = record["shards"]
    number = _SHARD.fullmatch(name)
    if number is None:
        return name == RECORD or name.startswith(f"{WORK}/")
    return bool(int(number[1]) < shards["count"] and number[2] == shards["format"])


def _take(run: ShardRun, state: RunState, plan: ShardPlan) -> None:
    """Begin, or go on with, the run of a plan in a destination that this driver has alone."""
    try:
        unfinished = _check_destination(run, state)  # again: time has passed
    except InputError:
        if state.read() is None:
            state.lease.remove()
            state.store.remove_empty(join(run.dst, WORK))
        raise
    if unfinished is None:
        if run.overwrite:
            _clear(state)
        state.begin({"run": plan.run, "facts": plan.facts.to_json(), "record": plan.record})
    elif unfinished["run"] != plan.run:
        raise _other_run(run)
    state.let_write(plan.run)
    state.forget_failures()


def _clear(state: RunState) -> None:
    """Remove an earlier result, of which `_check_destination` knows that it is blockmix's.

    Markers go before the shards that they speak of, and what tells whose all is goes last: after a
    kill it is still known what is there.
    """
    store, root = state.store, state.dst
    state.forget_done()
    for name in store.sizes(root, deep=False):
        if _SHARD.fullmatch(name):
            store.remove(join(root, name))
    state.remove()
    store.remove(join(root, RECORD))


def _kept_facts(run: ShardRun, unfinished: dict[str, Any]) -> SetFacts:
    """Return what the state knows of the shards, if they are still as they were."""
    facts = SetFacts.from_json(unfinished["facts"])
    infos = [_info(url) for url in run.urls]
    if facts.fingerprints != fingerprints(run.mixer.key, run.urls, infos):
        raise _other_run(run)
    return facts


def _info(url: str) -> FileInfo:
    info = store_of(url).info(url)
    if info is None:
        raise InputError(f"there is no shard {shown(url)}")
    return info


def _other_run(run: ShardRun) -> InputError:
    return InputError(
        f"{shown(run.dst)} was begun with another key, other parameters, versions or shards: "
        "resume with the same, or pass ",
        Setting("overwrite", True),
        " to start anew",
    )


def _do_units(
    run: ShardRun,
    plan: ShardPlan,
    state: RunState,
    workers: Workers,
    progress: Progress,
    reports: dict[int, UnitReport],
    seconds: StageSeconds,
) -> int:
    """Do the units that have no marker yet, add their reports, and return how many images."""
    total = sum(plan.record["labels"].values())
    images = sum(report.images for report in reports.values())
    failures: dict[int, str] = {}
    written = 0
    progress("mix", images, total)
    for job, result in run_tasks(workers, mix_unit, _jobs(run, plan, workers, reports)):
        if isinstance(result, Failure):
            state.lease.check()  # or it has failed because another run has taken over
            failures[job.number] = result.reason
            state.note_failure(job.number, result.reason)
            continue
        reports[job.number] = result
        seconds.add(result.seconds)
        written += result.images
        progress("mix", images + written, total)
    if failures:
        raise _failed(run, plan, failures)
    return written


def _jobs(
    run: ShardRun, plan: ShardPlan, workers: Workers, done: Iterable[int]
) -> Iterator[UnitJob]:
    mixer, facts, suffix = run.mixer, plan.facts, suffix_of(run.urls[0])
    shared = RunJob(
        run=plan.run,
        dst=run.dst,
        label=run.label,
        layout=facts.layout,
        size=plan.size,
        resize=run.options.size is not None,
        grey=plan.grey,
        grid=plan.grid,
        parameters=mixing_parameters(mixer),
        encoder=plan.encoder,
        skip_bad=run.options.on_error == "skip",
        traits=plan.traits,
        threads=cores() if workers.is_here else 1,
    )
    finished = set(done)
    bad: dict[int, list[int]] = {}
    for shard, position, _ in facts.bad:
        bad.setdefault(shard, []).append(position)
    for number, (unit, outputs) in enumerate(
        zip(facts.units, plan.outputs(mixer.key), strict=True)
    ):
        if number in finished:
            continue
        yield UnitJob(
            run=shared,
            number=number,
            urls=[run.urls[shard] for shard in unit],
            sizes=[facts.sizes[shard] for shard in unit],
            bad=[bad.get(shard, []) for shard in unit],
            outputs=[f"shard-{output:06d}{suffix}" for output in outputs],
            key=run.key_file or CarriedKey(unit_key(mixer.key, plan.run, number)),
        )


def _failed(run: ShardRun, plan: ShardPlan, failures: dict[int, str]) -> WorkError:
    shown_failures = "; ".join(
        f"unit {number} ({', '.join(shown(run.urls[shard]) for shard in plan.facts.units[number])})"
        f": {reason}"
        for number, reason in sorted(failures.items())[:_SHOWN_FAILURES]
    )
    more = len(failures) - _SHOWN_FAILURES
    return WorkError(
        f"{count(len(failures), 'unit')} of {len(plan.facts.units)} failed: {shown_failures}"
        + (f"; and {more} more" if more > 0 else "")
        + ". All others are done: remove the cause (images that do not decode are left out with ",
        Setting("on_error", "skip"),
        "), then pass the same key and ",
        Setting("resume", True),
    )


def _reports_of_done(state: RunState, run: str) -> dict[int, UnitReport]:
    """Return the reports of units that have a marker, and all that it speaks of."""
    markers = state.done()
    sizes = state.store.sizes(state.dst, deep=False) if markers else {}
    reports = {
        unit: _report_of(marker) for unit, marker in markers.items() if marker.get("run") == run
    }
    return {
        unit: report
        for unit, report in reports.items()
        if all(sizes.get(name) == size for name, _, size, _ in report.outputs)
    }


def _report_of(marker: dict[str, Any]) -> UnitReport:
    return UnitReport(
        images=marker["images"],
        bad=[tuple(entry) for entry in marker["bad"]],
        lost=[tuple(entry) for entry in marker["lost"]],
        outputs=[tuple(entry) for entry in marker["outputs"]],
        seconds=marker["seconds"],
    )


def _final_record(plan: ShardPlan, reports: dict[int, UnitReport]) -> dict[str, Any]:
    """Return the record without undecodable images, with what was written added."""
    lost: Counter[str] = Counter()
    most_lost: Counter[str] = Counter()  # in one unit
    for report in reports.values():
        of_unit = Counter({str(label): number for label, number in report.lost})
        lost += of_unit
        most_lost |= of_unit
    record = plan.record
    outputs = sorted(output for report in reports.values() for output in report.outputs)
    return record | {
        "labels": {name: number - lost[name] for name, number in record["labels"].items()},
        # At least: the unit that lost most may not be the one that has the fewest.
        "smallest_cohorts": {
            name: number - most_lost[name] for name, number in record["smallest_cohorts"].items()
        },
        "skipped": record["skipped"] + lost.total(),
        "outputs": [
            {"name": name, "images": images, "bytes": size, "sha256": digest}
            for name, images, size, digest in outputs
        ],
    }


def _skipped(
    run: ShardRun, plan: ShardPlan, reports: dict[int, UnitReport]
) -> Iterator[tuple[str, int, str]]:
    for shard, position, reason in plan.facts.bad:
        yield shown(run.urls[shard]), position, reason
    for number, report in sorted(reports.items()):
        for shard, position, reason in report.bad:
            yield shown(run.urls[plan.facts.units[number][shard]]), position, reason
