"""A record as pictures: the paper's Figures 14 and 15, and ratios with their roofs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blockmix.bench.curves.findings import (
    Row,
    main_rows,
    own_rows,
    per_image,
    rows_named,
    running_time,
)
from blockmix.support import plotting

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")
TITLES = {
    "files": "Files: read, resize, mix, write",
    "arrays": "Arrays: mixing alone, in memory",
}
LABELS = {
    "algorithm 1": "Algorithm 1, as published",
    "algorithm 1 cached": "Algorithm 1, images in memory",
    "numpy": "NumPy, by blocks",
    "numpy lines": "NumPy, by lines",
    "torch": "PyTorch, by blocks",
    "torch lines": "PyTorch, by lines",
}
# Okabe and Ito's colours, which those with colour blindness can tell apart.
COLOURS = {
    "algorithm 1": "#D55E00",
    "algorithm 1 cached": "#E69F00",
    "numpy": "#56B4E9",
    "numpy lines": "#0072B2",
    "torch": "#CC79A7",
    "torch lines": "#8A3A68",
}
OWN, ROOF, PAPER = "#009E73", "#000000", "#D55E00"


def draw(record: dict[str, Any], folder: Path) -> list[Path]:
    """Write every figure as PNG and SVG into a folder; gives their paths."""
    matplotlib = load_matplotlib()
    made = []
    style = {
        "svg.hashsalt": "blockmix",  # the same record gives the same file
        "svg.fonttype": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.alpha": 0.3,
        "legend.frameon": False,
        "legend.fontsize": 8,
        "font.size": 9,
    }
    with plotting.own_style(matplotlib, style):
        for name, drawn in FIGURES.items():
            figure = drawn(record)
            for suffix in SUFFIXES:
                path = folder / f"{name}{suffix}"
                unnamed = (
                    {"Date": None, "Creator": None} if suffix == ".svg" else {"Software": None}
                )
                figure.savefig(path, dpi=150, metadata=unnamed)
                made.append(path)
    return made


def load_matplotlib() -> Any:
    """The library, or an error that says how to get it."""
    return plotting.load_matplotlib("the figures are drawn by matplotlib", "plot")


def against_images(record: dict[str, Any]) -> Figure:
    """Figure 14: running time against the number of images, a line for each number of blocks."""
    figure, panels = _panels(record, "Running time against the number of images")
    for regime, axes in panels.items():
        _lines(axes, own_rows(record["rows"], regime), along="images", by="blocks")
        if regime == "files":
            _paper(axes, record, "images")
        _finish(axes, TITLES[regime], "number of images")
    return figure


def against_blocks(record: dict[str, Any]) -> Figure:
    """Figure 15: running time against the number of blocks, a line for each number of images."""
    figure, panels = _panels(record, "Running time against the number of blocks")
    for regime, axes in panels.items():
        own = own_rows(record["rows"], regime)
        _lines(axes, own, along="blocks", by="images")
        most = main_rows(own, regime)[0]["images"]
        for name in ("algorithm 1", "algorithm 1 cached", "numpy lines", "torch lines"):
            rows = rows_named(record["rows"], regime, name)
            if rows:
                axes.plot(
                    [row["blocks"] for row in rows],
                    [per_image(row) * most for row in rows],
                    ".--",
                    color=COLOURS[name],
                    label=f"{LABELS[name]}\n{_extent(rows, most)}",
                )
        if regime == "files":
            _paper(axes, record, "blocks")
        _finish(axes, TITLES[regime], "blocks an image")
    return figure


def ratios(record: dict[str, Any]) -> Figure:
    """How many times as long others take, and how near the roof we are."""
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
    found = [ratio for ratio in record["findings"]["ratios"] if ratio["regime"] == regime]
    names = list(dict.fromkeys(ratio["row"] for ratio in found))
    blocks = sorted({ratio["blocks"] for ratio in found})
    width = 0.8 / max(len(names), 1)
    for number, name in enumerate(names):
        times = {ratio["blocks"]: ratio["times"] for ratio in found if ratio["row"] == name}
        places = [blocks.index(key) + (number - (len(names) - 1) / 2) * width for key in times]
        bars = axes.bar(
            places, list(times.values()), width, color=COLOURS[name], label=_bar_label(name, found)
        )
        if len(names) == 1:
            axes.bar_label(bars, fmt="{:.0f}", fontsize=8)
    axes.axhline(1, color=OWN, label="blockmix")
    axes.set_yscale("log")
    axes.set_xticks(range(len(blocks)), [f"{number:,}" for number in blocks])
    axes.set(title=TITLES[regime], xlabel="blocks an image", ylabel="time, in times of blockmix")
    axes.set_ylim(top=axes.get_ylim()[1] * 8)  # room for the legend, in a logarithmic axis
    axes.legend(loc="upper left", ncols=2)


def _bar_label(name: str, found: list[dict[str, Any]]) -> str:
    """The paper's algorithm has one thread, and its time is taken from a few images."""
    if not name.startswith("algorithm"):
        return LABELS[name]
    timed = [ratio["timed_images"] for ratio in found if ratio["row"] == name]
    return f"{LABELS[name]}\n(one thread, timed on {min(timed):,} to {max(timed):,} images)"


def _roofline(axes: Axes, record: dict[str, Any], regime: str) -> None:
    rows = main_rows(record["rows"], regime)
    blocks = [row["blocks"] for row in rows]
    height, width = record["parameters"]["size"]
    # Bytes that are read and written, or else images.
    unit = 1 if regime == "files" else 2 * 3 * height * width / 1e9
    beside = [row["beside"] for row in rows]
    roof = [unit * kept["images"] / np.array(kept["seconds"]) for kept in beside]
    reached = [unit * row["timed_images"] / np.array(row["seconds"]) for row in rows]
    name = "decode, resize, encode alone" if regime == "files" else "copy of the same bytes"
    for values, label, colour in ((roof, name, ROOF), (reached, "blockmix", OWN)):
        low, middle, high = np.array([np.quantile(some, [0.25, 0.5, 0.75]) for some in values]).T
        axes.plot(blocks, middle, "o-", color=colour, label=label)
        axes.fill_between(blocks, low, high, color=colour, alpha=0.2, linewidth=0)
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


def _lines(axes: Axes, own: list[Row], *, along: str, by: str) -> None:
    """Running time along the one number, a line for each of the other; quartiles shaded."""
    numbers = sorted({row[by] for row in own})
    for number, colour in zip(numbers, _shades(len(numbers)), strict=True):
        rows = [row for row in own if row[by] == number]
        _line(axes, [row[along] for row in rows], rows, f"{number:,} {by}", colour)


def _line(axes: Axes, at: Sequence[int], rows: list[Row], label: str, colour: Any) -> None:
    scale = [row["images"] / row["timed_images"] for row in rows]
    low, high = np.array([np.quantile(row["seconds"], [0.25, 0.75]) for row in rows]).T * scale
    times = [running_time(row) for row in rows]
    axes.plot(at, times, "o-", color=colour, label=label, markersize=4)
    axes.fill_between(at, low, high, color=colour, alpha=0.2, linewidth=0)


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


def _extent(rows: list[Row], images: int) -> str:
    few, many = (found(row["timed_images"] for row in rows) for found in (min, max))
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
    places = sorted({float(x) for line in axes.get_lines() for x in np.asarray(line.get_xdata())})
    _ticks(axes, places)
    axes.set(title=title, xlabel=xlabel, ylabel="seconds")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def _ticks(axes: Axes, places: Sequence[float]) -> None:
    axes.set_xticks(places, [f"{place:,.0f}" for place in places], rotation=45)
    axes.minorticks_off()


def _shades(count: int) -> list[Any]:
    """From dark to light, in order, as far as white paper lets them be seen."""
    import matplotlib

    return list(matplotlib.colormaps["viridis"](np.linspace(0, 0.88, count)))


def _regimes(record: dict[str, Any]) -> list[str]:
    there = {row["regime"] for row in record["rows"]}
    return [regime for regime in ("files", "arrays") if regime in there]


def _machine(record: dict[str, Any]) -> str:
    there = record["machine"]
    gpu = f"; arrays on {there['gpus'][0]}" if record["device"] == "cuda" else ""
    version = there["versions"]["blockmix"]
    return f"{there['cpu']}, {there['threads']} threads{gpu}; blockmix {version}"
