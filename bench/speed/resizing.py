"""Resizing beside Pillow, in turns, on one thread."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from blockmix import resize
from blockmix.bench.common.paper import SIDE
from blockmix.bench.speed.alternation import quartiles, time_pairs

GROUP = f"resizing on one thread, RGB, to {SIDE} x {SIDE}"
SIDES = (224, 512, 128)  # of square images, in pixels
IMAGES = 64  # at each size
WARMUPS, REPEATS = 1, 9


def time_beside_pillow(benchmark: Any, side: int, count: int) -> None:
    """Time resizing beside Pillow, and add the result to the record of pytest-benchmark.

    Parameters
    ----------
    benchmark : pytest_benchmark.fixture.BenchmarkFixture
        The fixture ``benchmark``. numba has one thread.
    side : int
        Height and width of the images in pixels.
    count : int
        Number of images.
    """
    images = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)
    originals = [Image.fromarray(image) for image in images]
    out = np.zeros((count, SIDE, SIDE, 3), np.uint8)

    def pillow() -> None:
        for image in originals:
            image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)

    benchmark.group = GROUP
    work = partial(resize, images, SIDE, out=out)
    times = time_pairs(benchmark, work, pillow, warmups=WARMUPS, repeats=REPEATS)
    if benchmark.disabled:
        return
    benchmark.extra_info |= {
        "group": GROUP,
        "case": f"{side} x {side}",
        "row": "resize",
        "images": count,
        "shape": list(images.shape[1:]),
        "threads": 1,
        **comparison(*times),
    }


def comparison(resize_times: list[float], pillow_times: list[float]) -> dict[str, object]:
    """Compare times with those of Pillow before them, in seconds.

    Returns
    -------
    dict
        The median of each; how many times as fast resizing is, as median and quartiles over the
        pairs, in which drift cancels; and every time of Pillow.
    """
    ratios = np.array(pillow_times) / np.array(resize_times)
    return {
        "median_s": float(np.median(resize_times)),
        "pillow_median_s": float(np.median(pillow_times)),
        "times_as_fast": float(np.median(ratios)),
        "times_as_fast_quartiles": quartiles(ratios),
        "pillow_s": pillow_times,
    }
