"""Verdicts: a sentence for each value that matters, and whether it keeps to its threshold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from blockmix.datasets.likeness import MANY_ALIKE
from blockmix.errors import InputError

Report = dict[str, Any]


class Rule(NamedTuple):
    """A value of the report that can have a threshold."""

    sentence: str  # with a field for the value
    value: Callable[[Report], float | None]
    name: str  # of the value, for a sentence without it
    is_minimum: bool = False  # the threshold is a minimum, not a maximum
    is_share: bool = True  # from 0 to 1
    needs: str | None = None  # what a report must be given to measure the value


def _linked(report: Report) -> float | None:
    linkage = report["linkage"]
    if linkage is None:
        return None
    return float(max(linkage[name]["value"] for name in ("by_blocks", "jointly", "by_pixels")))


def _recognised(report: Report) -> float | None:
    return None if report["identity"] is None else float(report["identity"]["rank_1"]["value"])


def _reassembled(report: Report) -> float | None:
    reassembly = report["reassembly"]
    if reassembly["right"] is None:
        return None
    return float(max(reassembly["right"]["value"], reassembly["as_published"]))


def _largest_share(report: Report) -> float | None:
    counted = report["shares"] if report["persons"] is None else report["persons"]["shares"]
    largest = counted["largest"]
    return None if largest is None else float(largest["value"])


def _block_recognised(report: Report) -> float | None:
    single_block = report["single_block"]
    if single_block is None:
        return None
    measured = [single_block, single_block["by_recogniser"]]
    return max(float(found["right"]["value"]) for found in measured if found is not None)


def _metadata(report: Report) -> float | None:
    return report["files"]["metadata"] / report["files"]["files"] if "files" in report else None


RULES: dict[str, Rule] = {
    "max_own_kept": Rule(
        "{0:.1%} of the blocks of an image are its own, at their place.",
        lambda report: report["situations"]["own_kept"],
        "share of blocks that are an image's own",
    ),
    "max_linked": Rule(
        "Whoever holds the originals finds the right one for {0:.1%} of the mixed images.",
        _linked,
        "share of images linked to their originals",
    ),
    "max_recognised": Rule(
        "The recogniser of faces puts the right original first for {0:.1%} of the mixed images.",
        _recognised,
        "share of images recognised first",
    ),
    "max_ssim": Rule(
        "Mixed images resemble their originals with an SSIM of {0:.3f} (1: the same image).",
        lambda report: report["similarity"]["ssim"]["value"],
        "SSIM of mixed images and originals",
    ),
    "max_reassembled": Rule(
        "Without any original, {0:.1%} of an image can be put together again, though the paper "
        "(section VI-A) claims that this is nearly impossible.",
        _reassembled,
        "share of cells filled with right blocks",
    ),
    "max_largest_share": Rule(
        "On average {0:.1%} of a mixed image come from the original that gives it most, or the "
        "person if persons are known.",
        _largest_share,
        "largest share of one original in an image",
    ),
    "max_block_recognised": Rule(
        "One block alone finds its person in other photographs in {0:.1%} of cases.",
        _block_recognised,
        "share of single blocks that find their person",
        needs="no person is known to be in several originals of a label: say who is in which "
        "(--groups), which a recogniser cannot replace",
    ),
    "min_anonymity_set": Rule(
        "Expected from the parameters: a block hides among {0:.1f} images, for somebody who does "
        "not hold the originals.",
        lambda report: report["forecast"]["anonymity_set"],
        "images that a block hides among, as expected",
        is_minimum=True,
        is_share=False,
    ),
    "max_near_duplicates": Rule(
        "{0:.1%} of the originals look like another one of their label.",
        lambda report: report["near_duplicates"]["share"],
        "share of near-duplicates within labels",
    ),
    "max_metadata": Rule(
        "{0:.1%} of the mixed files carry metadata.",
        _metadata,
        "share of files with metadata",
    ),
}


def check_thresholds(thresholds: Mapping[str, float | None]) -> None:
    """Check that every threshold has a rule and lies in the range of its value.

    Raises
    ------
    InputError
        If a threshold has no rule, or lies outside the range of its value.
    """
    for name, limit in thresholds.items():
        if name not in RULES:
            raise InputError(f"{name!r} is no threshold: there are {', '.join(RULES)}")
        if limit is None:
            continue
        if RULES[name].is_share and not 0 <= limit <= 1:
            raise InputError(f"{name} is a share from 0 to 1, got {limit}")
        if not limit >= 0:
            raise InputError(f"{name} is a number from 0 on, got {limit}")


def verdicts(report: Report, thresholds: Mapping[str, float | None]) -> list[dict[str, Any]]:
    """Return a verdict for each rule.

    Parameters
    ----------
    report : dict
        A report of `measure`.
    thresholds : mapping of str to float
        Thresholds by the name of their rule; rules that are not named have none.

    Returns
    -------
    list of dict
        ``rule``, ``text``, ``value`` and ``threshold`` (None where there is none), and ``met``:
        None without a threshold, False if the value could not be measured. Values that were not
        measured and have no threshold are left out. If the key came from a seed, the first verdict
        says so; another one asks for persons where many originals look alike.

    Raises
    ------
    InputError
        If a threshold has no rule, or lies outside the range of its value.

    Examples
    --------
    >>> import numpy as np
    >>> from blockmix import BlockMixer, Key
    >>> from blockmix.privacy import Pair, measure, verdicts
    >>> images = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)
    >>> mixer = BlockMixer(block=4, key=Key.from_seed(0))
    >>> pair = Pair.of_arrays(images, mixer(images, [0] * 40), [0] * 40, block=4)
    >>> line = verdicts(measure(pair), {"max_linked": 0.5})[1]
    >>> line["text"], line["met"]
    ('Whoever holds the originals finds the right one for 100.0% of the mixed images.', False)
    """
    check_thresholds(thresholds)
    lines: list[dict[str, Any]] = []
    unlimited = {"value": None, "threshold": None, "met": None}
    if "files" in report and not report["files"]["private"]:
        lines.append({"rule": "private_key", "text": _SEEDED, **unlimited})
    if report["near_duplicates"]["share"] >= MANY_ALIKE and report["persons"] is None:
        lines.append({"rule": "groups", "text": _PERSONS_UNKNOWN, **unlimited})
    for name, rule in RULES.items():
        value, limit = rule.value(report), thresholds.get(name)
        if value is None and limit is None:
            continue
        met = None
        if limit is not None:
            met = value is not None and (value >= limit if rule.is_minimum else value <= limit)
        text = rule.sentence.format(value) if value is not None else _unmeasured(rule, report)
        lines.append({"rule": name, "text": text, "value": value, "threshold": limit, "met": met})
    return lines


_SEEDED = "The key of this set came from a seed: anybody who guesses the seed undoes the mixing."

_PERSONS_UNKNOWN = (
    "Many originals look alike, perhaps because they show the same person: --groups says who is in "
    "which, and the report then measures persons as well as images."
)


def _unmeasured(rule: Rule, report: Report) -> str:
    if rule.needs is not None:
        reason = rule.needs
    elif report["matched"] == "by content":
        reason = (
            "it is not known which image became which: give the key of the run (--key-file), or "
            "mix with --names keep"
        )
    else:
        reason = "too few blocks could be told apart, or these are arrays and not files"
    return f"Not measured: the {rule.name}, as {reason}."
