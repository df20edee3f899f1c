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
from blockmix.bench.speed.rows import ROWS, Setting

PARTS = ("draw", "gather")


class Arrays:
    """Measures on arrays of the host or of a CUDA device, which are made once.

    Parameters
    ----------
    originals : Originals
        What is in them.
    most : int
        How many images there are at most.
    threads : int
        Of mixing and of the copy.
    device : {"cpu", "cuda"}
        Where they lie.
    """

    def __init__(self, originals: Originals, most: int, threads: int, device: str) -> None:
        self._labels = originals.labels
        self._threads = threads
        self._device = device
        self._pool = ThreadPoolExecutor(threads)
        images = originals.pixels(most, self._pool)
        out = np.zeros_like(images)
        if device == "cuda":
            import cupy

            images, out = cupy.asarray(images), cupy.asarray(out)
        self._images, self._out = images, out

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def warm_up(self) -> None:
        """Have everything compiled, and the threads started."""
        setting = self._setting(self._labels * (SOURCES + 1), 64)
        for row in (*PARTS, "mix", "copy"):
            ROWS[row].prepare(setting)()

    def measure(self, step: Step, repeats: int) -> dict[str, Any]:
        """What a row has beside the parts of its step."""
        return self._cached(step) if step.row == CACHED else self._beside_copy(step, repeats)

    def _setting(self, count: int, blocks: int) -> Setting:
        case = Case("curves", "", count, SHAPE, block_size(blocks), labels=self._labels)
        return Setting(case, self._images[:count], self._out[:count], self._pool, self._threads)

    def _beside_copy(self, step: Step, repeats: int) -> dict[str, Any]:
        setting, row = self._setting(step.images, step.blocks), ROWS[step.row]
        seconds, beside = time_in_turns(
            self._waited_for(row.prepare(setting)),
            self._waited_for(ROWS["copy"].prepare(setting)),
            warmups=row.warmups,
            repeats=min(repeats, row.repeats),
        )
        return {
            "seconds": seconds,
            "beside": {"row": "copy", "images": step.images, "seconds": beside},
        }

    def _cached(self, step: Step) -> dict[str, Any]:
        images = self._out[: step.images]  # overwritten, so a copy
        images[:] = self._images[: step.images]
        labels = np.arange(step.images) % self._labels
        picked, generator = range(step.timed_images), np.random.default_rng(0)
        started = perf_counter()
        mix_cached(images, labels, picked, block_size(step.blocks), SOURCES, generator)
        return {"seconds": [perf_counter() - started]}

    def _waited_for(self, work: Any) -> Any:
        """Work that is over when its call is."""
        if self._device == "cpu":
            return work
        import cupy

        def until_done() -> None:
            work()
            cupy.cuda.Device().synchronize()

        return until_done


def rows_on(device: str) -> tuple[str, ...]:
    """What is timed beside mixing; peers on a GPU are for ``make gpu-check``."""
    if device == "cuda":
        return PARTS
    torch_is_there = importlib.util.find_spec("torch") is not None
    return (*PARTS, *(row for row in PEER_ROWS if torch_is_there or "torch" not in row))
