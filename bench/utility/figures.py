"""A record as pictures: the frontier, the paper's Figures 3 to 10, 12 and 13, learning curves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blockmix.bench.common import drawing
from blockmix.bench.utility.frontier import draw_frontier
from blockmix.bench.utility.results import Record, Result, gather, of_model, original, unbeaten
from blockmix.privacy.measures.statistics import Estimate, mean_with_interval
from blockmix.probability import balanced
from blockmix.support.extras import load

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PANELS = {"accuracy": "accuracy on unmixed test images", "loss": "loss on unmixed test images"}
_Lines = dict[str, dict[int, list[Result]]]  # by name, and by number of blocks


def draw(record: Record, folder: Path) -> list[Path]:
    """Write every figure that the record has data for, as PNG and SVG; returns their paths."""
    load("scipy.stats", "intervals are computed by SciPy", "plot")
    return drawing.draw(dict(figures(record)), folder)


def figures(record: Record) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Yield the names of the figures, for each model, and functions that draw them."""
    results = gather(record)
    about = f"{record['data']['train']['count']:,} training images, plan {record['plan']['name']}"
    for model in dict.fromkeys(result.model for result in results):
        own, ending = of_model(results, model), model.replace(":", "-")
        title = f"{model}: {about}"
        if any(result.way["protection"] for result in own):
            yield f"frontier-{ending}", partial(draw_frontier, own, title)
        originals = original(own, model)
        for name, lines in _all_lines(own).items():
            yield f"{name}-{ending}", partial(_against_blocks, lines, originals, title)
        yield f"learning-{ending}", partial(_learning, own, title)


def _all_lines(own: Sequence[Result]) -> dict[str, _Lines]:
    """Return the lines of each figure like the paper's that there is data for."""
    mixed = [
        result
        for result in own
        if result.scheme and result.way["block"] and result.way["image_share"] == 1
    ]
    plain = [result for result in mixed if result.is_plain]
    augmented = {_cut_and_scheme(result) for result in mixed if not result.is_plain}
    beside = [result for result in mixed if _cut_and_scheme(result) in augmented]
    lines = {
        "blocks": _several(_lines(plain, _scheme)),  # Figures 3, 4 and 8
        "sides": _several(_lines(plain, _height)),  # Figures 5 to 7, 9 and 10
        "augmentation": _lines(beside, _augmentation),  # Figures 12 and 13
    }
    return {name: some for name, some in lines.items() if some}


def _several(lines: _Lines) -> _Lines:
    """Return the lines with more than one number of blocks."""
    return {name: line for name, line in lines.items() if len(line) > 1}


def _lines(results: Iterable[Result], by: Callable[[Result], str]) -> _Lines:
    lines: _Lines = defaultdict(lambda: defaultdict(list))
    for result in results:
        lines[by(result)][result.way["blocks"]].append(result)
    return {name: dict(sorted(line.items())) for name, line in lines.items()}


def _cut_and_scheme(result: Result) -> tuple[Any, ...]:
    return str(result.way["grid"]), result.scheme


def _scheme(result: Result) -> str:
    assert result.scheme is not None, "only mixed sets are drawn against blocks"
    sources, rounds, probability = result.scheme
    chance = "balanced" if probability == balanced(sources) else f"{probability:g}"
    return f"{_plural(sources, 'source')}, {_plural(rounds, 'round')}, {chance}"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _height(result: Result) -> str:
    return f"height {result.way['block'][0]}; {_scheme(result)}"


def _augmentation(result: Result) -> str:
    longer = ", trained longer" if result.way["same_epochs"] else ""
    return f"{result.way['augmentation'] or 'no augmentation'}{longer}; {_scheme(result)}"


def _against_blocks(lines: _Lines, originals: Result | None, title: str) -> Figure:
    """Draw accuracy and loss against the number of blocks, with 95 % intervals over seeds."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.4), layout="constrained")
    figure.suptitle(title)
    for axes, (measure, label) in zip(figure.subplots(1, 2), _PANELS.items(), strict=True):
        if originals is not None:
            level = originals.mean(measure)["value"]
            axes.axhline(level, color="black", linestyle="--", label="original")
        for colour, (name, line) in zip(drawing.shades(len(lines)), lines.items(), strict=True):
            estimates = [_mean_of_shapes(shapes, measure) for shapes in line.values()]
            values = [estimate["value"] for estimate in estimates]
            axes.plot(list(line), values, "o-", color=colour, label=name, markersize=4)
            if all(estimate["low"] is not None for estimate in estimates):
                low, high = ([estimate[end] for estimate in estimates] for end in ("low", "high"))
                axes.fill_between(list(line), low, high, color=colour, alpha=0.15, linewidth=0)
        blocks = sorted({number for line in lines.values() for number in line})
        axes.set_xscale("log", base=2)
        axes.set_xticks(blocks, [str(number) for number in blocks])
        axes.set(xlabel="blocks an image", ylabel=label)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center")
    return figure


def _mean_of_shapes(shapes: Sequence[Result], measure: str) -> Estimate:
    """Return the mean over block shapes of one number of blocks, as the paper's Figure 3."""
    by_seed = [{row["seed"]: row[measure] for row in result.counted} for result in shapes]
    if any(values.keys() != by_seed[0].keys() for values in by_seed):  # some were run more often
        means = [np.mean(list(values.values())) for values in by_seed]
        return {"value": float(np.mean(means)), "low": None, "high": None}
    return mean_with_interval(
        np.array([np.mean([values[seed] for values in by_seed]) for seed in by_seed[0]])
    )


def _learning(own: Sequence[Result], title: str) -> Figure:
    """Draw loss on training images and accuracy on test images against epochs, means over seeds.

    Ways of the Pareto set are named, if there is one; the others are grey.
    """
    from matplotlib.figure import Figure

    named = unbeaten(own) or own
    figure = Figure(figsize=(11, max(4.4, _NAME_HEIGHT * len(named))), layout="constrained")
    figure.suptitle(title)
    others = [result for result in own if result not in named]
    for axes, (measure, label) in zip(figure.subplots(1, 2), _CURVES.items(), strict=True):
        for result in others:
            axes.plot(*_curve(result, measure), color=drawing.GREY, linewidth=0.5, alpha=0.6)
        for colour, result in zip(drawing.shades(len(named)), named, strict=True):
            axes.plot(*_curve(result, measure), color=colour, label=result.name)
        axes.set(xlabel="epoch", ylabel=label)
        axes.xaxis.get_major_locator().set_params(integer=True)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center")
    return figure


_NAME_HEIGHT = 0.22  # inches of a line of the legend
_CURVES = {
    "train_loss": "loss on the training images, as they are mixed",
    "test_accuracy": "accuracy on unmixed test images",
}


def _curve(result: Result, measure: str) -> tuple[list[int], list[float]]:
    epochs = [point["epoch"] for point in result.counted[0]["curve"]]
    values = np.array([[point[measure] for point in row["curve"]] for row in result.counted])
    return epochs, values.mean(axis=0).tolist()
