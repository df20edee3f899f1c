"""The regime of files, which the paper timed: a folder read, resized, mixed and written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image

from blockmix import Key, mix_folder
from blockmix.bench.common.blocks import block_size
from blockmix.bench.common.originals import Originals
from blockmix.bench.common.paper import PROBABILITY, SIDE, SOURCES
from blockmix.bench.curves.algorithm1 import JPEG, mix_files
from blockmix.bench.curves.plan import ALGORITHM_1, CEILING_IMAGES
from blockmix.bench.curves.step import Step

# A JPEG is decoded at a fraction of its size if that is at least so many times the target size. The
# rule is a copy of that in `blockmix.datasets.decode`: a ceiling that called the code under
# measurement would become slower with it, and hide that.
DRAFT = 3


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
        return self._time_beside_ceiling(step, repeats)

    def _time_beside_ceiling(self, step: Step, repeats: int) -> dict[str, Any]:
        source = self._work / f"originals-{step.images}"
        if not source.exists():
            self._originals.copy_to(source, step.images)
        sample = self._originals.paths[: min(step.images, CEILING_IMAGES)]
        seconds, ceiling_seconds, stages = [], [], []
        for _ in range(repeats):
            os.sync()  # else files of the previous run go to disk during this one
            ceiling_seconds.append(self._time_ceiling(sample))
            run_seconds, stage_seconds = self._run(source, step.blocks)
            seconds.append(run_seconds)
            stages.append(stage_seconds)
        return {
            "seconds": seconds,
            "beside": {"row": "ceiling", "images": len(sample), "seconds": ceiling_seconds},
            "stages": stages,
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

    def _time_ceiling(self, paths: Sequence[Path]) -> float:
        """Seconds to decode, resize and encode images, and nothing else, on all threads."""
        pieces = [paths[begin : begin + 16] for begin in range(0, len(paths), 16)]
        with ThreadPoolExecutor(self._threads) as pool:
            started = perf_counter()
            for future in [pool.submit(_recode, piece) for piece in pieces]:
                future.result()
            return perf_counter() - started


def _recode(paths: Sequence[Path]) -> None:
    # Pillow releases the interpreter lock only if it writes to a file descriptor.
    with open(os.devnull, "wb", buffering=0) as null:
        for path in paths:
            read_resized_fast(path).save(null, **JPEG)


def read_resized_fast(path: Path) -> Image.Image:
    """Open an image in colour, in the paper's size, with no needless copy and no needless pixel."""
    with Image.open(path) as image:
        for scale in (8, 4, 2):
            smallest = DRAFT * scale * SIDE
            if min(image.size) >= smallest and not (image.width % scale or image.height % scale):
                image.draft(None, (image.width // scale, image.height // scale))
                break
        colour = image if image.mode == "RGB" else image.convert("RGB")
        return colour.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
