"""A record in Markdown: what was measured, what was assumed, and what was simulated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

from blockmix.bench.common.markdown import table
from blockmix.bench.scale.mixing import only_quiet
from blockmix.bench.scale.projection import driver_seconds

Row = dict[str, Any]
Columns = dict[str, Callable[[Row], str]]
SHOWN_CORES = (1, 10, 100, 1000)
NOT_SIMULATED = "-"


def tables(record: Row) -> dict[str, str]:
    """Every table in Markdown, by the name of its marks."""
    return {
        "scale-mixing": _mixing(only_quiet(record["mixing"], record["quiet"])),
        "scale-naps": _naps(record["naps"]),
        "scale-assumptions": _assumptions(record["simulated"]["assumptions"]),
        "scale-simulated": _simulated(record["simulated"]),
    }


def rates(row: Row) -> list[float]:
    """Images a second of each run, from the first look at a shard to the record."""
    images = row["shards"] * row["images_per_shard"]
    return [images / run["seconds"] for run in row["runs"]]


def speedups(row: Row, rows: Iterable[Row]) -> list[float]:
    """How many times as fast each run was as that of one process just before it."""
    (single,) = (
        other for other in rows if other["shards"] == row["shards"] and other["workers"] == 1
    )
    return [
        before["seconds"] / run["seconds"]
        for before, run in zip(single["runs"], row["runs"], strict=True)
    ]


def efficiencies(row: Row) -> list[float]:
    """For each run, the time of all units on all slots alone, divided by the time it took."""
    ideal = row["units"] * row["seconds"] / row["slots"]
    return [ideal / run["seconds"] for run in row["runs"]]


def _mixing(rows: Sequence[Row]) -> str:
    columns: Columns = {
        "shards": lambda row: f"{row['shards']} of {row['images_per_shard']:,} images",
        "processes": lambda row: f"{row['workers']}",
        "quiet turns": lambda row: f"{len(row['runs'])} of {row['turns']}",
        "images/s": lambda row: _spread(rates(row), "{:,.0f}"),
        "times one process": lambda row: _spread(speedups(row, rows), "{:.2f}"),
        "a unit, s": lambda row: _spread(_of_units(row, "seconds"), "{:.2f}"),
        "of CPU": lambda row: _spread(_of_units(row, "cpu_seconds"), "{:.2f}"),
        "busy": lambda row: f"{median(_busy(row)):.0%}",
        "job, bytes": lambda row: f"{row['job_bytes']:,}",
        "report, bytes": lambda row: f"{row['report_bytes']:,}",
    }
    return table(columns, rows)


def _of_units(row: Row, kind: str) -> list[float]:
    return [seconds for run in row["runs"] for seconds in run["units"][kind]]


def _busy(row: Row) -> list[float]:
    """For each run, the share of the time of all workers that went into looks and units."""
    return [
        sum(sum(run[kind]["seconds"]) for kind in ("units", "surveys"))
        / (row["workers"] * run["seconds"])
        for run in row["runs"]
    ]


def _naps(rows: Sequence[Row]) -> str:
    columns: Columns = {
        "executor": lambda row: {"threads": "ThreadPoolExecutor", "dask": "Dask"}[row["executor"]],
        "units": lambda row: f"{row['units']:,} of {row['seconds']:g} s",
        "slots": lambda row: f"{row['slots']}",
        "ideal, s": lambda row: f"{row['units'] * row['seconds'] / row['slots']:.1f}",
        "took, s": lambda row: _spread([run["seconds"] for run in row["runs"]], "{:.1f}"),
        "efficiency": lambda row: _spread(efficiencies(row), "{:.2f}"),
        "driver, ms of CPU a unit": lambda row: f"{1e3 * driver_seconds(row):.2f}",
    }
    return table(columns, rows)


def _assumptions(assumed: Row) -> str:
    lines = [
        ("images a unit", f"{assumed['images_per_unit']:,}, one shard", "assumed"),
        (
            "a core mixes",
            f"{1 / assumed['seconds_per_image']:,.0f} images/s",
            "measured above: CPU time, the larger shards, two processes",
        ),
        (
            "a core looks at",
            f"{1 / assumed['survey_seconds_per_image']:,.0f} images/s",
            "measured in the same runs",
        ),
        (
            "spread of units",
            f"{assumed['spread']:.1%} (standard deviation / mean), lognormal",
            "measured in the same runs",
        ),
        (
            "driver and scheduler",
            f"{1e3 * assumed['driver_seconds']:.2f} ms a unit, one after another",
            "measured above: the largest CPU time",
        ),
        (
            "stragglers",
            f"{assumed['straggler_share']:.0%} of units take {assumed['straggler_factor']:g} times "
            "as long",
            "assumed",
        ),
        (
            "a core whose worker died",
            f"works again after {assumed['restart_seconds']:g} s",
            "assumed",
        ),
        ("window", f"{assumed['ahead']} units for each core", "as in the code"),
        ("runs", f"{assumed['repeats']} of each, means are shown", "seeded"),
    ]
    columns: dict[str, Callable[[tuple[str, str, str]], str]] = {
        "what": lambda line: line[0],
        "value": lambda line: line[1],
        "from": lambda line: line[2],
    }
    return table(columns, lines)


def _simulated(simulated: Row) -> str:
    """A line for each set and some numbers of cores, a column for each scenario."""
    by_case = {(row["images"], row["cores"], row["scenario"]): row for row in simulated["rows"]}
    cases = sorted({(images, cores) for images, cores, _ in by_case if cores in SHOWN_CORES})
    columns: dict[str, Callable[[tuple[int, int]], str]] = {
        "images": lambda case: f"{case[0] // 1_000_000} million",
        "cores": lambda case: f"{case[1]:,}",
    }
    for scenario in simulated["scenarios"]:
        columns[scenario["name"]] = lambda case, name=scenario["name"]: _case(  # type: ignore[misc]
            by_case.get((*case, name))
        )
    return table(columns, cases)


def _case(row: Row | None) -> str:
    if row is None:
        return NOT_SIMULATED
    return f"{duration(row['hours']['mean'])} ({row['efficiency']:.0%})"


def duration(hours: float) -> str:
    """A time in seconds, minutes or hours, to two or three digits."""
    for unit, per_hour in (("h", 1), ("min", 60)):
        if hours * per_hour >= 1.5:
            return f"{hours * per_hour:.3g} {unit}"
    return f"{hours * 3600:.3g} s"


def _spread(values: Sequence[float], form: str) -> str:
    """The median, with the least and the most."""
    middle, least, most = map(form.format, (median(values), min(values), max(values)))
    return f"{middle} ({least} to {most})"
