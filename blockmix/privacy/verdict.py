"""Verdicts: a sentence for each figure that matters, and whether it keeps to its threshold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from blockmix.checks import one_of


class Rule(NamedTuple):
    """A figure of the report that can have a threshold."""

    says: str  # the sentence, with the value in its place
    value: Callable[[dict[str, Any]], float | None]
    least: bool = False  # the threshold is a minimum, not a maximum


def _linked(report: dict[str, Any]) -> float | None:
    return None if report["linkage"] is None else report["linkage"]["by_blocks"]["value"]


def _recognised(report: dict[str, Any]) -> float | None:
    return None if report["identity"] is None else report["identity"]["rank_1"]["value"]


RULES: dict[str, Rule] = {
    "max_own_kept": Rule(
        "{0:.0%} of the blocks of an image are its own, at their place.",
        lambda report: report["situations"]["own_kept"],
    ),
    "max_linked": Rule(
        "Whoever holds the originals links {0:.0%} of the mixed images to theirs.",
        _linked,
    ),
    "max_recognised": Rule(
        "The recogniser finds the original of {0:.0%} of the mixed images first.",
        _recognised,
    ),
    "max_ssim": Rule(
        "The structural similarity (SSIM) of mixed images and originals is {0:.2f}.",
        lambda report: report["similarity"]["ssim"]["value"],
    ),
    "max_reassembled": Rule(
        "Put together from the mixed set alone, {0:.0%} of an image's places get the right block.",
        lambda report: report["reassembly"]["direct"]["value"],
    ),
    "min_anonymity_set": Rule(
        "A block hides among {0:.1f} images: 1 / the largest chance of where it comes from.",
        lambda report: report["forecast"]["anonymity_set"],
        least=True,
    ),
    "max_near_duplicates": Rule(
        "{0:.1%} of the originals look like another one of their label.",
        lambda report: report["near_duplicates"]["share"],
    ),
}


def verdicts(
    report: dict[str, Any], thresholds: Mapping[str, float | None]
) -> list[dict[str, Any]]:
    """A line for each rule.

    Parameters
    ----------
    report : dict
        What `measure` gives.
    thresholds : dict of str to float
        Limits by name of a rule; the others have none.

    Returns
    -------
    list of dict
        ``rule``, ``text``, ``value`` and ``threshold`` (None where there is none), and ``met``:
        None without a threshold, and False where it could not be measured.

    Raises
    ------
    InputError
        If a threshold has no rule.

    Examples
    --------
    >>> import numpy as np
    >>> from blockmix import BlockMixer, Key
    >>> from blockmix.privacy import Pair, measure, verdicts
    >>> images = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)
    >>> mixer = BlockMixer(block=4, key=Key.from_seed(0))
    >>> pair = Pair.of_arrays(images, mixer(images, [0] * 40), [0] * 40, block=4)
    >>> verdicts(measure(pair), {"max_linked": 0.5})[1]["text"]
    'Whoever holds the originals links 100% of the mixed images to theirs.'
    """
    for name in thresholds:
        one_of("the name of a threshold", name, tuple(RULES))
    lines = []
    for name, rule in RULES.items():
        value, limit = rule.value(report), thresholds.get(name)
        met = None
        if limit is not None:
            met = value is not None and (value >= limit if rule.least else value <= limit)
        text = rule.says.format(value) if value is not None else _UNKNOWN[name]
        lines.append({"rule": name, "text": text, "value": value, "threshold": limit, "met": met})
    return lines


_UNMATCHED = (
    "as it is not known which mixed image belongs to which original (mix with --names keep)"
)
_UNKNOWN = {
    "max_own_kept": f"How many blocks are an image's own was not measured, {_UNMATCHED}.",
    "max_linked": f"How many images are linked to their originals was not measured, {_UNMATCHED}.",
    "max_recognised": f"How many images are recognised was not measured, {_UNMATCHED}.",
}
