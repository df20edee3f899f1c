"""Worker processes that do jobs, in order, as far as these end in time."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from blockmix import InputError, WorkError
from blockmix.bench.utility import worker
from blockmix.bench.utility.clock import Clock
from blockmix.bench.utility.data import Data
from blockmix.bench.utility.jobs import Job, Run
from blockmix.bench.utility.rows import Rows
from blockmix.bench.utility.train import DivergedError
from blockmix.datasets.folder import filesystem
from blockmix.support.cores import cores
from blockmix.support.durations import show_duration
from blockmix.support.progress import Progress

IMAGES = ".images"  # folder of a run that goes on

Say = Callable[[str], None]
_Running = dict[Future[dict[str, Any]], tuple[Job, float]]


class Options(NamedTuple):
    """How a plan is carried out.

    Attributes
    ----------
    models : sequence of str, optional
        Instead of the plan's.
    device : {"cpu", "cuda"}
    processes : int, optional
        Runs at once; by default one for each core, and one on a GPU.
    budget : float, optional
        Seconds after which nothing is running any more.
    """

    models: Sequence[str] = ()
    device: str = "cpu"
    processes: int | None = None
    budget: float | None = None


class Crew:
    """Worker processes, and the time they have."""

    def __init__(self, pool: ProcessPoolExecutor, processes: int, options: Options) -> None:
        self.pool, self.processes, self.device = pool, processes, options.device
        self.clock = Clock(options.budget)
        self.left = 0  # jobs that did not fit into the budget
        self.diverged: list[str] = []  # what is said of runs that have no result

    def do(
        self, jobs: Iterable[Job], rows: Rows, protection: Rows, progress: Progress, say: Say
    ) -> None:
        """Do the jobs that have no result yet, in order, as far as they end in time."""
        jobs = list(jobs)
        waiting = [
            job for job in jobs if job.key not in rows.by_key and job.key not in protection.by_key
        ]
        running: _Running = {}
        done, said = len(jobs) - len(waiting), False
        progress("runs", done, len(jobs))
        while self._start(waiting, running):
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                job, started = running.pop(future)
                try:
                    result = _result(future)
                except DivergedError as error:  # that way is of no use, the others may be
                    self.diverged.append(str(error))
                    continue
                if "projected" in result:
                    self.clock.took(job, result["projected"])
                    waiting.insert(0, job)
                    continue
                self.clock.took(job, self.clock.now() - started)
                (rows if isinstance(job, Run) else protection).add(result)
                done += 1
                progress("runs", done, len(jobs))
                if isinstance(job, Run) and not said and self.clock.deadline is not None:
                    say(self._forecast(job, waiting))
                    said = True
        self.left = len(waiting)
        if waiting:
            say(
                f"{len(waiting)} of {len(jobs)} runs and measurements did not fit into the budget: "
                "start again with --resume"
            )

    def _start(self, waiting: list[Job], running: _Running) -> bool:
        """Start what fits and has a free process; return whether anything is running."""
        for job in list(waiting):
            if len(running) == self.processes:
                break
            if self.clock.fits(job):
                waiting.remove(job)
                deadline = None if self.clock.is_known(job) else self.clock.deadline
                future = self.pool.submit(worker.work, job, self.device, deadline)
                running[future] = job, self.clock.now()
        return bool(running)

    def _forecast(self, job: Job, waiting: Sequence[Job]) -> str:
        seconds = self.clock.seconds[job.pace] * job.work
        fitting = self.clock.fitting(waiting, self.processes)
        return (
            f"one run takes {show_duration(seconds)}: about {fitting} of the other {len(waiting)} "
            "runs and measurements will fit into the budget"
        )


@contextmanager
def open_crew(data: Data, output: Path, options: Options, models: Sequence[str]) -> Iterator[Crew]:
    """Start workers, which have built every model once."""
    processes = options.processes or (cores() if options.device == "cpu" else 1)
    context = multiprocessing.get_context("spawn")
    with (
        _shared(data, output / IMAGES) as shared,
        worker.environment(),
        ProcessPoolExecutor(
            processes, context, initializer=worker.start, initargs=(shared,)
        ) as pool,
    ):
        crew = Crew(pool, processes, options)
        for check in [pool.submit(worker.check_model, name, options.device) for name in models]:
            _result(check)
        yield crew


@contextmanager
def _shared(data: Data, folder: Path) -> Iterator[worker.SharedData]:
    """Keep the images in files, for as long as there are workers, and keep other runs out."""
    folder.mkdir(exist_ok=True)  # that of a run that was killed is taken over
    lock = filesystem.open_lock(folder / "lock")
    try:
        # Where the file system offers no locks, nobody can be kept out.
        with suppress(filesystem.NoLocksError):
            if not filesystem.lock(lock, folder / "lock"):
                raise InputError(
                    f"another run is writing to {folder.parent}: wait for it, or stop it"
                )
        try:
            yield worker.SharedData(data, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _result(future: Future[Any]) -> Any:
    try:
        return future.result()
    except BrokenProcessPool:
        raise WorkError(
            "a worker process was ended from outside, perhaps for want of memory; its run is lost, "
            "all others are kept: start again with --resume, or with fewer --processes"
        ) from None
