"""The regime of files, which the paper timed: a folder read, resized, mixed and written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from blockmix import Key, mix_folder
from blockmix.bench.common.blocks import block_size
from blockmix.bench.common.originals import Originals
from blockmix.bench.common.paper import PROBABILITY, SIDE, SOURCES
from blockmix.bench.curves.algorithm1 import mix_files
from blockmix.bench.curves.plan import ALGORITHM_1, CEILING_IMAGES, PILLOW
from blockmix.bench.curves.recoding import recode, recode_by_pillow, time_recoding
from blockmix.bench.curves.step import Step


class FileBench:
    """Measures in an empty folder, which the caller removes afterwards.

    It removes nothing itself. After thousands of files have been deleted, ext4 looks at each of
    their inodes before it assigns one: a new file then took 1.3 ms of the kernel's time instead of
    0.15 to 0.55 (Linux 6, AMD EPYC).
    """

    def __init__(self, originals: Originals, work: Path, threads: int) -> None:
        self._originals = originals
        self._work = work
        self._threads = threads
        self._runs = 0
        self._files: list[Path] = []  # that the paper's algorithm overwrites
        self._next_file = 0

    def warm_up(self) -> None:
        """Compile and import everything that a run needs."""
        source = self._work / "warm-up"
        self._originals.copy_to(source, self._originals.labels * (SOURCES + 1))
        self._run(source, 64)

    def measure(self, step: Step, repeats: int) -> dict[str, Any]:
        """Measure a step; gives the fields that its row has beside those of the step."""
        if step.row == ALGORITHM_1:
            return self._time_algorithm_1(step)
        if step.row == PILLOW:
            return self._time_pillow(step, repeats)
        return self._time_runs(step, repeats)

    def _time_runs(self, step: Step, repeats: int) -> dict[str, Any]:
        source = self._work / f"originals-{step.images}"
        if not source.exists():
            self._originals.copy_to(source, step.images)
        stages = []

        def run() -> float:
            seconds, stage_seconds = self._run(source, step.blocks)
            stages.append(stage_seconds)
            return seconds

        images = min(step.images, CEILING_IMAGES)
        return {**self._time_beside_ceiling(images, repeats, run), "stages": stages}

    def _time_pillow(self, step: Step, repeats: int) -> dict[str, Any]:
        paths = self._originals.paths[: step.timed_images]
        return self._time_beside_ceiling(
            len(paths), repeats, lambda: time_recoding(recode_by_pillow, paths, self._threads)
        )

    def _time_beside_ceiling(
        self, images: int, repeats: int, work: Callable[[], float]
    ) -> dict[str, Any]:
        """Call ``work``, which returns its seconds, each time after the ceiling."""
        paths = self._originals.paths[:images]
        seconds, ceiling_seconds = [], []
        for _ in range(repeats):
            os.sync()  # else files of the previous run go to disk during this one
            ceiling_seconds.append(time_recoding(recode, paths, self._threads))
            seconds.append(work())
        return {
            "seconds": seconds,
            "beside": {"row": "ceiling", "images": images, "seconds": ceiling_seconds},
        }

    def _time_algorithm_1(self, step: Step) -> dict[str, Any]:
        """Time Algorithm 1 on copies, which it overwrites: on the next ones at each step."""
        if not self._files:
            self._files = self._originals.copy_to(self._work / "algorithm-1", step.images)
        count = len(self._files)
        indices = [(self._next_file + index) % count for index in range(step.timed_images)]
        self._next_file += step.timed_images
        labels = np.arange(count) % self._originals.labels
        rng = np.random.default_rng(0)
        started = perf_counter()
        mix_files(self._files, labels, indices, block_size(step.blocks), SOURCES, rng)
        return {"seconds": [perf_counter() - started]}

    def _run(self, source: Path, blocks: int) -> tuple[float, dict[str, float]]:
        self._runs += 1
        started = perf_counter()
        summary = mix_folder(
            source,
            self._work / f"mixed-{self._runs}",
            size=SIDE,
            block=block_size(blocks),
            sources=SOURCES,
            probability=PROBABILITY,
            key=Key.from_seed(self._runs),
            format="jpeg",
            workers=self._threads,
        )
        return perf_counter() - started, summary.stage_seconds
