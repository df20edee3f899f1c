"""Forecasts in words, and in columns."""

from __future__ import annotations

from collections.abc import Sequence

from blockmix.forecasting.forecast import Forecast


def describe(made: Forecast, releases: int) -> str:
    """A forecast, a line for each figure."""
    lines = [
        ("own blocks kept", f"{made.own_kept:.1%} of an image's blocks, at their place"),
        (
            "a block hides among",
            f"{made.anonymity_set:.1f} images (1 / the largest chance) "
            f"or {made.effective_anonymity_set:.1f} (by entropy), "
            "for somebody who does not hold the originals",
        ),
        (
            "linked",
            f"about {made.linked:.1%} of images, by whoever holds the originals and counts blocks",
        ),
        ("sources of an image", f"{made.distinct_sources:.1f} images, itself among them"),
        ("left unmixed", f"{made.unmixed:.2g} of images" + (" or more" if made.rounds > 1 else "")),
        (
            "original blocks",
            f"{made.erased:.1%} erased, {made.published:.1%} published somewhere",
        ),
        (
            "published",
            ", ".join(
                f"{share:.1%} {times}" for times, share in zip(_TIMES, made.copies, strict=False)
            )
            + f", {sum(made.copies[len(_TIMES) :]):.1%} more often",
        ),
        ("key", f"{made.key_bits} bits, unless it comes from a seed"),
    ]
    found = made.found_from_releases(releases)
    if releases > 1:
        shown = f"{found:.1%} of own blocks show in at least two"
        lines.append((f"from {releases} releases", shown))
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:{width}}  {text}" for name, text in lines)


def table(made: Sequence[Forecast]) -> str:
    """Forecasts as rows: the parameters, then what they reach."""
    if not made:
        return (
            "nothing that was tried reaches that: larger labels, or a milder target; "
            "who must not be found in a set must not be in it"
        )
    rows = [_COLUMNS] + [
        (
            f"{one.rounds}",
            f"{one.sources}",
            f"{one.probability:.3f}",
            f"{one.blocks:,}",
            f"{one.anonymity_set:.1f}",
            f"{one.effective_anonymity_set:.1f}",
            f"{one.linked:.1%}",
            f"{one.own_kept:.1%}",
            f"{one.erased:.1%}",
        )
        for one in made
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )


_TIMES = ("never", "once", "twice")
_COLUMNS = (
    "rounds",
    "sources",
    "probability",
    "blocks",
    "anonymity set",
    "by entropy",
    "linked",
    "own kept",
    "erased",
)
