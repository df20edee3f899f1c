"""The regime of files: what the paper timed, a folder read, resized, mixed and written."""

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

# A JPEG is decoded at a part of its size as long as so many times the size is left: as mixing does.
DRAFT = 3


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
        self._next = 0

    def warm_up(self) -> None:
        """Have everything compiled and imported that a run needs."""
        source = self._work / "warm-up"
        self._originals.copy_to(source, self._originals.labels * (SOURCES + 1))
        self._run(source, 64)

    def measure(self, step: Step, repeats: int) -> dict[str, Any]:
        """What a row has beside the parts of its step."""
        return self._published(step) if step.row == ALGORITHM_1 else self._whole(step, repeats)

    def _whole(self, step: Step, repeats: int) -> dict[str, Any]:
        source = self._work / f"originals-{step.images}"
        if not source.exists():
            self._originals.copy_to(source, step.images)
        some = self._originals.paths[: min(step.images, CEILING_IMAGES)]
        seconds, beside, stages = [], [], []
        for _ in range(repeats):
            os.sync()  # what the run before has written shall not go to disk during this one
            beside.append(self._ceiling(some))
            took, spent = self._run(source, step.blocks)
            seconds.append(took)
            stages.append(spent)
        return {
            "seconds": seconds,
            "beside": {"row": "ceiling", "images": len(some), "seconds": beside},
            "stages": stages,
        }

    def _published(self, step: Step) -> dict[str, Any]:
        """Algorithm 1 on images of its own, which it overwrites: each time others."""
        if not self._victims:
            self._victims = self._originals.copy_to(self._work / "algorithm-1", step.images)
        count = len(self._victims)
        picked = [(self._next + index) % count for index in range(step.timed_images)]
        self._next += step.timed_images
        labels = np.arange(count) % self._originals.labels
        generator = np.random.default_rng(0)
        started = perf_counter()
        mix_files(self._victims, labels, picked, block_size(step.blocks), SOURCES, generator)
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

    def _ceiling(self, paths: Sequence[Path]) -> float:
        """Seconds to decode, resize and encode images, and nothing else, on as many threads."""
        pieces = [paths[begin : begin + 16] for begin in range(0, len(paths), 16)]
        with ThreadPoolExecutor(self._threads) as pool:
            started = perf_counter()
            for done in [pool.submit(_recode, piece) for piece in pieces]:
                done.result()
            return perf_counter() - started


def _recode(paths: Sequence[Path]) -> None:
    # A descriptor, as Pillow lets go of the interpreter only then; what is written there is gone.
    with open(os.devnull, "wb", buffering=0) as nowhere:
        for path in paths:
            resized_at_best(path).save(nowhere, **JPEG)


def resized_at_best(path: Path) -> Image.Image:
    """An image of the paper's size, in colour, without a copy or a pixel that is not needed."""
    with Image.open(path) as image:
        for scale in (8, 4, 2):
            least = DRAFT * scale * SIDE
            if min(image.size) >= least and not (image.width % scale or image.height % scale):
                image.draft(None, (image.width // scale, image.height // scale))
                break
        colour = image if image.mode == "RGB" else image.convert("RGB")
        return colour.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
