"""The work of a folder run: read, mix and write, one load of cohorts after another.

While one load is mixed and written, the next is being read, by the same threads: Pillow lets go of
the interpreter while it decodes, resizes and encodes.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import Executor, Future
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
from blockmix.labels import check_sizes

Pixels = npt.NDArray[np.uint8]


# Images handed to a worker at once: a task costs far less than its images, in time and memory.
_AT_ONCE = 16


class Load(NamedTuple):
    """Cohorts that are being read together."""

    images: list[Candidate]
    cohorts: npt.NDArray[np.int64]  # the number of the cohort that each image is in
    names: list[str]  # of the cohorts
    pixels: Pixels  # (images, height, width[, 3]), filled by the futures
    pending: list[Future[Done]]


class Done(NamedTuple):
    """What a worker reports of a few images."""

    images: int
    seconds: float
    bad: dict[int, BadImageError]  # by place in the load


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

    def run(self, compiled: Future[float]) -> None:
        """Write every mixed image that is not there yet; mixing waits for the compiled kernels.

        A cohort that lacks a file is done again as a whole, since it is its own source.
        """
        todo = [cohort for cohort in self._plan.cohorts if not self._is_done(cohort)]
        self._total = sum(len(cohort.members) for cohort in todo)
        loads = pack(todo, self._plan.capacity)
        ahead = self._start_reading(next(loads, None))
        while ahead:
            images, cohorts, pixels = self._finish_reading(ahead)
            ahead = self._start_reading(next(loads, None))
            compiled.result()
            mixed = self._mix(images, cohorts, pixels)
            del pixels  # two loads are in memory from here on, three until here
            self._write(images, mixed)
            del mixed

    def _is_done(self, cohort: Cohort) -> bool:
        return all(self._is_there(self._plan.output(image)) for image in cohort.members)

    def _is_there(self, output: str) -> bool:
        return os.path.exists(os.path.join(self._destination.root, output))

    def _start_reading(self, cohorts: list[Cohort] | None) -> Load | None:
        if cohorts is None:
            return None
        images = [image for cohort in cohorts for image in cohort.members]
        channels = () if self._plan.grey else (3,)
        pixels = np.empty((len(images), *self._plan.size, *channels), np.uint8)
        return Load(
            images=images,
            cohorts=np.repeat(np.arange(len(cohorts)), [len(cohort.members) for cohort in cohorts]),
            names=[cohort.name for cohort in cohorts],
            pixels=pixels,
            pending=[
                self._pool.submit(self._read, images, pixels, places)
                for places in _slices(len(images))
            ],
        )

    def _read(self, images: list[Candidate], pixels: Pixels, places: range) -> Done:
        started = time.perf_counter()
        plan, bad = self._plan, {}
        for place in places:
            try:
                pixels[place] = read_pixels(
                    images[place].path, plan.size, resize=plan.resize, grey=plan.grey
                )
            except BadImageError as error:
                bad[place] = error
        return Done(len(places), time.perf_counter() - started, bad)

    def _finish_reading(self, load: Load) -> tuple[list[Candidate], npt.NDArray[np.int64], Pixels]:
        """Wait for the images of a load, and leave out those that could not be read."""
        bad: dict[int, BadImageError] = {}
        for future in load.pending:
            bad |= self._count("read", future.result())
            if bad and self._on_error == "error":
                raise stop_at(list(bad.values()))
        if not bad:
            return load.images, load.cohorts, load.pixels
        self.left_out += [(load.images[place], error.reason) for place, error in bad.items()]
        kept = [place for place in range(len(load.images)) if place not in bad]
        cohorts = load.cohorts[kept]
        mixer, sizes = self._plan.mixer, np.bincount(cohorts, minlength=len(load.names))
        try:
            check_sizes(load.names, sizes.tolist(), mixer.sources, mixer.small_classes)
        except InputError as error:
            raise WorkError(f"without the files that cannot be used, {error}") from None
        return [load.images[place] for place in kept], cohorts, load.pixels[kept]

    def _mix(
        self, images: list[Candidate], cohorts: npt.NDArray[np.int64], pixels: Pixels
    ) -> Pixels:
        started = time.perf_counter()
        ids = np.array([image.id for image in images], np.int64)
        mixed: Pixels = self._plan.mixer(pixels, cohorts, ids=ids)
        self.stage_seconds["mix"] += time.perf_counter() - started
        return mixed

    def _write(self, images: list[Candidate], mixed: Pixels) -> None:
        outputs = [self._plan.output(image) for image in images]
        missing = [place for place, output in enumerate(outputs) if not self._is_there(output)]
        # In the order of the new names, so that the order on disk does not tell the old one.
        missing.sort(key=outputs.__getitem__)
        pending = [
            self._pool.submit(self._write_some, outputs, mixed, missing[places.start : places.stop])
            for places in _slices(len(missing))
        ]
        self._done["write"] += len(images) - len(missing)
        for future in pending:
            self._count("write", future.result())
        self.written += len(missing)

    def _write_some(self, outputs: list[str], mixed: Pixels, places: list[int]) -> Done:
        started = time.perf_counter()
        for place in places:
            data = self._plan.encoder.encode(mixed[place])
            self._destination.write(self._destination.root / outputs[place], data)
        return Done(len(places), time.perf_counter() - started, {})

    def _count(self, stage: str, done: Done) -> dict[int, BadImageError]:
        self.stage_seconds[stage] += done.seconds
        self._done[stage] += done.images
        self._progress(stage, self._done[stage], self._total)
        return done.bad


def _slices(count: int) -> list[range]:
    return [range(begin, min(begin + _AT_ONCE, count)) for begin in range(0, count, _AT_ONCE)]
