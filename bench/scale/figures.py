"""A record as a picture: what was measured, and beside it what was simulated."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from blockmix.bench.common import drawing
from blockmix.bench.scale.mixing import only_quiet
from blockmix.bench.scale.tables import rates

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "scale"


def draw(record: dict[str, Any], folder: Path) -> list[Path]:
    """Write the figure as PNG and SVG into a folder; return the paths."""
    return drawing.draw({NAME: partial(_figure, record)}, folder)


def _figure(record: dict[str, Any]) -> Figure:
    from matplotlib.figure import Figure

    machine = record["machine"]
    figure = Figure(figsize=(12.6, 4.4), layout="constrained")
    figure.suptitle(
        f"{machine['cpu']}, {machine['cores']} cores; blockmix {machine['versions']['blockmix']}"
    )
    measured, hours, efficiency = figure.subplots(1, 3, width_ratios=(1, 1.6, 1.6))
    _measured(measured, only_quiet(record["mixing"], record["quiet"]))
    _hours(hours, record["simulated"])
    _efficiency(efficiency, record["simulated"])
    return figure


def _measured(axes: Axes, rows: list[dict[str, Any]]) -> None:
    sizes = sorted({row["images_per_shard"] for row in rows})
    for size, colour in zip(sizes, (drawing.ORANGE, drawing.BLUE), strict=True):
        of_size = [row for row in rows if row["images_per_shard"] == size]
        workers = [row["workers"] for row in of_size]
        axes.plot(
            workers,
            [median(rates(row)) for row in of_size],
            "o-",
            color=colour,
            label=f"shards of {size:,} images",
        )
        for row in of_size:
            axes.plot([row["workers"]] * len(row["runs"]), rates(row), "_", color=colour, alpha=0.5)
    axes.set_xticks(workers)
    axes.set_xlim(workers[0] - 0.4, workers[-1] + 0.4)
    axes.set_ylim(bottom=0)
    axes.set(title="Measured", xlabel="worker processes", ylabel="images/s (each run, median)")
    axes.legend(loc="lower right")


def _hours(axes: Axes, simulated: dict[str, Any]) -> None:
    """The time of each set, with faults that the cluster repairs."""
    name = simulated["scenarios"][1]["name"]
    rows = [row for row in simulated["rows"] if row["scenario"] == name]
    sets = sorted({row["images"] for row in rows})
    for images, colour in zip(sets, drawing.shades(len(sets)), strict=True):
        of_set = [row for row in rows if row["images"] == images]
        cores = [row["cores"] for row in of_set]
        times = [row["hours"]["mean"] for row in of_set]
        axes.plot(cores, times, "o-", color=colour, label=f"{images / 1e6:g} million images")
        ideal = [times[0] * cores[0] / number for number in cores]
        axes.plot(cores, ideal, ":", color=colour)
    _log(axes, cores)
    axes.set_yscale("log")
    axes.set(title=f"Simulated: {name}", ylabel="hours (dotted: in proportion)")
    axes.legend(loc="lower left")


def _efficiency(axes: Axes, simulated: dict[str, Any]) -> None:
    """The efficiency of the largest set in every scenario."""
    images = max(row["images"] for row in simulated["rows"])
    names = [scenario["name"] for scenario in simulated["scenarios"]]
    for name, colour in zip(names, drawing.shades(len(names)), strict=True):
        rows = [
            row for row in simulated["rows"] if row["scenario"] == name and row["images"] == images
        ]
        cores = [row["cores"] for row in rows]
        axes.plot(cores, [row["efficiency"] for row in rows], "o-", color=colour, label=name)
    _log(axes, [row["cores"] for row in simulated["rows"]])
    axes.set_ylim(0, 1.05)
    axes.set(title=f"Simulated: {images / 1e6:g} million images", ylabel="efficiency")
    axes.legend(loc="lower left")


def _log(axes: Axes, cores: list[int]) -> None:
    ticks = sorted(set(cores))
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], rotation=45)
    axes.minorticks_off()
    axes.set_xlabel("cores")
