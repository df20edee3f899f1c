"""The engine of one machine: it reads, mixes and writes, one load of cohorts after another.

While one load is mixed and written, the next is being read, by the same threads: the libraries
release the interpreter while they decode, resize and encode.
"""

from __future__ import annotations

import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from io import FileIO
from math import prod
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from blockmix.datasets.cohorts import LOAD_BYTES, Cohort, group_into_loads
from blockmix.datasets.decode import resized
from blockmix.datasets.encode import write_all
from blockmix.datasets.engines.interface import Outcome
from blockmix.datasets.groups import check_samples
from blockmix.datasets.interfaces import BadImageError, Sample, Sink
from blockmix.datasets.likeness import difference_hash
from blockmix.datasets.plan import RunPlan
from blockmix.datasets.stage_seconds import StageSeconds
from blockmix.errors import InputError, Setting, WorkError
from blockmix.mixer import compile_kernels
from blockmix.resampling import compile_resizing
from blockmix.support.pixels import Pixels
from blockmix.support.progress import Progress

# Images handed to a worker at once: a task costs far less than its images, in time and memory. Of
# small images there are more, up to so many bytes of pixels: files of 32 x 32 x 3 took 115 us of
# CPU time each in chunks of 64, and 150 in chunks of 16 (medians, Xeon).
_CHUNK = 16
_LARGEST_CHUNK = 64
_CHUNK_BYTES = 192 << 10


class Load(NamedTuple):
    """Cohorts that are read together."""

    samples: list[Sample]
    cohorts: npt.NDArray[np.int64]  # (samples,): index of the cohort that each one is in
    cohort_names: list[str]
    pixels: Pixels  # (samples, height, width[, 3]), filled by the futures
    pending: list[Future[ChunkReport]]


class ChunkReport(NamedTuple):
    """The work that a worker did on a few images."""

    images: int
    seconds: StageSeconds
    bad: dict[int, BadImageError]  # by index in the load
    hashes: list[tuple[Sample, int]]  # see `Outcome`


class LocalEngine:
    """Carries out plans in this process, with the threads of a pool."""

    def __init__(self, pool: Executor, progress: Progress) -> None:
        self._pool = pool
        self._progress = progress

    def run(self, plan: RunPlan, sink: Sink) -> Outcome:
        """Write every image of the plan that the sink does not hold yet."""
        with ThreadPoolExecutor(1, "blockmix-compile") as compiler:
            compiled = compiler.submit(_compile, plan)
            work = _Work(plan, sink, self._pool, self._progress)
            try:
                work.run(compiled)
            except BaseException:
                compiled.cancel()
                raise
        seconds = {"compile": compiled.result(), **work.seconds}
        return Outcome(work.written, work.left_out, seconds, work.hashes)


class _Work:
    """The state of one run."""

    def __init__(self, plan: RunPlan, sink: Sink, pool: Executor, progress: Progress) -> None:
        self.written = 0
        self.left_out: list[tuple[Sample, str]] = []
        self.hashes: list[tuple[Sample, int]] = []
        self.seconds = StageSeconds("read", "resize", "draw", "gather", "encode", "write")
        self._plan = plan
        self._sink = sink
        self._pool = pool
        self._progress = progress
        small = max(_CHUNK, min(_LARGEST_CHUNK, _CHUNK_BYTES // prod(plan.shape)))
        # Images that are resized can be as large as any, however small they become.
        self._chunk = {"read": small if plan.options.size is None else _CHUNK, "write": small}
        self._done = {"read": 0, "write": 0}
        self._total = 0

    def run(self, compiled: Future[float]) -> None:
        """Do the cohorts that lack an image; mixing waits for the compiled kernels.

        Such a cohort is done again as a whole, since its images are each other's sources.
        """
        plan = self._plan
        cohorts = [cohort for cohort in plan.cohorts if not self._is_done(cohort)]
        self._total = sum(len(cohort.members) for cohort in cohorts)
        most = min(plan.capacity, LOAD_BYTES // prod(plan.shape))
        loads = list(group_into_loads(cohorts, most, attrgetter("size")))
        largest = max((sum(len(cohort.members) for cohort in load) for load in loads), default=0)
        # All the memory for pixels: the load that is mixed, the next one, and the mixed images.
        try:
            current, following, mixed = (
                np.empty((largest, *plan.shape), np.uint8) for _ in range(3)
            )
        except MemoryError as error:
            raise WorkError(
                f"not enough memory: {error}; lower ", Setting("memory"), " or ", Setting("size")
            ) from None
        queue = iter(loads)
        load = self._start_reading(next(queue, None), current)
        while load:
            samples, cohort_indices, pixels = self._finish_reading(load)
            load = self._start_reading(next(queue, None), following)
            compiled.result()
            self._mix(samples, cohort_indices, pixels, mixed[: len(samples)])
            self._write(samples, mixed)
            current, following = following, current

    def _is_done(self, cohort: Cohort) -> bool:
        return all(self._sink.holds(self._plan.output(sample)) for sample in cohort.members)

    def _start_reading(self, cohorts: list[Cohort] | None, into: Pixels) -> Load | None:
        if cohorts is None:
            return None
        samples = [sample for cohort in cohorts for sample in cohort.members]
        pixels = into[: len(samples)]
        return Load(
            samples=samples,
            cohorts=np.repeat(np.arange(len(cohorts)), [len(cohort.members) for cohort in cohorts]),
            cohort_names=[cohort.name for cohort in cohorts],
            pixels=pixels,
            pending=[
                self._pool.submit(self._read_chunk, samples, pixels, indices)
                for indices in _chunks(len(samples), self._chunk["read"])
            ],
        )

    def _read_chunk(self, samples: list[Sample], pixels: Pixels, indices: range) -> ChunkReport:
        seconds, bad, hashes = StageSeconds("read", "resize"), {}, []
        for index in indices:
            sample = samples[index]
            try:
                with seconds.measure("read"):
                    image = self._plan.decode(sample)
            except BadImageError as error:
                bad[index] = error
                continue
            with seconds.measure("resize"):
                pixels[index] = resized(image, self._plan.size)
            if sample.id in self._plan.compared:
                with_channels = pixels[index].reshape(1, *self._plan.size, -1)
                hashes.append((sample, int(difference_hash(with_channels)[0])))
        return ChunkReport(len(indices), seconds, bad, hashes)

    def _finish_reading(self, load: Load) -> tuple[list[Sample], npt.NDArray[np.int64], Pixels]:
        """Wait for the images of a load, and leave out those that could not be read."""
        plan = self._plan
        bad: dict[int, BadImageError] = {}
        for future in load.pending:
            report = future.result()
            self._record("read", report)
            bad |= report.bad
            if bad and plan.options.on_error == "error":
                raise unusable(list(bad.values()))
        if not bad:
            return load.samples, load.cohorts, load.pixels
        self.left_out += [(load.samples[index], error.reason) for index, error in bad.items()]
        good = [index for index in range(len(load.samples)) if index not in bad]
        cohorts = load.cohorts[good]
        samples = [load.samples[index] for index in good]
        try:
            check_samples(load.cohort_names, cohorts, samples, plan.groups, plan.mixer)
        except InputError as error:
            raise WorkError("without the files that cannot be used, ", *error.args) from None
        for target, index in enumerate(good):  # in place: the budget has no room for a copy
            load.pixels[target] = load.pixels[index]
        return samples, cohorts, load.pixels[: len(good)]

    def _mix(
        self,
        samples: list[Sample],
        cohorts: npt.NDArray[np.int64],
        pixels: Pixels,
        mixed: Pixels,
    ) -> None:
        ids = np.array([sample.id for sample in samples], np.int64)
        group_of = self._plan.groups
        groups = None if group_of is None else [group_of[sample.id] for sample in samples]
        with self.seconds.measure("draw"):
            source_map = self._plan.mixer.plan(cohorts, *self._plan.size, ids=ids, groups=groups)
        with self.seconds.measure("gather"):
            source_map.apply(pixels, mixed)

    def _write(self, samples: list[Sample], mixed: Pixels) -> None:
        outputs = [self._plan.output(sample) for sample in samples]
        missing = [index for index, output in enumerate(outputs) if not self._sink.holds(output)]
        # In the order of the new names, so that the order on disk does not reveal the old one.
        missing.sort(key=outputs.__getitem__)
        pending = [
            self._pool.submit(self._write_chunk, outputs, mixed, missing[chunk.start : chunk.stop])
            for chunk in _chunks(len(missing), self._chunk["write"])
        ]
        self._done["write"] += len(samples) - len(missing)
        for future in pending:
            self._record("write", future.result())
        self.written += len(missing)

    def _write_chunk(self, outputs: list[str], mixed: Pixels, indices: list[int]) -> ChunkReport:
        seconds = StageSeconds("encode", "write")
        with seconds.measure("write"):
            with seconds.measure("encode"):
                files = self._plan.encoder.encode_small(mixed, indices)
            for position, index in enumerate(indices):

                def save(file: FileIO, position: int = position, index: int = index) -> None:
                    if files is not None:
                        write_all(file, files[position])
                        return
                    with seconds.measure("encode"):
                        self._plan.encoder.save(mixed[index], file)

                self._sink.write(outputs[index], save)
        seconds["write"] -= seconds["encode"]
        return ChunkReport(len(indices), seconds, {}, [])

    def _record(self, stage: str, report: ChunkReport) -> None:
        self.seconds.add(report.seconds)
        self.hashes += report.hashes
        self._done[stage] += report.images
        self._progress(stage, self._done[stage], self._total)


def _compile(plan: RunPlan) -> float:
    """Compile the loops of a run, in the order of their use; returns the seconds it took."""
    started = time.perf_counter()
    if plan.options.size is not None:
        compile_resizing()
    compile_kernels(plan.mixer)
    return time.perf_counter() - started


def unusable(bad: list[BadImageError]) -> WorkError:
    """Return the error that names files that cannot be decoded."""
    more = f" (unusable files so far: {len(bad)})" if len(bad) > 1 else ""
    return WorkError(
        f"{bad[0]}{more}; go on without such files, with the same key, by ",
        Setting("resume", True),
        " and ",
        Setting("on_error", "skip"),
        ", or replace it and start anew with ",
        Setting("overwrite", True),
    )


def _chunks(count: int, size: int) -> list[range]:
    return [range(begin, min(begin + size, count)) for begin in range(0, count, size)]
