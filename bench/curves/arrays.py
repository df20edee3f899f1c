"""The regime of arrays: mixing alone, in memory, beside a copy of the same bytes."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

import numpy as np

from blockmix.bench.common.blocks import block_size
from blockmix.bench.common.originals import Originals
from blockmix.bench.common.paper import SHAPE, SOURCES
from blockmix.bench.curves.algorithm1 import mix_cached
from blockmix.bench.curves.plan import CACHED
from blockmix.bench.curves.step import Step
from blockmix.bench.speed.alternation import time_in_turns
from blockmix.bench.speed.cases import PEER_ROWS, Case
from blockmix.bench.speed.rows import ROWS, PreparedCase

PARTS = ("draw", "gather")


class ArrayBench:
    """Measures on arrays of the host or of a CUDA device, which are allocated once.

    Parameters
    ----------
    originals : Originals
        The images.
    count : int
        Number of images in the arrays.
    threads : int
        Threads of mixing, and of the copy.
    device : {"cpu", "cuda"}
        Where the arrays lie.
    """

    def __init__(self, originals: Originals, count: int, threads: int, device: str) -> None:
        self._labels = originals.labels
        self._threads = threads
        self._device = device
        self._pool = ThreadPoolExecutor(threads)
        images = originals.pixels(count, self._pool)
        out = np.zeros_like(images)
        if device == "cuda":
            import cupy

            images, out = cupy.asarray(images), cupy.asarray(out)
        self._images, self._out = images, out

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def warm_up(self) -> None:
        """Compile everything, and start the threads."""
        prepared_case = self._prepared_case(self._labels * (SOURCES + 1), 64)
        for row in (*PARTS, "mix", "copy"):
            ROWS[row].prepare(prepared_case)()

    def measure(self, step: Step, repeats: int) -> dict[str, Any]:
        """Measure a step; gives the fields that its row has beside those of the step."""
        if step.row == CACHED:
            return self._time_algorithm_1(step)
        return self._time_beside_copy(step, repeats)

    def _prepared_case(self, count: int, blocks: int) -> PreparedCase:
        case = Case("curves", "", count, SHAPE, block_size(blocks), labels=self._labels)
        return PreparedCase(
            case, self._images[:count], self._out[:count], self._pool, self._threads
        )

    def _time_beside_copy(self, step: Step, repeats: int) -> dict[str, Any]:
        prepared_case, row = self._prepared_case(step.images, step.blocks), ROWS[step.row]
        seconds, copy_seconds = time_in_turns(
            self._synchronised(row.prepare(prepared_case)),
            self._synchronised(ROWS["copy"].prepare(prepared_case)),
            warmups=row.warmups,
            repeats=min(repeats, row.repeats),
        )
        return {
            "seconds": seconds,
            "beside": {"row": "copy", "images": step.images, "seconds": copy_seconds},
        }

    def _time_algorithm_1(self, step: Step) -> dict[str, Any]:
        images = self._out[: step.images]  # overwritten, so a copy
        images[:] = self._images[: step.images]
        labels = np.arange(step.images) % self._labels
        indices, rng = range(step.timed_images), np.random.default_rng(0)
        started = perf_counter()
        mix_cached(images, labels, indices, block_size(step.blocks), SOURCES, rng)
        return {"seconds": [perf_counter() - started]}

    def _synchronised(self, work: Any) -> Any:
        """Work that has ended when its call returns."""
        if self._device == "cpu":
            return work
        import cupy

        def work_and_wait() -> None:
            work()
            cupy.cuda.Device().synchronize()

        return work_and_wait


def part_and_peer_rows(device: str) -> tuple[str, ...]:
    """The rows other than mixing itself; peers on a GPU are measured by ``make gpu-check``."""
    if device == "cuda":
        return PARTS
    has_torch = importlib.util.find_spec("torch") is not None
    return (*PARTS, *(row for row in PEER_ROWS if has_torch or "torch" not in row))
