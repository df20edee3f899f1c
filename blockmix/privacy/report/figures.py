"""The figures of a report, as SVG that reads on white and on black."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from blockmix.privacy.measures.statistics import Estimate
from blockmix.support import plotting

_INK, _FOUND, _BESIDE = "#7f7f7f", "#D55E00", "#56B4E9"


def load_matplotlib() -> Any:
    """The library, or an error that says how to get it."""
    return plotting.load_matplotlib("the figures of a report are drawn by matplotlib", "report")


def figures(report: dict[str, Any]) -> dict[str, str]:
    """Every figure by name, drawn from numbers alone, so that there is nothing to escape."""
    style = {"svg.fonttype": "none", "svg.hashsalt": "blockmix"}
    with plotting.own_style(load_matplotlib(), style):
        return {name: drawn(report) for name, drawn in _DRAWN.items()}


def _attacks(report: dict[str, Any]) -> str:
    bars = []
    if report["linkage"]:
        linkage = report["linkage"]
        bars += [
            ("linked, by blocks", linkage["by_blocks"], linkage["chance"]),
            ("linked, all at once", linkage["jointly"], linkage["chance"]),
            ("linked, by pixels", linkage["by_pixels"], linkage["chance"]),
        ]
    if report["identity"]:
        identity = report["identity"]
        bars.append(("recognised first", identity["rank_1"], identity["chance_1"]))
    puzzle = report["reassembly"]
    if puzzle["direct"]:
        bars.append(("blocks reassembled", puzzle["direct"], puzzle["chance"]["direct"]))
    if report["seams"]["auc"] is not None:
        bars.append(("seams told apart (AUC)", report["seams"]["auc"], report["seams"]["chance"]))
    return _bars(bars, "what an attacker reaches", "at chance")


def _similarity(report: dict[str, Any]) -> str:
    alike = report["similarity"]
    return _bars(
        [("SSIM", alike["ssim"], alike["ssim_floor"]["value"])],
        "mixed image and its original",
        "two different originals",
    )


def _copies(report: dict[str, Any]) -> str:
    figure, axes = _axes(2.6)
    found, expected = report["situations"]["copies"], report["forecast"]["copies"]
    times = np.arange(len(expected))
    if found:
        axes.bar(times - 0.2, found, 0.38, color=_FOUND, label="found")
    axes.bar(times + 0.2, expected, 0.38, color=_BESIDE, label="expected")
    axes.set_xticks(times, [*map(str, times[:-1]), f"{times[-1]}+"])
    axes.set_xlabel("how often an original block is published")
    axes.set_ylabel("share of blocks")
    axes.legend(labelcolor=_INK, frameon=False)
    return _svg(figure)


def _releases(report: dict[str, Any]) -> str:
    figure, axes = _axes(2.6)
    counts = [line["releases"] for line in report["releases"]]
    for name, style, colour in (("drawn", "o-", _FOUND), ("forecast", "--", _BESIDE)):
        shares = [line[name] for line in report["releases"]]
        axes.plot(counts, shares, style, color=colour, label=name)
    axes.set_ylim(0, 1.05)
    axes.set_xticks(counts)
    axes.set_xlabel("releases of the same set")
    axes.set_ylabel("own blocks found")
    axes.legend(labelcolor=_INK, frameon=False)
    return _svg(figure)


_DRAWN = {
    "attacks": _attacks,
    "similarity": _similarity,
    "copies": _copies,
    "releases": _releases,
}


def _bars(bars: list[tuple[str, Estimate, float]], found: str, beside: str) -> str:
    figure, axes = _axes(0.55 * len(bars) + 1.1)
    places = np.arange(len(bars))[::-1]
    reached = np.array([figure["value"] for _, figure, _ in bars], float)
    ends = [[figure["low"], figure["high"]] for _, figure, _ in bars]
    apart = np.abs(np.array(ends, float) - reached[:, None])  # where there is no interval: nan
    at_chance = [chance for *_, chance in bars]
    found_bars = axes.barh(
        places + 0.18,
        np.maximum(reached, 0),
        0.34,
        xerr=np.nan_to_num(apart).T,
        color=_FOUND,
        ecolor=_INK,
        label=found,
    )
    beside_bars = axes.barh(places - 0.18, at_chance, 0.34, color=_BESIDE, label=beside)
    axes.bar_label(found_bars, [f"{value:.2f}" for value in reached], padding=3, color=_INK)
    axes.bar_label(beside_bars, [f"{value:.2f}" for value in at_chance], padding=3, color=_INK)
    axes.set_yticks(places, [bar[0] for bar in bars])
    axes.set_xlim(0, 1.12)
    figure.legend(loc="outside lower center", ncols=2, labelcolor=_INK, frameon=False)
    return _svg(figure)


def _axes(height: float) -> Any:
    figure = load_matplotlib().figure.Figure(figsize=(6.4, height), layout="constrained")
    axes = figure.subplots()
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_INK)
    axes.tick_params(colors=_INK)
    axes.xaxis.label.set_color(_INK)
    axes.yaxis.label.set_color(_INK)
    return figure, axes


def _svg(figure: Any) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    made = text.getvalue()
    return made[made.index("<svg") :]
