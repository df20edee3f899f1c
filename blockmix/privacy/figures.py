"""The figures of a report, as SVG that reads on white and on black."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from blockmix.errors import InputError

_INK, _FOUND, _BESIDE = "#7f7f7f", "#D55E00", "#56B4E9"


def load_matplotlib() -> Any:
    """The library, or an error that says how to get it."""
    try:
        import matplotlib
        import matplotlib.figure
    except ModuleNotFoundError:
        raise InputError(
            "the figures of a report are drawn by matplotlib: pip install 'blockmix[report]'"
        ) from None
    return matplotlib


def figures(report: dict[str, Any]) -> dict[str, str]:
    """Every figure by name, drawn from numbers alone, so that there is nothing to escape."""
    return {name: drawn(report) for name, drawn in _DRAWN.items()}


def _attacks(report: dict[str, Any]) -> str:
    bars = []
    if report["linkage"]:
        linkage = report["linkage"]
        bars += [
            ("linked, by blocks", linkage["by_blocks"]["value"], linkage["chance"]),
            ("linked, by pixels", linkage["by_pixels"]["value"], linkage["chance"]),
        ]
    if report["identity"]:
        identity = report["identity"]
        bars.append(("recognised first", identity["rank_1"]["value"], identity["chance"]))
    puzzle = report["reassembly"]
    bars.append(("blocks reassembled", puzzle["direct"]["value"], puzzle["chance"]))
    if report["seams"]["auc"] is not None:
        bars.append(("seams told apart (AUC)", report["seams"]["auc"], report["seams"]["chance"]))
    return _bars(bars, "what an attacker reaches", "at chance")


def _similarity(report: dict[str, Any]) -> str:
    alike = report["similarity"]
    return _bars(
        [("SSIM", alike["ssim"]["value"], alike["ssim_floor"]["value"])],
        "mixed image and its original",
        "two different originals",
    )


def _copies(report: dict[str, Any]) -> str:
    figure, axes = _axes(2.6)
    found, expected = report["situations"]["copies"], report["forecast"]["copies"]
    times = np.arange(len(found))
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
    for name, style, colour in (("found", "o-", _FOUND), ("forecast", "--", _BESIDE)):
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


def _bars(bars: list[tuple[str, float, float]], found: str, beside: str) -> str:
    figure, axes = _axes(0.55 * len(bars) + 1.1)
    places = np.arange(len(bars))[::-1]
    for shift, number, label, colour in ((0.18, 1, found, _FOUND), (-0.18, 2, beside, _BESIDE)):
        widths = [max(0.0, bar[number]) for bar in bars]
        drawn = axes.barh(places + shift, widths, 0.34, color=colour, label=label)
        axes.bar_label(drawn, [f"{bar[number]:.2f}" for bar in bars], padding=3, color=_INK)
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
    with load_matplotlib().rc_context({"svg.fonttype": "none", "svg.hashsalt": "blockmix"}):
        figure.savefig(
            text, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
        )
    made = text.getvalue()
    return made[made.index("<svg") :]
