"""The picture of a record: the share of an image that is put together again."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from blockmix.bench.privacy.tables import in_order
from blockmix.privacy import balanced
from blockmix.support import plotting

# Okabe and Ito's colours, which people with colour blindness can distinguish.
_COLOURS = ("#D55E00", "#E69F00", "#0072B2", "#56B4E9")
_STYLE = {
    "svg.hashsalt": "blockmix",  # makes files of the same record equal
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def draw_puzzles(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw the share of cells put right, with intervals, against the number of blocks.

    Dashed lines show what is still published.
    """
    matplotlib = plotting.load_matplotlib("figures are drawn by matplotlib", "plot")
    with plotting.own_style(matplotlib, _STYLE):
        figure = matplotlib.figure.Figure(figsize=(6.4, 4.0), dpi=120, layout="constrained")
        axes = figure.subplots()
        ways = groupby(
            in_order(rows),
            lambda row: (row["parameters"]["rounds"], row["parameters"]["probability"]),
        )
        for colour, ((rounds, probability), group) in zip(_COLOURS, ways, strict=False):
            way = list(group)
            blocks = [row["grid"]["blocks"] for row in way]
            scores = [row["reassembly"] for row in way]
            right = np.array(
                [[s["right"][end] for end in ("low", "value", "high")] for s in scores]
            )
            low, value, high = right.T
            axes.errorbar(
                blocks,
                value,
                yerr=(value - low, high - value),
                color=colour,
                marker="o",
                capsize=3,
                label=_name(rounds, probability, way[0]["parameters"]["sources"]),
            )
            axes.plot(blocks, [score["ceiling"] for score in scores], "--", color=colour)
        axes.set_xscale("log", base=2)
        axes.set_xticks(blocks, [str(count) for count in blocks])
        axes.set_ylim(0, 1)
        axes.set_xlabel("blocks of an image")
        axes.set_ylabel("share of an image put together again")
        figure.legend(title="dashed: still published", loc="outside upper center", ncols=2)
        figure.savefig(path, metadata={"Software": None})


def _name(rounds: int, probability: float, sources: int) -> str:
    chance = "balanced" if probability == balanced(sources) else f"probability {probability:g}"
    return f"{rounds} round{'' if rounds == 1 else 's'}, {chance}"
