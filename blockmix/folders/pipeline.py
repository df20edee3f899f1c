"""The work of a folder run: read, mix and write, one load of cohorts after another.

While one load is mixed and written, the next is being read, by the same threads: Pillow lets go of
the interpreter while it decodes, resizes and encodes.
"""

from __future__ import annotations

import os
from concurrent.futures import Executor, Future
from io import FileIO
from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blockmix.errors import InputError, Setting, WorkError
from blockmix.folders.cohorts import Cohort, pack
from blockmix.folders.decode import BadImageError, decode, resized
from blockmix.folders.destination import Destination
from blockmix.folders.plan import FolderPlan
from blockmix.folders.prefetch import PrefetchedJpegs
from blockmix.folders.scan import Candidate
from blockmix.folders.seconds import Seconds
from blockmix.folders.survey import stop_at
from blockmix.labels import check_sizes
from blockmix.support.progress import Progress

Pixels = npt.NDArray[np.uint8]


# Images handed to a worker at once: a task costs far less than its images, in time and memory.
_AT_ONCE = 16
# Small cohorts are read and mixed together up to this size. More gains nothing, and touches memory
# that has to be cleared first, which took longer than mixing in it.
_LOAD_BYTES = 64 << 20


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
    seconds: Seconds
    bad: dict[int, BadImageError]  # by place in the load


class Pipeline:
    """Carries out a plan. ``written``, ``left_out`` and ``seconds`` tell what was done."""

    def __init__(
        self,
        plan: FolderPlan,
        prefetched: PrefetchedJpegs,
        destination: Destination,
        pool: Executor,
        on_error: str,
        resume: bool,
        progress: Progress,
    ) -> None:
        self.written = 0
        self.left_out: list[tuple[Candidate, str]] = []  # and why
        self.seconds = Seconds("read", "resize", "draw", "gather", "encode", "write")
        self._plan = plan
        self._prefetched = prefetched
        self._destination = destination
        self._pool = pool
        self._on_error = on_error
        self._resume = resume
        self._progress = progress
        self._done = {"read": 0, "write": 0}
        self._total = 0

    def run(self, compiled: Future[float]) -> None:
        """Write every mixed image that is not there yet; mixing waits for the compiled kernels.

        A cohort that lacks a file is done again as a whole, since it is its own source.
        """
        todo = [cohort for cohort in self._plan.cohorts if not self._is_done(cohort)]
        self._total = sum(len(cohort.members) for cohort in todo)
        shape = (*self._plan.size, *(() if self._plan.grey else (3,)))
        loads = list(pack(todo, min(self._plan.capacity, _LOAD_BYTES // prod(shape))))
        largest = max((sum(len(cohort.members) for cohort in load) for load in loads), default=0)
        # All the memory for pixels: two loads, one of them being read, and what one is mixed into.
        try:
            read, ahead, mixed = (np.empty((largest, *shape), np.uint8) for _ in range(3))
        except MemoryError as error:
            raise WorkError(
                f"not enough memory: {error}; lower ", Setting("memory"), " or ", Setting("size")
            ) from None
        waiting = iter(loads)
        load = self._start_reading(next(waiting, None), read)
        while load:
            images, cohorts, pixels = self._finish_reading(load)
            load = self._start_reading(next(waiting, None), ahead)
            compiled.result()
            self._mix(images, cohorts, pixels, mixed[: len(images)])
            self._write(images, mixed)
            read, ahead = ahead, read

    def _is_done(self, cohort: Cohort) -> bool:
        return all(self._is_there(self._plan.output(image)) for image in cohort.members)

    def _is_there(self, output: str) -> bool:
        if not self._resume:
            return False
        try:
            # Renamed files are whole, unless the machine lost its power: then they can be empty.
            return os.path.getsize(os.path.join(self._destination.root, output)) > 0
        except OSError:
            return False

    def _start_reading(self, cohorts: list[Cohort] | None, into: Pixels) -> Load | None:
        if cohorts is None:
            return None
        images = [image for cohort in cohorts for image in cohort.members]
        pixels = into[: len(images)]
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
        plan, seconds, bad = self._plan, Seconds("read", "resize"), {}
        for place in places:
            try:
                with seconds.spent("read"):
                    image = decode(
                        images[place].path,
                        plan.size,
                        resize=plan.resize,
                        grey=plan.grey,
                        jpeg=self._prefetched.take(images[place].id),
                    )
            except BadImageError as error:
                bad[place] = error
                continue
            with seconds.spent("resize"):
                pixels[place] = resized(image, plan.size)
        return Done(len(places), seconds, bad)

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
            raise WorkError("without the files that cannot be used, ", *error.args) from None
        for to, place in enumerate(kept):  # in place, as the memory budget has no room for a copy
            load.pixels[to] = load.pixels[place]
        return [load.images[place] for place in kept], cohorts, load.pixels[: len(kept)]

    def _mix(
        self,
        images: list[Candidate],
        cohorts: npt.NDArray[np.int64],
        pixels: Pixels,
        mixed: Pixels,
    ) -> None:
        ids = np.array([image.id for image in images], np.int64)
        with self.seconds.spent("draw"):
            source_map = self._plan.mixer.plan(cohorts, *self._plan.size, ids=ids)
        with self.seconds.spent("gather"):
            source_map.apply(pixels, mixed)

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
        seconds = Seconds("encode", "write")
        for place in places:

            def save(file: FileIO, pixels: Pixels = mixed[place]) -> None:
                with seconds.spent("encode"):
                    self._plan.encoder.save(pixels, file)

            with seconds.spent("write"):
                self._destination.write(outputs[place], save)
        seconds["write"] -= seconds["encode"]
        return Done(len(places), seconds, {})

    def _count(self, step: str, done: Done) -> dict[int, BadImageError]:
        self.seconds.add(done.seconds)
        self._done[step] += done.images
        self._progress(step, self._done[step], self._total)
        return done.bad


def _slices(count: int) -> list[range]:
    return [range(begin, min(begin + _AT_ONCE, count)) for begin in range(0, count, _AT_ONCE)]
