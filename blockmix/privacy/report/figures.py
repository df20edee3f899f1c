"""The figures of a report, as SVG that can be read on white and on black."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from blockmix.privacy.measures.statistics import Estimate
from blockmix.support import plotting

_INK, _MEASURED, _REFERENCE = "#7f7f7f", "#D55E00", "#56B4E9"


def load_matplotlib() -> Any:
    """Return the library, or raise an error that says how to install it."""
    return plotting.load_matplotlib("the figures of a report are drawn by matplotlib", "report")


def draw_figures(report: dict[str, Any]) -> dict[str, str]:
    """Return every figure by name. They show numbers only, so nothing needs escaping."""
    style = {"svg.fonttype": "none", "svg.hashsalt": "blockmix"}
    with plotting.own_style(load_matplotlib(), style):
        return {name: draw(report) for name, draw in _DRAWINGS.items()}


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
    reassembly = report["reassembly"]
    if reassembly["right"]:
        bars.append(("blocks reassembled", reassembly["right"], reassembly["chance"]))
    if report["seams"]["auc"] is not None:
        bars.append(("seams told apart (AUC)", report["seams"]["auc"], report["seams"]["chance"]))
    return _bars(bars, "what an attacker reaches", "at chance")


def _similarity(report: dict[str, Any]) -> str:
    similarity = report["similarity"]
    return _bars(
        [("SSIM", similarity["ssim"], similarity["ssim_floor"]["value"])],
        "mixed image and its original",
        "two different originals",
    )


def _copies(report: dict[str, Any]) -> str:
    figure, axes = _axes(2.6)
    measured, forecast = report["situations"]["copies"], report["forecast"]["copies"]
    times = np.arange(len(forecast))
    if measured:
        axes.bar(times - 0.2, measured, 0.38, color=_MEASURED, label="found")
    axes.bar(times + 0.2, forecast, 0.38, color=_REFERENCE, label="expected")
    axes.set_xticks(times, [*map(str, times[:-1]), f"{times[-1]}+"])
    axes.set_xlabel("how often an original block is published")
    axes.set_ylabel("share of blocks")
    axes.legend(labelcolor=_INK, frameon=False)
    return _svg(figure)


def _releases(report: dict[str, Any]) -> str:
    figure, axes = _axes(2.6)
    counts = [row["releases"] for row in report["releases"]]
    for name, style, colour in (("drawn", "o-", _MEASURED), ("forecast", "--", _REFERENCE)):
        shares = [row[name] for row in report["releases"]]
        axes.plot(counts, shares, style, color=colour, label=name)
    axes.set_ylim(0, 1.05)
    axes.set_xticks(counts)
    axes.set_xlabel("releases of the same set")
    axes.set_ylabel("own blocks found")
    axes.legend(labelcolor=_INK, frameon=False)
    return _svg(figure)


_DRAWINGS = {
    "attacks": _attacks,
    "similarity": _similarity,
    "copies": _copies,
    "releases": _releases,
}


def _bars(bars: list[tuple[str, Estimate, float]], measured: str, reference: str) -> str:
    figure, axes = _axes(0.55 * len(bars) + 1.1)
    positions = np.arange(len(bars))[::-1]
    values = np.array([estimate["value"] for _, estimate, _ in bars], float)
    intervals = [[estimate["low"], estimate["high"]] for _, estimate, _ in bars]
    errors = np.abs(np.array(intervals, float) - values[:, None])  # nan without an interval
    references = [value for *_, value in bars]
    measured_bars = axes.barh(
        positions + 0.18,
        np.maximum(values, 0),
        0.34,
        xerr=np.nan_to_num(errors).T,
        color=_MEASURED,
        ecolor=_INK,
        label=measured,
    )
    reference_bars = axes.barh(
        positions - 0.18, references, 0.34, color=_REFERENCE, label=reference
    )
    axes.bar_label(measured_bars, [f"{value:.2f}" for value in values], padding=3, color=_INK)
    axes.bar_label(reference_bars, [f"{value:.2f}" for value in references], padding=3, color=_INK)
    axes.set_yticks(positions, [name for name, *_ in bars])
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
    document = text.getvalue()
    return document[document.index("<svg") :]  # without the XML header
