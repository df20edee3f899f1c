"""Forecasts as text: the lines of one, the table of several."""

from __future__ import annotations

from collections.abc import Sequence

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


def table(forecasts: Sequence[Forecast]) -> str:
    """Return forecasts as a table: the parameters, then what they reach."""
    if not forecasts:
        return (
            "no parameters that were tried reach this target: use larger labels or a milder "
            "target; a person who must not be found in a set must not be in it"
        )
    rows: list[tuple[str, ...]] = [_COLUMNS]
    rows += [
        (
            f"{forecast.rounds}",
            f"{forecast.sources}",
            f"{forecast.probability:.3f}",
            f"{forecast.blocks:,}",
            f"{forecast.anonymity_set:.1f}",
            f"{forecast.effective_anonymity_set:.1f}",
            f"{forecast.linked:.1%}",
            f"{forecast.largest_share:.1%}",
            f"{forecast.reassembled:.1%}",
            f"{forecast.block_recognised:.0%}",
            f"{forecast.own_kept:.1%}",
            f"{forecast.erased:.1%}",
        )
        for forecast in forecasts
    ]
    if forecasts[0].group_size > 1:
        names = ("person linked", "largest of a person")
        cells = [
            (f"{persons.linked:.1%}", f"{persons.largest_share:.1%}")
            for persons in (forecast.persons for forecast in forecasts)
        ]
        rows = [(*row, *added) for row, added in zip(rows, [names, *cells], strict=True)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join([*lines, _EXPLANATION])


_TIMES = ("never", "once", "twice")
_COLUMNS = (
    "rounds",
    "sources",
    "probability",
    "blocks",
    "anonymity set",
    "by entropy",
    "linked",
    "largest share",
    "reassembled",
    "one block",
    "own kept",
    "erased",
)
_EXPLANATION = """
reassembled: share of an image that a puzzle solver puts together again without any original
one block: how often it finds its person in other photographs, as measured on faces (ORL)"""
