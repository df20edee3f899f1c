"""Forecasts as text: the lines of one, the table of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from blockmix.forecasting.costs import Cost, measured_cost
from blockmix.forecasting.forecast import Forecast


def describe(forecast: Forecast, releases: int) -> str:
    """Return a forecast as text, one line for each value."""
    lines = [
        ("own blocks kept", f"{forecast.own_kept:.1%} of an image's blocks, at their place"),
        (
            "a block hides among",
            f"{forecast.anonymity_set:.1f} images (1 / the largest chance) "
            f"or {forecast.effective_anonymity_set:.1f} (by entropy), "
            "for somebody who does not hold the originals",
        ),
        (
            "linked",
            f"about {forecast.linked:.1%} of images, "
            "by whoever holds the originals and counts blocks",
        ),
        (
            "largest share",
            f"{forecast.largest_share:.1%} of an image on average come from one original; "
            f"{forecast.half_shown:.2f} images show at least half of an original",
        ),
        *(_person_lines(forecast) if forecast.group_size > 1 else ()),
        ("sources of an image", f"{forecast.distinct_sources:.1f} images, itself among them"),
        (
            "left unmixed",
            f"{forecast.unmixed:.2g} of images" + (" or more" if forecast.rounds > 1 else ""),
        ),
        (
            "original blocks",
            f"{forecast.erased:.1%} erased, {forecast.published:.1%} published somewhere",
        ),
        (
            "published",
            ", ".join(
                f"{share:.1%} {times}"
                for times, share in zip(_TIMES, forecast.copies, strict=False)
            )
            + f", {sum(forecast.copies[len(_TIMES) :]):.1%} more often",
        ),
        (
            "put together again",
            f"{forecast.reassembled:.1%} of an image, by a puzzle solver without any original",
        ),
        (
            "one block alone",
            f"finds its person in other photographs in {forecast.block_recognised:.0%} of cases, "
            "as measured on faces (ORL)",
        ),
        *_cost_lines(forecast),
        ("key", f"{forecast.key_bits} bits, unless it comes from a seed"),
    ]
    shown_share = forecast.found_from_releases(releases)
    if releases > 1:
        lines.append(
            (f"from {releases} releases", f"{shown_share:.1%} of own blocks show in at least two")
        )
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:{width}}  {text}" for name, text in lines)


def _person_lines(forecast: Forecast) -> list[tuple[str, str]]:
    persons = forecast.persons
    return [
        (
            "own person",
            f"{persons.own_share:.1%} of an image's blocks show its person, who gives most of its "
            f"blocks in about {persons.linked:.1%} of images",
        ),
        (
            "largest of a person",
            f"{persons.largest_share:.1%} of an image on average come from one person; "
            f"{persons.half_shown:.2f} images show at least half of a person",
        ),
    ]


def _cost_lines(forecast: Forecast) -> list[tuple[str, str]]:
    cost = measured_cost(forecast)
    if cost is None:
        return []
    lost = f"{cost.points_lost:.1f} points of accuracy"
    if cost.low is not None:
        lost += f" ({cost.low:.1f} to {cost.high:.1f})"
    return [("cost", f"{lost}, by training on such a set, on {cost.measured_on}, as an example")]


def table(forecasts: Sequence[Forecast]) -> str:
    """Return forecasts as a table: the parameters, then what they reach."""
    if not forecasts:
        return (
            "no parameters that were tried reach this target: use larger labels or a milder "
            "target; a person who must not be found in a set must not be in it"
        )
    columns, explanation = dict(_COLUMNS), _EXPLANATION
    if forecasts[0].group_size > 1:
        columns |= _PERSON_COLUMNS
    costs = {forecast: measured_cost(forecast) for forecast in forecasts}
    known = [cost for cost in costs.values() if cost is not None]
    if known:
        columns["points lost"] = lambda forecast: _points_lost(costs[forecast])
        explanation += (
            "\npoints lost: accuracy lost by training on such a set, on "
            f"{known[0].measured_on}, as an example"
        )
    rows = [[*columns], *([cell(f) for cell in columns.values()] for f in forecasts)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join([*lines, explanation])


def _points_lost(cost: Cost | None) -> str:
    return "-" if cost is None else f"{cost.points_lost:.1f}"


_TIMES = ("never", "once", "twice")
_COLUMNS: dict[str, Callable[[Forecast], str]] = {
    "rounds": lambda forecast: f"{forecast.rounds}",
    "sources": lambda forecast: f"{forecast.sources}",
    "probability": lambda forecast: f"{forecast.probability:.3f}",
    "blocks": lambda forecast: f"{forecast.blocks:,}",
    "anonymity set": lambda forecast: f"{forecast.anonymity_set:.1f}",
    "by entropy": lambda forecast: f"{forecast.effective_anonymity_set:.1f}",
    "linked": lambda forecast: f"{forecast.linked:.1%}",
    "largest share": lambda forecast: f"{forecast.largest_share:.1%}",
    "reassembled": lambda forecast: f"{forecast.reassembled:.1%}",
    "one block": lambda forecast: f"{forecast.block_recognised:.0%}",
    "own kept": lambda forecast: f"{forecast.own_kept:.1%}",
    "erased": lambda forecast: f"{forecast.erased:.1%}",
}
_PERSON_COLUMNS: dict[str, Callable[[Forecast], str]] = {
    "person linked": lambda forecast: f"{forecast.persons.linked:.1%}",
    "largest of a person": lambda forecast: f"{forecast.persons.largest_share:.1%}",
}
_EXPLANATION = """
reassembled: share of an image that a puzzle solver puts together again without any original
one block: how often it finds its person in other photographs, as measured on faces (ORL)"""
