"""Figures of records: their style, and files that come out equal for equal records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blockmix.support import plotting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")
# Okabe and Ito's colours, which people with colour blindness can distinguish.
ORANGE, BLUE, GREY = "#D55E00", "#0072B2", "#888888"
_STYLE = {
    "svg.hashsalt": "blockmix",  # makes files of the same record equal
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


def load_matplotlib() -> Any:
    """The library, or an error that says how to get it."""
    return plotting.load_matplotlib("the figures are drawn by matplotlib", "plot")


def draw(figures: Mapping[str, Callable[[], Figure]], folder: Path) -> list[Path]:
    """Write figures as PNG and SVG into a folder, by their names; returns the paths."""
    paths = []
    with plotting.own_style(load_matplotlib(), _STYLE):
        for name, make_figure in figures.items():
            figure = make_figure()
            for suffix in SUFFIXES:
                path = folder / f"{name}{suffix}"
                omitted = ("Date", "Creator") if suffix == ".svg" else ("Software",)
                figure.savefig(path, dpi=150, metadata=dict.fromkeys(omitted))
                paths.append(path)
    return paths


def shades(count: int) -> list[Any]:
    """Colours from dark to light, as light as can be seen on white."""
    import matplotlib

    return list(matplotlib.colormaps["viridis"](np.linspace(0, 0.88, count)))
