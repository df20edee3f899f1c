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
    benchmark.group = case.name
    row_times, copy_times = time_pairs(benchmark, work, copy, warmups=warmups, repeats=repeats)
    if benchmark.disabled:
        return
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
        **shares(row_times, copy_times),
    }


def time_pairs(
    benchmark: Any,
    work: Callable[[], object],
    peer: Callable[[], object],
    *,
    warmups: int,
    repeats: int,
) -> tuple[list[float], list[float]]:
    """Time work by pytest-benchmark, each run right after one of a peer.

    Returns
    -------
    list of float, list of float
        The seconds of both, which are pairs; nothing if the benchmark is disabled.
    """
    peer_times: list[float] = []

    def peer_first() -> None:
        started = perf_counter()
        peer()
        peer_times.append(perf_counter() - started)

    benchmark.pedantic(work, setup=peer_first, rounds=repeats, warmup_rounds=warmups)
    if benchmark.disabled:
        return [], []
    return benchmark.stats.stats.data, peer_times[warmups:]


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
        "quartiles_s": quartiles(rows),
        "copy_median_s": float(np.median(copies)),
        "copy_quartiles_s": quartiles(copies),
        "share_of_copy": float(np.median(copies / rows)),
        "share_quartiles": quartiles(copies / rows),
        "copy_s": copies.tolist(),
    }


def quartiles(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    """The lower and the upper quartile."""
    low, high = np.quantile(values, [0.25, 0.75])
    return [float(low), float(high)]
