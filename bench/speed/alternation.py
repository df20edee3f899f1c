"""How a row is timed: in alternation with the copy, so that both see the same machine.

Speed drifts on shared machines, within seconds and by tens of per cent. Each time of a row is
therefore preceded by one of the copy, and the two are compared as a pair.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from blockmix.bench.speed.rows import ROWS, Setting


def time_beside_copy(benchmark: Any, setting: Setting, row: str) -> None:
    """Time a row beside the copy, and add what came out to its record.

    Parameters
    ----------
    benchmark : pytest_benchmark.fixture.BenchmarkFixture
        The fixture of that name.
    setting : Setting
        The case, with its arrays.
    row : str
        Key of `ROWS`.
    """
    case = setting.case
    prepare, warmups, times = ROWS[row]
    timed, copy = prepare(setting), ROWS["copy"].prepare(setting)
    copy_times: list[float] = []

    def copy_first() -> None:
        started = perf_counter()
        copy()
        copy_times.append(perf_counter() - started)

    benchmark.group = case.name
    benchmark.pedantic(timed, setup=copy_first, rounds=times, warmup_rounds=warmups)
    if benchmark.disabled:
        return
    row_times = benchmark.stats.stats.data
    benchmark.extra_info |= {
        "group": case.group,
        "case": case.name,
        "row": row,
        "images": case.images,
        "shape": list(case.shape),
        "layout": case.layout,
        "labels": case.labels,
        "blocks": case.blocks,
        "bytes": setting.images.nbytes,
        "threads": setting.threads,
        **shares(row_times, copy_times[warmups:]),
    }


def in_turns(
    timed: Callable[[], object], beside: Callable[[], object], *, warmups: int, times: int
) -> tuple[list[float], list[float]]:
    """Time two things in turns; gives the seconds of each, which are pairs."""
    for _ in range(warmups):
        beside()
        timed()
    seconds: tuple[list[float], list[float]] = [], []
    for _ in range(times):
        for work, taken in zip((beside, timed), reversed(seconds), strict=True):
            started = perf_counter()
            work()
            taken.append(perf_counter() - started)
    return seconds


def shares(row_times: list[float], copy_times: list[float]) -> dict[str, object]:
    """Compare times with those of the copies before them, in seconds.

    Returns
    -------
    dict
        Medians and quartiles of both; the share of the copy's speed that the row reaches, as
        median and quartiles over the pairs, in which drift cancels; and every copy's time, as
        those of the row are in the record already.
    """
    rows, copies = np.array(row_times), np.array(copy_times)
    return {
        "median_s": float(np.median(rows)),
        "quartiles_s": _quartiles(rows),
        "copy_median_s": float(np.median(copies)),
        "copy_quartiles_s": _quartiles(copies),
        "share_of_copy": float(np.median(copies / rows)),
        "share_quartiles": _quartiles(copies / rows),
        "copy_s": copies.tolist(),
    }


def _quartiles(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    low, high = np.quantile(values, [0.25, 0.75])
    return [float(low), float(high)]
