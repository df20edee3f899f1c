"""`measure`: everything that a report says of a pair of sets, as plain data."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix import __version__
from blockmix.checks import whole_number
from blockmix.errors import InputError
from blockmix.privacy.attacks.identity import Recogniser, identity
from blockmix.privacy.attacks.linkage import linkage
from blockmix.privacy.attacks.reassembly import reassembly
from blockmix.privacy.attacks.releases import releases
from blockmix.privacy.attacks.seams import seams
from blockmix.privacy.attacks.seeds import seed_search
from blockmix.privacy.checks import near_duplicates, small_labels
from blockmix.privacy.forecasting import Forecast, forecast, own_kept
from blockmix.privacy.linking import Ranks, others, telling
from blockmix.privacy.nearest import Nearest, Telling, nearest
from blockmix.privacy.pair import Pair, Positions
from blockmix.privacy.similarity import SSIM, WINDOW, load_skimage, similarity
from blockmix.privacy.situations import COPIES, situations
from blockmix.progress import Progress, unseen

# Images that the slower parts look at, a seeded sample, and images that are put together.
SAMPLE, PUZZLES = 500, 40


def measure(
    pair: Pair,
    *,
    sources: int = 10,
    rounds: int = 1,
    probability: float = 0.5,
    sample: int = SAMPLE,
    seed: int = 0,
    recogniser: Recogniser | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure what a mixed set gives away, beside what was to be expected.

    Parameters
    ----------
    pair : Pair
        The sets. Without ``match`` each mixed image is taken for the one that most of its blocks
        come from, and what needs more is left out.
    sources, rounds, probability
        With which the set was mixed, see `BlockMixer`; for the forecast.
    sample : int
        Images that similarity, seams and identity look at; for reassembly at most 40 of them.
    seed : int
        Of the choice of these.
    recogniser : callable, optional
        See `blockmix.privacy.attacks.identity`.
    progress : callable, optional
        Called as ``progress(stage, done, total)``.

    Returns
    -------
    dict
        See ``blockmix/privacy/schema.json``.

    Raises
    ------
    InputError, InputTypeError
        If an argument breaks its rule, images are smaller than 11 x 11 pixels, a label has a
        single image, or scikit-image is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from blockmix import BlockMixer, Key
    >>> from blockmix.privacy import Pair, measure
    >>> images = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)
    >>> mixer = BlockMixer(block=4, key=Key.from_seed(0))
    >>> pair = Pair.of_arrays(images, mixer(images, [0] * 40), [0] * 40, block=4)
    >>> report = measure(pair)
    >>> report["linkage"]["by_blocks"]["value"]
    1.0
    """
    report = progress or unseen
    sample = whole_number("sample", sample, 1, 2**31)
    seed = whole_number("seed", seed, 0, 2**63)
    sizes = _sizes(pair)
    load_skimage()
    parameters: dict[str, Any] = {"sources": sources, "rounds": rounds, "probability": probability}
    expected = overall(sizes, pair.grid.blocks, **parameters)
    started = time.perf_counter()
    found = nearest(pair, _telling(sources, rounds, probability), report)
    sources_of = found.sources if pair.sources is None else pair.sources
    match = found.votes if pair.match is None else pair.match
    draw = np.random.default_rng(seed)
    chosen = np.sort(draw.permutation(len(pair.mixed))[:sample])
    seeds_of_puzzles = draw.permutation(chosen)[:PUZZLES]
    known = pair.match is not None
    return {
        "format": "blockmix report",
        "version": 1,
        "blockmix": __version__,
        "images": len(pair.mixed),
        "labels": sizes,
        "grid": {name: getattr(pair.grid, name) for name in _GRID},
        "parameters": {"sources": sources, "rounds": rounds, "probability": float(probability)},
        "sample": {"images": len(chosen), "seed": seed},
        "matched": "by name" if known else "by content",
        "claimed_once": _claimed_once(found),
        "blocks_told": "by the map" if pair.sources is not None else "by pixels",
        "stored_exactly": found.exact,
        "ssim_parameters": {**SSIM, "window": WINDOW},
        "forecast": expected,
        "similarity": similarity(pair, match, chosen, seed, report),
        "situations": situations(pair, sources_of),
        "linkage": linkage(pair, match, found) if known else None,
        "seams": seams(pair, sources_of, pair.match, chosen),
        "reassembly": reassembly(pair, sources_of, seeds_of_puzzles, report),
        "identity": identity(pair, match, chosen, recogniser) if known else None,
        "releases": releases(pair.mixed_labels, blocks=pair.grid.blocks, **parameters),
        "seeds": seed_search(sources),
        "near_duplicates": near_duplicates(pair),
        "small_labels": small_labels(sizes, sources),
        "seconds": time.perf_counter() - started,
    }


def overall(
    sizes: dict[str, int], blocks: int, *, sources: int, rounds: int, probability: float
) -> dict[str, Any]:
    """The forecast of a set: means over its images, and of what protects the least.

    Parameters
    ----------
    sizes : dict of str to int
        Images of each label.
    blocks, sources, rounds, probability
        See `forecast`.
    """
    made = [
        forecast(size, sources=sources, rounds=rounds, probability=probability, blocks=blocks)
        for size in sizes.values()
    ]
    weights = list(sizes.values())

    def mean(of: Callable[[Forecast], npt.ArrayLike]) -> Any:
        return np.average([of(one) for one in made], axis=0, weights=weights).tolist()

    copies = mean(_copies)
    return {
        "own_kept": mean(lambda one: one.own_kept),
        "erased": copies[0],
        "repeated": 1 - copies[0] - copies[1],
        "copies": copies,
        "distinct_sources": mean(lambda one: one.distinct_sources),
        "unmixed": mean(lambda one: one.unmixed),
        "linked": mean(lambda one: one.linked),
        "anonymity_set": min(one.anonymity_set for one in made),
        "effective_anonymity_set": min(one.effective_anonymity_set for one in made),
        "key_bits": made[0].key_bits,
    }


def _telling(sources: int, rounds: int, probability: float) -> Telling:
    """What an attacker who knows the parameters makes of numbers of blocks."""

    def ranks(pair: Pair, size: int) -> Ranks:
        own = own_kept(size, probability, rounds)
        near = others(size, own, min(sources, size - 1), probability, rounds)
        return telling(size, own, near, pair.grid.blocks)

    return ranks


_GRID = ("height", "width", "rows", "cols", "blocks")


def _sizes(pair: Pair) -> dict[str, int]:
    """Originals of each label that was mixed."""
    if min(pair.grid.height, pair.grid.width) < WINDOW:
        raise InputError(
            f"a report needs images of at least {WINDOW} x {WINDOW} pixels, the window of SSIM, "
            f"got {pair.grid.height} x {pair.grid.width}"
        )
    sizes = {name: len(of_label) for name, of_label, _ in pair.classes()}
    for label, size in sizes.items():
        if size < 2:
            raise InputError(f"label {label!r} has {size} original: one image alone is not mixed")
    return sizes


def _copies(made: Forecast) -> list[float]:
    """The chances of a block to be published 0, 1, ... times, as many as are counted."""
    chances = [*made.copies, *[0.0] * COPIES]  # a class of n has at most n copies
    return [*chances[:COPIES], sum(chances[COPIES:])]


def _claimed_once(found: Nearest) -> float:
    """Share of mixed images whose best match is nobody else's: 0.37 if all were guesses."""
    claims: Positions = np.bincount(found.votes)
    return float((claims[found.votes] == 1).mean())
