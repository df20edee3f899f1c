"""The frontier as a picture: what a training set gives away against what can be learned from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from blockmix.bench.common.drawing import BLUE, GREY, ORANGE
from blockmix.bench.utility.pareto import pareto
from blockmix.bench.utility.results import AXES, Result, unbeaten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_KEY_LINES = 60  # names in one column of the key
_KEY_WIDTH = 3.4  # inches of a column
_EXPLANATION = (
    "orange: equal blocks with the paper's 10 sources at 0.5\n"
    "blue: other mixing;  black: no mixing\n"
    "filled, bold: no other is better over all four panels\n"
    "line: best of its panel;  bars: 95 % intervals"
)


def draw_frontier(results: Sequence[Result], title: str) -> Figure:
    """Draw accuracy against each axis of privacy, for the results of one model.

    Points are numbered as in the key, with 95 % intervals. Filled ones are beaten by no other over
    all axes; the line joins those that are best in its panel.
    """
    from matplotlib.figure import Figure

    results = [result for result in results if result.is_plain and result.way["protection"]]
    chosen = {result.name for result in unbeaten(results)}
    columns = -(-len(results) // _KEY_LINES)
    figure = Figure(figsize=(10 + _KEY_WIDTH * columns, 8.4), layout="constrained")
    figure.suptitle(title)
    panels, key = figure.subfigures(1, 2, width_ratios=(10, _KEY_WIDTH * columns))
    for axes, (name, label) in zip(
        panels.subplots(2, 2, sharey=True).flat, AXES.items(), strict=True
    ):
        _panel(axes, results, chosen, name)
        axes.set_ylabel("accuracy on unmixed test images")
        axes.label_outer()
        axes.set_xlabel(label)
    _key(key, results, chosen, columns)
    return figure


def _panel(axes: Axes, results: Sequence[Result], chosen: set[str], axis: str) -> None:
    points = {}
    for number, result in enumerate(results, 1):
        given_away, accuracy = result.protection(axis), result.mean("accuracy")
        if given_away is None:
            continue
        x, y = given_away["value"], accuracy["value"]
        points[number] = (x, -y)
        is_chosen = result.name in chosen
        axes.errorbar(
            x,
            y,
            xerr=_errors(given_away),
            yerr=_errors(accuracy),
            fmt="o",
            color=colour(result),
            markerfacecolor=colour(result) if is_chosen else "white",
            markersize=5,
            elinewidth=0.6,
            alpha=1 if is_chosen else 0.6,
        )
        axes.annotate(str(number), (x, y), xytext=(3, 3), textcoords="offset points", fontsize=7)
    best = sorted(points[number] for number in pareto(points))
    axes.step(
        [x for x, _ in best],
        [-y for _, y in best],
        where="post",
        color=GREY,
        linewidth=0.8,
        zorder=0,
    )
    axes.set_xlim(-0.03, 1.05)


def _errors(estimate: dict[str, Any]) -> list[list[float]] | None:
    value, low, high = (estimate[name] for name in ("value", "low", "high"))
    return None if low is None else [[value - low], [high - value]]


def _key(figure: SubFigure, results: Sequence[Result], chosen: set[str], columns: int) -> None:
    figure.text(0, 0.01, _EXPLANATION, fontsize=6.5)
    for number, result in enumerate(results):
        column, line = divmod(number, _KEY_LINES)
        figure.text(
            column / columns,
            0.95 - 0.86 * line / _KEY_LINES,
            f"{number + 1}  {result.name}",
            fontsize=6.5,
            fontweight="bold" if result.name in chosen else "normal",
            color=colour(result),
        )


def colour(result: Result) -> str:
    """Return the colour of a way: of mixing, of the paper's mixing, of all others."""
    if result.scheme is None:
        return "black"
    return ORANGE if result.is_papers else BLUE
