"""A row and the copy are timed in turns, so that both see the same machine.

Speed drifts on shared machines, within seconds and by tens of per cent. So each run of a row comes
right after a run of the copy, and the two times are compared as a pair.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from blockmix.bench.speed.rows import ROWS, PreparedCase


def time_beside_copy(benchmark: Any, prepared_case: PreparedCase, row: str) -> None:
    """Time a row beside the copy, and add the result to the record of pytest-benchmark.

    Parameters
    ----------
    benchmark : pytest_benchmark.fixture.BenchmarkFixture
        The fixture ``benchmark``.
    prepared_case : PreparedCase
        The case, with its arrays.
    row : str
        Key of `ROWS`.
    """
    case = prepared_case.case
    prepare, warmups, repeats = ROWS[row]
    work, copy = prepare(prepared_case), ROWS["copy"].prepare(prepared_case)
    copy_times: list[float] = []

    def copy_first() -> None:
        started = perf_counter()
        copy()
        copy_times.append(perf_counter() - started)

    benchmark.group = case.name
    benchmark.pedantic(work, setup=copy_first, rounds=repeats, warmup_rounds=warmups)
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
        "bytes": prepared_case.images.nbytes,
        "threads": prepared_case.threads,
        **shares(row_times, copy_times[warmups:]),
    }


def time_in_turns(
    work: Callable[[], object], copy: Callable[[], object], *, warmups: int, repeats: int
) -> tuple[list[float], list[float]]:
    """Time work and a copy in turns; gives the seconds of each, which are pairs."""
    for _ in range(warmups):
        copy()
        work()
    work_times: list[float] = []
    copy_times: list[float] = []
    for _ in range(repeats):
        for call, times in ((copy, copy_times), (work, work_times)):
            started = perf_counter()
            call()
            times.append(perf_counter() - started)
    return work_times, copy_times


def shares(row_times: list[float], copy_times: list[float]) -> dict[str, object]:
    """Compare times with those of the copies before them, in seconds.

    Returns
    -------
    dict
        Medians and quartiles of both; the share of the copy's speed that the row reaches, as
        median and quartiles over the pairs, in which drift cancels; and every time of the copy.
        The times of the row are in the record already.
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
