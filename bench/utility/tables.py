"""The tables of a record, in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from blockmix.bench.common import paper
from blockmix.bench.common.markdown import table
from blockmix.bench.utility.results import (
    Record,
    Result,
    gather,
    of_model,
    original,
    points_lost,
    unbeaten,
)
from blockmix.privacy.measures.statistics import Estimate

_MISSING = "-"
_Columns = dict[str, Callable[[Result], str]]


def tables(record: Record) -> dict[str, str]:
    """Return every part of a page by the name of its marks, which begins with that of the plan."""
    results = gather(record)
    models = list(dict.fromkeys(result.model for result in results))
    beginning = f"utility-{record['plan']['name']}"
    return {
        f"{beginning}-about": _about(record, models),
        **{
            f"{beginning}-{name}": "\n".join(
                _headed(model, models, make_table(of_model(results, model))) for model in models
            )
            for name, make_table in _TABLES.items()
        },
        f"{beginning}-paper": _papers_tables(results, models),
    }


def _about(record: Record, models: Sequence[str]) -> str:
    """Return what was trained on what, in a sentence each."""
    data, recipe = record["data"], record["plan"]["recipe"]
    height, width = data["size"]
    classes = ", ".join(f"{count:,} {name}" for name, count in data["train"]["classes"].items())
    left_out = ", ".join(
        f"{count:,} left out: {reason.replace('_', ' ')}"
        for reason, count in data["left_out"].items()
        if count
    )
    seeds = [len(result.counted) for result in gather(record)]
    few, many = min(seeds), max(seeds)
    cpus = dict.fromkeys(row.get("cpu", record["machine"]["cpu"]) for row in record["rows"])
    lines = [
        f"*Data*: {data['train']['count']:,} training images ({classes}"
        f"{f'; {left_out}' if left_out else ''}), {data['test']['count']:,} unmixed test images, "
        f"{height} x {width}. A model that always gives the largest class is right for "
        f"{data['majority']:.1%} of test images.",
        f"*Training*: {', '.join(models)}; "
        + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in recipe.items())
        + f"; {few if few == many else f'{few} to {many}'} seeds for each way.",
        f"*Machine*: {' and '.join(cpus)}; blockmix {record['versions']['blockmix']}, "
        f"torch {record['versions']['torch']}.",
    ]
    return "\n".join(f"- {line}" for line in lines) + "\n"


def _headed(model: str, models: Sequence[str], part: str) -> str:
    return part if len(models) == 1 else f"{model}:\n\n{part}"


def _frontier(results: Sequence[Result]) -> str:
    """What is learned beside what is given away; unbeaten ways are bold."""
    chosen = {result.name for result in unbeaten(results)}
    shown = [result for result in results if result.way["protection"]]
    columns: _Columns = {
        "training set": lambda result: (
            f"**{result.name}**" if result.name in chosen else result.name
        ),
        "accuracy, %": lambda result: points(result.mean("accuracy")),
        "linked": lambda result: _per_cent(result.protection("linked")),
        "largest share": lambda result: _per_cent(result.protection("largest_share")),
        "one block": lambda result: _per_cent(result.protection("single_block")),
        "put together": lambda result: _per_cent(result.protection("reassembled")),
        "half shown": lambda result: _number(result.protection("half_shown"), 2),
        "recognised": lambda result: _per_cent(result.protection("recognised")),
        "seams (AUC)": lambda result: _number(result.protection("seams"), 3),
    }
    return table(columns, shown)


def _cost(results: Sequence[Result]) -> str:
    """What mixing costs, in every respect that was measured of the models."""
    originals = original(results, results[0].model)
    columns: _Columns = {
        "training set": lambda result: result.name,
        "seeds": lambda result: str(len(result.counted)),
        "accuracy, %": lambda result: points(result.mean("accuracy")),
        "points lost": lambda result: _lost(result, originals),
        "loss": lambda result: _number(result.mean("loss"), 3),
        "ECE": lambda result: _number(result.mean("ece"), 3),
        "worst group": _worst_group,
        "on training people": lambda result: _per_cent(result.mean("train_accuracy")),
        "membership (AUC)": lambda result: _number(_membership(result, "auc"), 3),
        "at 0.1 % / 1 % FPR": lambda result: " / ".join(
            _per_cent(_membership(result, f"tpr_at_{rate}")) for rate in ("0.001", "0.01")
        ),
    }
    return table(columns, results)


def _forecast(results: Sequence[Result]) -> str:
    """Measurement / forecast, of ways that mix."""

    def beside(name: str, digits: int) -> Callable[[Result], str]:
        return lambda result: (
            f"{_forecast_subject(result, name)['value']:.{digits}f} / "
            f"{result.protection('forecast')[name]:.{digits}f}"
        )

    columns: _Columns = {
        "training set": lambda result: result.name,
        "linked by blocks": beside("linked", 4),
        "largest share": beside("largest_share", 3),
        "half shown": beside("half_shown", 2),
    }
    return table(columns, [result for result in results if result.protection("forecast")])


def _forecast_subject(result: Result, name: str) -> Estimate:
    """The measurement that a forecast is about: of linkage, by blocks."""
    measured = result.protection("linkage")["by_blocks"] if name == "linked" else None
    return dict(measured or result.protection(name))


_TABLES = {"frontier": _frontier, "cost": _cost, "forecast": _forecast}


def _papers_tables(results: Sequence[Result], models: Sequence[str]) -> str:
    """The paper's Tables II and III, below the same figures of the ways that mix as the paper."""
    columns: dict[str, Callable[[tuple[str, Sequence[float]]], str]] = {
        "model and data": lambda line: line[0],
        **{
            name: lambda line, index=index: f"{line[1][index]:.2f}"  # type: ignore[misc]
            for index, name in enumerate(("original", "highest", "lowest", "mean"))
        },
    }
    return table(columns, [*_own_overview(results, models), *_papers_overview()])


def _own_overview(
    results: Sequence[Result], models: Sequence[str]
) -> Iterator[tuple[str, Sequence[float]]]:
    """The best and the worst run of all ways that mix as the paper, and the mean of these ways."""
    for model in models:
        originals = original(results, model)
        mixed = [
            [100 * row["accuracy"] for row in result.counted]
            for result in of_model(results, model)
            if result.is_papers and result.is_plain
        ]
        if originals is not None and mixed:
            accuracy = 100 * (originals.mean("accuracy")["value"] or 0)
            mean = float(np.mean([np.mean(runs) for runs in mixed]))
            yield (
                f"{model}, this record",
                (accuracy, max(map(max, mixed)), min(map(min, mixed)), mean),
            )


def _papers_overview() -> Iterator[tuple[str, Sequence[float]]]:
    for data, overview in (("WIKI", paper.TABLE_II), ("CNBC", paper.TABLE_III)):
        for model, values in overview.items():
            yield f"{model}, the paper on {data} (other data)", values


def _worst_group(result: Result) -> str:
    """The group with the lowest mean accuracy over seeds, and that accuracy."""
    groups = result.counted[0]["by_group"]
    if not groups:
        return _MISSING
    means = {
        group: float(np.mean([row["by_group"][group] for row in result.counted]))
        for group in groups
    }
    worst = min(means, key=lambda group: means[group])
    return f"{worst} {means[worst]:.1%}"


def _membership(result: Result, name: str) -> Estimate:
    return result.mean(lambda row: float(row["membership"][name]))


def _lost(result: Result, originals: Result | None) -> str:
    lost = None if originals is None else points_lost(result, originals)
    return _MISSING if lost is None else _with_half(lost, 1)


def points(estimate: Estimate) -> str:
    """Return a share in points, and half the width of its interval, if there is one."""
    scaled = {name: None if end is None else 100 * end for name, end in estimate.items()}
    return _with_half(scaled, 1)


def _with_half(estimate: Estimate, digits: int) -> str:
    """An estimate and half the width of its interval, if there is one."""
    value, high = estimate["value"], estimate["high"]
    if value is None or high is None:
        return _number(estimate, digits)
    return f"{value:.{digits}f} ± {high - value:.{digits}f}"


def _per_cent(estimate: Estimate | None) -> str:
    return _MISSING if estimate is None else f"{estimate['value']:.1%}"


def _number(estimate: Estimate | None, digits: int) -> str:
    return _MISSING if estimate is None else f"{estimate['value']:.{digits}f}"
