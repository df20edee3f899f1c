"""`measure`: everything that a report says of a pair of sets, as plain data."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from blockmix import __version__
from blockmix.errors import InputError
from blockmix.privacy.attacks.identity import Recogniser, embeddings, identity
from blockmix.privacy.attacks.linkage import linkage
from blockmix.privacy.attacks.reassembly import reassembly
from blockmix.privacy.attacks.releases import releases
from blockmix.privacy.attacks.seams import seams
from blockmix.privacy.attacks.seeds import seed_search
from blockmix.privacy.measures.hygiene import inspect_files, near_duplicates, small_labels
from blockmix.privacy.measures.nearest import Nearest, find_nearest
from blockmix.privacy.measures.similarity import SSIM, WINDOW, load_skimage, similarity
from blockmix.privacy.measures.situations import situations
from blockmix.privacy.report.forecasts import (
    forecasts,
    log_likelihood_ratios,
    neighbours_together,
    overall,
)
from blockmix.privacy.sets.folders import FolderPair
from blockmix.privacy.sets.pair import Indices, Pair
from blockmix.support.arguments import whole_number
from blockmix.support.progress import Progress, no_progress

# Images that the slower parts look at, a seeded sample, and images that are put together.
SAMPLE, PUZZLES = 500, 40
# Nearest blocks of other people's faces were a tenth as far as random ones, those of the originals
# less than 0.002 after JPEG of quality 95, and 0.09 at most after quality 20 (96 x 96, 12 x 12).
_FOREIGN = 0.03


def measure(
    pair: Pair,
    *,
    sources: int = 10,
    rounds: int = 1,
    probability: float | str = 0.5,
    sample: int = SAMPLE,
    seed: int = 0,
    recogniser: Recogniser | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure what a mixed set gives away, beside what was to be expected.

    Parameters
    ----------
    pair : Pair
        The sets. Without ``match`` each mixed image is taken for the original that its blocks point
        to, and what needs the true one is left out.
    sources, rounds, probability
        With which the set was mixed, see `BlockMixer`; for the forecast, and for attackers who know
        them.
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
        See ``blockmix/privacy/report/schema.json``.

    Raises
    ------
    InputError, InputTypeError
        If an argument breaks its rule, images are smaller than 11 x 11 pixels, a label has a
        single image, the originals are not those of the mixed set, the recogniser fails, or
        scikit-image is not installed.

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
    tell = progress or no_progress
    sample = whole_number("sample", sample, 1, 2**31)
    seed = whole_number("seed", seed, 0, 2**63)
    _check(pair)
    load_skimage()
    parameters = {"sources": sources, "rounds": rounds, "probability": probability}
    made = forecasts(pair, parameters)
    if recogniser is not None:
        embeddings(recogniser, pair.originals[:2])  # before the work, not after it
    started = time.perf_counter()
    nearest = find_nearest(pair, log_likelihood_ratios(made), tell)
    _check_origin(pair, nearest)
    sources_of = nearest.sources if pair.sources is None else pair.sources
    known = pair.match is not None
    match = nearest.by_blocks if pair.match is None else pair.match
    draw = np.random.default_rng(seed)
    chosen = np.sort(draw.permutation(len(pair.mixed))[:sample])
    puzzles = draw.permutation(chosen)[:PUZZLES]
    sizes = {name: len(of_label) for name, of_label, _ in pair.classes()}
    return {
        "format": "blockmix report",
        "version": 1,
        "blockmix": __version__,
        "images": len(pair.mixed),
        "labels": sizes,
        "mixed_together": {name: one.class_size for name, one in made.items()},
        "grid": {name: getattr(pair.grid, name) for name in _GRID},
        "parameters": parameters,
        "sample": {"images": len(chosen), "seed": seed},
        "matched": "by name" if known else "by content",
        "claimed_once": _claimed_once(nearest),
        "blocks_told": "by the map" if pair.sources is not None else "by pixels",
        "stored_exactly": nearest.exact_share,
        "ssim_parameters": {**SSIM, "window": WINDOW},
        "forecast": overall(made, sizes),
        "similarity": similarity(pair, match, chosen, seed, tell),
        "situations": situations(pair, sources_of),
        "linkage": linkage(pair, match, nearest) if known else None,
        "seams": seams(pair, sources_of, pair.match, chosen, neighbours_together(made, sizes)),
        "reassembly": reassembly(pair, sources_of, puzzles, seed, tell),
        "identity": identity(pair, match, chosen, recogniser) if known else None,
        "releases": releases(made, sizes),
        "seeds": seed_search(),
        "near_duplicates": near_duplicates(pair),
        "small_labels": small_labels(sizes, sources),
        "seconds": time.perf_counter() - started,
    }


_GRID = ("height", "width", "rows", "cols", "blocks")


def measure_folders(
    folder_pair: FolderPair,
    *,
    sample: int,
    seed: int,
    recogniser: Recogniser | None,
    progress: Progress,
) -> dict[str, Any]:
    """`measure` a pair of folders, and look at the files of the mixed one."""
    made = measure(
        folder_pair.pair,
        **folder_pair.record.parameters,
        sample=sample,
        seed=seed,
        recogniser=recogniser,
        progress=progress,
    )
    made["files"] = {
        **inspect_files(folder_pair.mixed, folder_pair.names),
        "left_out": folder_pair.left_out,
        "cohorts": folder_pair.record.cohorts,
        "private": folder_pair.record.private,
    }
    return made


def _check(pair: Pair) -> None:
    """Refuse what cannot be measured."""
    if min(pair.grid.height, pair.grid.width) < WINDOW:
        raise InputError(
            f"a report needs images of at least {WINDOW} x {WINDOW} pixels, the window of SSIM, "
            f"got {pair.grid.height} x {pair.grid.width}"
        )
    for name, of_label, _ in pair.classes():
        if len(of_label) < 2:
            raise InputError(
                f"label {name!r} has {len(of_label)} original: one image alone is not mixed"
            )


def _check_origin(pair: Pair, nearest: Nearest) -> None:
    """Refuse originals that the mixed set does not come from, of which all would seem well."""
    if pair.sources is None and nearest.known_share < 0.5 and nearest.relative_distance > _FOREIGN:
        raise InputError(
            f"only {nearest.known_share:.0%} of mixed blocks resemble one original more than all "
            "others: these are not its originals, or it was stored too coarsely to measure"
        )


def _claimed_once(nearest: Nearest) -> float:
    """Share of mixed images whose best match is nobody else's: 1 / e if all were guesses."""
    claims: Indices = np.bincount(nearest.by_blocks)
    return float((claims[nearest.by_blocks] == 1).mean())
