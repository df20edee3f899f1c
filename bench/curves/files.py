"""The regime of files: what the paper timed, a folder read, resized, mixed and written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from blockmix import Key, mix_folder
from blockmix.bench.curves import algorithm1, paper
from blockmix.bench.curves.originals import Originals, resized_file
from blockmix.bench.curves.plan import Plan, block_of
from blockmix.bench.curves.step import Step

# The ceiling is measured on up to so many images before each run: it has to see the same machine,
# and a larger number does not change its rate.
CEILING_IMAGES = 1000


class Files:
    """Measures in a folder that is to be empty, and is the caller's to remove.

    Nothing is removed while it measures. Where thousands of files have just been deleted, ext4
    looks at each of their inodes before it gives one out: a new file then took 1.3 ms of the
    kernel's time instead of 0.15 to 0.55 (Linux 6, AMD EPYC).
    """

    def __init__(self, originals: Originals, work: Path, threads: int) -> None:
        self._originals = originals
        self._work = work
        self._threads = threads
        self._runs = 0
        self._victims: list[Path] = []

    def steps(self, plan: Plan) -> Iterator[Step]:
        """A step for every point, and for the paper's algorithm at every number of blocks."""
        counts = [count for count in plan.file_counts if count <= len(self._originals.paths)]
        for count in counts:
            for blocks in plan.blocks:
                expected = plan.repeats * (count / 500 + min(count, CEILING_IMAGES) / 700)
                yield Step("files", "mix_folder", count, blocks, expected, self._mix_folder)
        for number, blocks in enumerate(plan.blocks):
            expected = plan.slow_images * (blocks / 2 + 1) / 500
            chosen = range(number * plan.slow_images, (number + 1) * plan.slow_images)
            yield Step(
                "files", "algorithm 1", plan.slow_images, blocks, expected, self._published, chosen
            )

    def warm_up(self) -> None:
        """Have everything compiled and imported that a run needs."""
        source = self._work / "warm-up"
        self._originals.copy_to(source, self._originals.labels * (paper.SOURCES + 1))
        self._run(source, 64)

    def _mix_folder(self, step: Step, repeats: int) -> dict[str, Any]:
        source = self._work / f"originals-{step.images}"
        if not source.exists():
            self._originals.copy_to(source, step.images)
        some = self._originals.paths[: min(step.images, CEILING_IMAGES)]
        seconds, beside, stages = [], [], []
        for _ in range(repeats):
            beside.append(self._ceiling(some))
            took, spent = self._run(source, step.blocks)
            seconds.append(took)
            stages.append(spent)
        return {
            "timed_images": step.images,
            "seconds": seconds,
            "beside": {"row": "ceiling", "images": len(some), "seconds": beside},
            "stages": stages,
        }

    def _published(self, step: Step, repeats: int) -> dict[str, Any]:
        """Algorithm 1 on images of its own, which it overwrites."""
        if not self._victims:
            copies = min(len(self._originals.paths), CEILING_IMAGES)
            self._victims = self._originals.copy_to(self._work / "algorithm-1", copies)
        labels = np.arange(len(self._victims)) % self._originals.labels
        chosen = [index % len(self._victims) for index in step.chosen]
        started = perf_counter()
        algorithm1.mix_files(
            self._victims,
            labels,
            chosen,
            block_of(step.blocks),
            paper.SOURCES,
            np.random.default_rng(0),
        )
        return {"timed_images": len(chosen), "seconds": [perf_counter() - started]}

    def _run(self, source: Path, blocks: int) -> tuple[float, dict[str, float]]:
        self._runs += 1
        summary = mix_folder(
            source,
            self._work / f"mixed-{self._runs}",
            size=paper.SIDE,
            block=block_of(blocks),
            sources=paper.SOURCES,
            probability=paper.PROBABILITY,
            key=Key.from_seed(self._runs),
            format="jpeg",
            workers=self._threads,
        )
        return summary.seconds, summary.stage_seconds

    def _ceiling(self, paths: Sequence[Path]) -> float:
        """Seconds to decode, resize and encode images, and nothing else, on as many threads."""
        pieces = [paths[begin : begin + 16] for begin in range(0, len(paths), 16)]
        with ThreadPoolExecutor(self._threads) as pool:
            started = perf_counter()
            for done in [pool.submit(_recode, piece) for piece in pieces]:
                done.result()
            return perf_counter() - started


def _recode(paths: Sequence[Path]) -> None:
    for path in paths:
        # Into a descriptor, as Pillow lets go of the interpreter only then.
        with open(os.memfd_create("image"), "wb") as file:
            resized_file(path).save(file, "JPEG", quality=95, subsampling="4:4:4")
