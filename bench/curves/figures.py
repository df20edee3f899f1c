"""A record as pictures: the paper's Figures 14 and 15, and ratios with rooflines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blockmix.bench.common import drawing
from blockmix.bench.curves.findings import (
    Measurement,
    blockmix_rows,
    main_rows,
    per_image,
    rows_named,
    running_time,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLES = {
    "files": "Files: read, resize, mix, write",
    "arrays": "Arrays: mixing alone, in memory",
}
LABELS = {
    "pillow": "Pillow alone: decode, resize, encode",
    "algorithm 1": "Algorithm 1, as published",
    "algorithm 1 cached": "Algorithm 1, images in memory",
    "numpy": "NumPy, by blocks",
    "numpy lines": "NumPy, by lines",
    "torch": "PyTorch, by blocks",
    "torch lines": "PyTorch, by lines",
}
# Okabe and Ito's colours, which people with colour blindness can distinguish.
COLOURS = {
    "pillow": "#7F7F7F",
    "algorithm 1": "#D55E00",
    "algorithm 1 cached": "#E69F00",
    "numpy": "#56B4E9",
    "numpy lines": "#0072B2",
    "torch": "#CC79A7",
    "torch lines": "#8A3A68",
}
BLOCKMIX, ROOF, PAPER = "#009E73", "#000000", "#D55E00"


def draw(record: dict[str, Any], folder: Path) -> list[Path]:
    """Write every figure as PNG and SVG into a folder; returns their paths."""
    return drawing.draw(
        {name: partial(draw_figure, record) for name, draw_figure in FIGURES.items()}, folder
    )


def against_images(record: dict[str, Any]) -> Figure:
    """Figure 14: running time against the number of images, a line for each number of blocks."""
    figure, panels = _panels(record, "Running time against the number of images")
    for regime, axes in panels.items():
        _lines(axes, blockmix_rows(record["rows"], regime), along="images", by="blocks")
        if regime == "files":
            _paper(axes, record, "images")
        _finish(axes, TITLES[regime], "number of images")
    return figure


def against_blocks(record: dict[str, Any]) -> Figure:
    """Figure 15: running time against the number of blocks, a line for each number of images."""
    figure, panels = _panels(record, "Running time against the number of blocks")
    for regime, axes in panels.items():
        own_rows = blockmix_rows(record["rows"], regime)
        _lines(axes, own_rows, along="blocks", by="images")
        count = main_rows(own_rows, regime)[0]["images"]
        for name in ("algorithm 1", "algorithm 1 cached", "numpy lines", "torch lines"):
            rows = rows_named(record["rows"], regime, name)
            if rows:
                axes.plot(
                    [row["blocks"] for row in rows],
                    [per_image(row) * count for row in rows],
                    ".--",
                    color=COLOURS[name],
                    label=f"{LABELS[name]}\n{_extent(rows, count)}",
                )
        if regime == "files":
            _paper(axes, record, "blocks")
        _finish(axes, TITLES[regime], "blocks an image")
    return figure


def ratios(record: dict[str, Any]) -> Figure:
    """How many times as long other ways take, and how near the roofline blockmix is."""
    from matplotlib.figure import Figure

    regimes = _regimes(record)
    figure = Figure(figsize=(5.4 * len(regimes), 7.2), layout="constrained")
    figure.suptitle(f"Ratios and roofs: {_machine(record)}")
    grid = figure.subplots(2, len(regimes), squeeze=False)
    for column, regime in enumerate(regimes):
        _bars(grid[0, column], record, regime)
        _roofline(grid[1, column], record, regime)
    return figure


FIGURES = {"figure-14": against_images, "figure-15": against_blocks, "ratios": ratios}


def _bars(axes: Axes, record: dict[str, Any], regime: str) -> None:
    all_ratios = [ratio for ratio in record["findings"]["ratios"] if ratio["regime"] == regime]
    names = list(dict.fromkeys(ratio["row"] for ratio in all_ratios))
    blocks = sorted({ratio["blocks"] for ratio in all_ratios})
    width = 0.8 / max(len(names), 1)
    for number, name in enumerate(names):
        times = {ratio["blocks"]: ratio["times"] for ratio in all_ratios if ratio["row"] == name}
        positions = [blocks.index(key) + (number - (len(names) - 1) / 2) * width for key in times]
        bars = axes.bar(
            positions,
            list(times.values()),
            width,
            color=COLOURS[name],
            label=_bar_label(name, all_ratios),
        )
        if len(names) <= 2:
            axes.bar_label(
                bars, fmt=lambda times: f"{times:.{0 if times >= 10 else 1}f}", fontsize=8
            )
    axes.axhline(1, color=BLOCKMIX, label="blockmix")
    axes.set_yscale("log")
    axes.set_xticks(range(len(blocks)), [f"{number:,}" for number in blocks])
    axes.set(title=TITLES[regime], xlabel="blocks an image", ylabel="time, in times of blockmix")
    axes.set_ylim(top=axes.get_ylim()[1] * 8)  # room for the legend, on a logarithmic axis
    axes.legend(loc="upper left", ncols=2 if len(names) > 2 else 1)


def _bar_label(name: str, all_ratios: list[dict[str, Any]]) -> str:
    """The label in the legend; the paper's algorithm has one thread, timed on a few images."""
    if not name.startswith("algorithm"):
        return LABELS[name]
    timed = [ratio["timed_images"] for ratio in all_ratios if ratio["row"] == name]
    return f"{LABELS[name]}\n(one thread, timed on {min(timed):,} to {max(timed):,} images)"


def _roofline(axes: Axes, record: dict[str, Any], regime: str) -> None:
    rows = main_rows(record["rows"], regime)
    blocks = [row["blocks"] for row in rows]
    height, width = record["parameters"]["size"]
    # Files are counted in images, arrays in gigabytes read and written.
    unit = 1 if regime == "files" else 2 * 3 * height * width / 1e9
    timed_beside = [row["beside"] for row in rows]
    roof = [unit * limit["images"] / np.array(limit["seconds"]) for limit in timed_beside]
    reached = [unit * row["timed_images"] / np.array(row["seconds"]) for row in rows]
    name = "decode, resize, encode alone" if regime == "files" else "copy of the same bytes"
    lines = [(blocks, roof, name, ROOF), (blocks, reached, "blockmix", BLOCKMIX)]
    pillow = rows_named(record["rows"], regime, "pillow")
    if pillow:
        rates = [row["timed_images"] / np.array(row["seconds"]) for row in pillow]
        numbers = [row["blocks"] for row in pillow]
        lines.append((numbers, rates, LABELS["pillow"], COLOURS["pillow"]))
    for x, values, label, colour in lines:
        low, medians, high = np.array([np.quantile(rates, [0.25, 0.5, 0.75]) for rates in values]).T
        axes.plot(x, medians, "o-", color=colour, label=label)
        axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set_ylim(bottom=0)
    axes.set_xscale("log")
    _ticks(axes, blocks)
    axes.set(
        title=f"{rows[0]['images']:,} images, quartiles shaded",
        xlabel="blocks an image",
        ylabel="images/s" if regime == "files" else "GB/s, read and written",
    )
    axes.legend()


def _panels(record: dict[str, Any], title: str) -> tuple[Figure, dict[str, Axes]]:
    from matplotlib.figure import Figure

    regimes = _regimes(record)
    figure = Figure(figsize=(5.4 * len(regimes), 4.4), layout="constrained")
    figure.suptitle(f"{title}: {_machine(record)}")
    return figure, dict(
        zip(regimes, figure.subplots(1, len(regimes), squeeze=False)[0], strict=True)
    )


def _lines(axes: Axes, own_rows: list[Measurement], *, along: str, by: str) -> None:
    """Running time against ``along``, a line for each value of ``by``; quartiles shaded."""
    numbers = sorted({row[by] for row in own_rows})
    for number, colour in zip(numbers, drawing.shades(len(numbers)), strict=True):
        rows = [row for row in own_rows if row[by] == number]
        _line(axes, [row[along] for row in rows], rows, f"{number:,} {by}", colour)


def _line(axes: Axes, x: Sequence[int], rows: list[Measurement], label: str, colour: Any) -> None:
    scale = [row["images"] / row["timed_images"] for row in rows]
    low, high = np.array([np.quantile(row["seconds"], [0.25, 0.75]) for row in rows]).T * scale
    times = [running_time(row) for row in rows]
    axes.plot(x, times, "o-", color=colour, label=label, markersize=4)
    axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)


def _paper(axes: Axes, record: dict[str, Any], by: str) -> None:
    points = record["paper"]["points"]
    axes.plot(
        [point[by] for point in points],
        [point["images"] / point["images_per_second"] for point in points],
        "D",
        color=PAPER,
        markerfacecolor="none",
        label="\n".join(
            ["the paper's own, on", record["paper"]["machine"]]
            + [f"({point['images']:,} images, {point['blocks']} blocks)" for point in points]
        ),
    )


def _extent(rows: list[Measurement], images: int) -> str:
    counts = [row["timed_images"] for row in rows]
    few, many = min(counts), max(counts)
    if few == images:
        return f"({images:,} images)"
    timed = f"{few:,}" if few == many else f"{few:,} to {many:,}"
    return f"({images:,} images, timed on {timed};\none thread)"


def _finish(axes: Axes, title: str, xlabel: str) -> None:
    from matplotlib.ticker import LogLocator

    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    ticks = sorted({float(x) for line in axes.get_lines() for x in np.asarray(line.get_xdata())})
    _ticks(axes, ticks)
    axes.set(title=title, xlabel=xlabel, ylabel="seconds")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def _ticks(axes: Axes, ticks: Sequence[float]) -> None:
    axes.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks], rotation=45)
    axes.minorticks_off()


def _regimes(record: dict[str, Any]) -> list[str]:
    measured = {row["regime"] for row in record["rows"]}
    return [regime for regime in ("files", "arrays") if regime in measured]


def _machine(record: dict[str, Any]) -> str:
    machine = record["machine"]
    gpu = f"; arrays on {machine['gpus'][0]}" if record["device"] == "cuda" else ""
    version = machine["versions"]["blockmix"]
    return f"{machine['cpu']}, {machine['threads']} threads{gpu}; blockmix {version}"
