"""The work of a folder run: read, mix and write, one load of cohorts after another.

While one load is mixed and written, the next is being read, by the same threads: Pillow lets go of
the interpreter while it decodes, resizes and encodes.
"""

from __future__ import annotations

import time
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blockmix.errors import InputError, WorkError
from blockmix.folders.codec import BadImageError, read_pixels
from blockmix.folders.cohorts import Cohort, pack
from blockmix.folders.destination import Destination
from blockmix.folders.plan import FolderPlan
from blockmix.folders.scan import Candidate
from blockmix.folders.survey import Progress, stop_at

Pixels = npt.NDArray[np.uint8]


class Member(NamedTuple):
    """An image of a load, and the cohort that it is mixed in."""

    cohort: str
    image: Candidate


class Load(NamedTuple):
    """Images that are being read together."""

    members: list[Member]
    pixels: Pixels  # (members, height, width[, 3]), filled by the futures
    pending: list[Future[float]]


class Pipeline:
    """Carries out a plan. ``written``, ``left_out`` and ``stage_seconds`` tell what was done."""

    def __init__(
        self,
        plan: FolderPlan,
        destination: Destination,
        pool: Executor,
        on_error: str,
        progress: Progress,
    ) -> None:
        self.written = 0
        self.left_out: list[tuple[Candidate, str]] = []  # and why
        self.stage_seconds = {"read": 0.0, "mix": 0.0, "write": 0.0}
        self._plan = plan
        self._destination = destination
        self._pool = pool
        self._on_error = on_error
        self._progress = progress
        self._done = {"read": 0, "write": 0}
        self._total = 0

    def run(self) -> None:
        """Write every mixed image that is not there yet.

        A cohort that lacks a file is done again as a whole, since it is its own source.
        """
        todo = [cohort for cohort in self._plan.cohorts if not self._is_done(cohort)]
        self._total = sum(len(cohort.members) for cohort in todo)
        loads = pack(todo, self._plan.capacity)
        ahead = self._start_reading(next(loads, None))
        while ahead:
            members, pixels = self._finish_reading(ahead)
            ahead = self._start_reading(next(loads, None))
            mixed = self._mix(members, pixels)
            del pixels  # two loads are in memory from here on, three until here
            self._write(members, mixed)
            del mixed

    def _is_done(self, cohort: Cohort) -> bool:
        return all(self._path(image).exists() for image in cohort.members)

    def _path(self, image: Candidate) -> Path:
        return self._destination.root / self._plan.output(image)

    def _start_reading(self, cohorts: list[Cohort] | None) -> Load | None:
        if cohorts is None:
            return None
        members = [Member(cohort.name, image) for cohort in cohorts for image in cohort.members]
        channels = () if self._plan.grey else (3,)
        pixels = np.empty((len(members), *self._plan.size, *channels), np.uint8)
        pending = [
            self._pool.submit(self._read, member.image, pixels[slot])
            for slot, member in enumerate(members)
        ]
        return Load(members, pixels, pending)

    def _read(self, image: Candidate, into: Pixels) -> float:
        started = time.perf_counter()
        plan = self._plan
        into[...] = read_pixels(image.path, plan.size, resize=plan.resize, grey=plan.grey)
        return time.perf_counter() - started

    def _finish_reading(self, load: Load) -> tuple[list[Member], Pixels]:
        """Wait for the images of a load, and leave out those that could not be read."""
        kept = []
        for slot, future in enumerate(load.pending):
            try:
                self._count("read", future.result())
                kept.append(slot)
            except BadImageError as error:
                if self._on_error == "error":
                    raise stop_at([error]) from error
                self.left_out.append((load.members[slot].image, error.reason))
        if len(kept) == len(load.members):
            return load.members, load.pixels
        return [load.members[slot] for slot in kept], load.pixels[kept]

    def _mix(self, members: list[Member], pixels: Pixels) -> Pixels:
        started = time.perf_counter()
        try:
            mixed: Pixels = self._plan.mixer(
                pixels,
                [member.cohort for member in members],
                ids=[member.image.id for member in members],
            )
        except InputError as error:  # files that were left out made a label too small
            raise WorkError(str(error)) from error
        self.stage_seconds["mix"] += time.perf_counter() - started
        return mixed

    def _write(self, members: list[Member], mixed: Pixels) -> None:
        paths = [self._path(member.image) for member in members]
        missing = [slot for slot, path in enumerate(paths) if not path.exists()]
        # In the order of the new names, so that the order on disk does not tell the old one.
        missing.sort(key=paths.__getitem__)
        pending = [self._pool.submit(self._write_one, paths[slot], mixed[slot]) for slot in missing]
        self._done["write"] += len(members) - len(missing)
        for future in pending:
            self._count("write", future.result())
        self.written += len(missing)

    def _write_one(self, path: Path, pixels: Pixels) -> float:
        started = time.perf_counter()
        self._destination.write(path, self._plan.encoder.encode(pixels))
        return time.perf_counter() - started

    def _count(self, stage: str, seconds: float) -> None:
        self.stage_seconds[stage] += seconds
        self._done[stage] += 1
        self._progress(stage, self._done[stage], self._total)
