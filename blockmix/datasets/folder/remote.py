"""The engine of a folder whose cohorts are mixed by other processes, here or in a cluster.

What travels to a worker are parameters and numbers: no name of an original, and no pixel. Each
worker lists the folder itself, and takes the samples of its cohorts from there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from blockmix.compiler import threads_limited
from blockmix.datasets.cohorts import LOAD_BYTES, Cohort, cut_into_cohorts, group_into_loads
from blockmix.datasets.encode import Encoder
from blockmix.datasets.engines.carried_key import CarriedKey
from blockmix.datasets.engines.interface import Outcome
from blockmix.datasets.engines.local import LocalEngine, unusable
from blockmix.datasets.engines.tasks import Failure, run_tasks
from blockmix.datasets.engines.workers import Workers
from blockmix.datasets.folder.destination import Destination
from blockmix.datasets.folder.image_folder import ImageFolder
from blockmix.datasets.group_hint import sample_to_compare
from blockmix.datasets.interfaces import BadImageError, Sink
from blockmix.datasets.opaque_names import originals_digest
from blockmix.datasets.options import RunOptions
from blockmix.datasets.pillow_warnings import collecting
from blockmix.datasets.plan import RunPlan, mixing_parameters
from blockmix.datasets.stage_seconds import StageSeconds
from blockmix.datasets.worker_check import Traits, check_traits, traits
from blockmix.errors import Setting, WorkError
from blockmix.grid import BlockGrid, resolve_grid
from blockmix.key_file import KeyFile
from blockmix.mixer import BlockMixer
from blockmix.support.progress import Progress, no_progress
from blockmix.support.text import count


class FolderJob(NamedTuple):
    """What all tasks of a run have in common."""

    src: str
    dst: str
    run: str  # id
    originals: str  # see `originals_digest`
    skipped: tuple[int, ...]  # ids of samples that the survey left out
    parameters: dict[str, Any]  # see `mixing_parameters`
    grid: BlockGrid
    options: RunOptions  # without groups
    grey: bool
    encoder: Encoder
    capacity: int  # the most images of a cohort
    has_groups: bool
    resume: bool
    key: KeyFile | CarriedKey
    traits: Traits  # of the machine that asks


class CohortsJob(NamedTuple):
    """Some cohorts that are mixed one after another."""

    folder: FolderJob
    first: int  # number of a cohort
    last: int  # of the one behind the last
    groups: list[int] | None  # of the members, one after another, as numbers


class CohortsReport(NamedTuple):
    """What a worker has done; samples are named by their ids."""

    written: int
    left_out: list[tuple[int, str]]
    seconds: dict[str, float]
    hashes: list[tuple[int, int]]
    notes: tuple[str, ...]


class _Listing(NamedTuple):
    """What a worker has found in the source."""

    cohorts: list[Cohort]
    compared: frozenset[int]  # ids of images whose likeness may hint at groups, see `RunPlan`


# Of the last run that this process has worked for, by its id and source. It holds no key.
_LAST: dict[tuple[str, str], _Listing] = {}


class RemoteEngine:
    """Carries out plans by workers that share the source and the destination."""

    def __init__(
        self,
        workers: Workers,
        source: Path,
        destination: Destination,
        key_file: KeyFile | None,
        progress: Progress,
    ) -> None:
        self._workers = workers
        self._source = source
        self._destination = destination
        self._key_file = key_file
        self._progress = progress
        workers.check_key(key_file)

    def run(self, plan: RunPlan, sink: Sink) -> Outcome:
        """Write every image of the plan that the sink does not hold yet."""
        samples = {sample.id: sample for cohort in plan.cohorts for sample in cohort.members}
        seconds = StageSeconds("compile", "read", "resize", "draw", "gather", "encode", "write")
        outcome = Outcome(0, [], seconds, [])
        done = written = 0
        failures = []
        self._destination.share()
        for job, report in run_tasks(self._workers, mix_cohorts, self._jobs(plan)):
            if isinstance(report, Failure):
                failures.append(report.reason)
                continue
            written += report.written
            seconds.add(report.seconds)
            outcome.left_out.extend((samples[id], reason) for id, reason in report.left_out)
            outcome.hashes.extend((samples[id], value) for id, value in report.hashes)
            self._destination.add_notes(report.notes)
            done += sum(cohort.size for cohort in plan.cohorts[job.first : job.last])
            self._progress("write", done, len(samples))
        if outcome.left_out and plan.options.on_error == "error":
            raise unusable([BadImageError(s.path, reason) for s, reason in outcome.left_out])
        if failures:
            raise WorkError(
                f"{failures[0]} ({count(len(failures), 'task')} failed; all others are done): "
                "remove the cause, then pass the same key and ",
                Setting("resume", True),
            )
        return replace(outcome, written=written)

    def _jobs(self, plan: RunPlan) -> Iterator[CohortsJob]:
        mixer, options = plan.mixer, plan.options
        used = {sample.id for cohort in plan.cohorts for sample in cohort.members}
        listed = range(len(used) + plan.record["skipped"])  # ids are positions in the source
        job = FolderJob(
            src=os.path.abspath(self._source),
            dst=os.path.abspath(self._destination.root),
            run=plan.record["run"],
            originals=plan.record["originals"],
            skipped=tuple(id for id in listed if id not in used),
            parameters=mixing_parameters(mixer),
            grid=resolve_grid(mixer.block, *plan.size),
            options=replace(options, groups=None, on_error="skip", workers=1),
            grey=plan.grey,
            encoder=plan.encoder,
            capacity=plan.capacity,
            has_groups=plan.groups is not None,
            resume=self._destination.resumes,
            key=self._key_file or CarriedKey(mixer.key),
            traits=traits(plan.encoder),
        )
        numbers: dict[Any, int] = {}
        numbered = list(enumerate(plan.cohorts))
        most = LOAD_BYTES // prod(plan.shape)
        for load in group_into_loads(numbered, most, lambda entry: entry[1].size):
            groups = None
            if plan.groups is not None:
                members = [sample for _, cohort in load for sample in cohort.members]
                groups = [numbers.setdefault(plan.groups[s.id], len(numbers)) for s in members]
            yield CohortsJob(job, load[0][0], load[-1][0] + 1, groups)


def mix_cohorts(job: CohortsJob) -> CohortsReport:
    """Read, mix and write some cohorts, in one thread."""
    folder = job.folder
    check_traits(folder.traits, folder.encoder)
    listing = _listing(folder)
    cohorts = listing.cohorts[job.first : job.last]
    members = [sample for cohort in cohorts for sample in cohort.members]
    sink = Destination(Path(folder.dst), Path(folder.src), overwrite=False, resume=folder.resume)
    sink.join(folder.run)
    plan = RunPlan(
        mixer=BlockMixer(block=folder.grid, key=folder.key.read(), **folder.parameters),
        options=folder.options,
        size=(folder.grid.height, folder.grid.width),
        grey=folder.grey,
        encoder=folder.encoder,
        capacity=folder.capacity,
        cohorts=cohorts,
        groups=None
        if job.groups is None
        else {sample.id: group for sample, group in zip(members, job.groups, strict=True)},
        compared=listing.compared,
        record={},
    )
    try:
        with ThreadPoolExecutor(1, "blockmix") as pool, threads_limited(1), collecting():
            outcome = LocalEngine(pool, no_progress).run(plan, sink)
    except WorkError as error:
        raise _without_names(error, folder.src) from None
    return CohortsReport(
        written=outcome.written,
        left_out=[(sample.id, reason) for sample, reason in outcome.left_out],
        seconds=outcome.seconds,
        hashes=[(sample.id, value) for sample, value in outcome.hashes],
        notes=sink.notes,
    )


def _listing(folder: FolderJob) -> _Listing:
    """Form the cohorts of a run as the process has done that started it."""
    known = (folder.run, folder.src)
    listing = _LAST.get(known)
    if listing is None:
        listing = _list(folder)
        _LAST.clear()
        _LAST[known] = listing
    return listing


def _list(folder: FolderJob) -> _Listing:
    samples = ImageFolder(folder.src).samples()
    key = folder.key.read()
    if originals_digest(key, samples) != folder.originals:
        raise WorkError(
            "a worker sees other files in the source: all workers need the same folder at the same "
            "path, and nothing may change in it"
        )
    skipped = set(folder.skipped)
    images = [sample for sample in samples if sample.id not in skipped]
    cohorts = cut_into_cohorts(images, folder.capacity, key)
    images.sort(key=lambda sample: sample.id)
    return _Listing(cohorts, frozenset() if folder.has_groups else sample_to_compare(images))


def _without_names(error: WorkError, src: str) -> WorkError:
    """Return an error that may travel: what names a file of the source is left out."""
    if src not in str(error):
        return error
    cause = error.__cause__
    reason = f": {cause.strerror}" if isinstance(cause, OSError) else ""
    return WorkError(f"a file of the source could not be read by a worker{reason}")
