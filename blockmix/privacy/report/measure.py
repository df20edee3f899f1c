"""`measure` and `measure_folders`: everything that a report says about two sets, as plain data."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from blockmix import __version__
from blockmix.datasets.groups import read_groups
from blockmix.errors import InputError, InputTypeError
from blockmix.forecasting.shares import check_shown_part
from blockmix.key import Key
from blockmix.privacy.attacks.identity import identity
from blockmix.privacy.attacks.linkage import linkage
from blockmix.privacy.attacks.reassembly import reassembly
from blockmix.privacy.attacks.releases import releases
from blockmix.privacy.attacks.seams import seams
from blockmix.privacy.attacks.seeds import seed_search
from blockmix.privacy.measures.hygiene import inspect_files, near_duplicates, small_labels
from blockmix.privacy.measures.nearest import Nearest, find_nearest
from blockmix.privacy.measures.persons import persons
from blockmix.privacy.measures.recogniser import Recogniser, embeddings
from blockmix.privacy.measures.shares import HALF, shares
from blockmix.privacy.measures.similarity import SSIM, WINDOW, load_skimage, similarity
from blockmix.privacy.measures.single_block import single_block
from blockmix.privacy.measures.situations import situations
from blockmix.privacy.report.set_forecast import SetForecast
from blockmix.privacy.sets.folders import FolderPair, load
from blockmix.privacy.sets.pair import Pair
from blockmix.support.arguments import whole_number
from blockmix.support.progress import Progress, no_progress

SAMPLE = 500  # images that the slower parts look at
_PUZZLES = 100  # images of the sample that reassembly puts together
# Nearest blocks of other people's faces were a tenth as far as random ones, those of the originals
# less than 0.002 after JPEG of quality 95, and 0.09 at most after quality 20 (96 x 96, 12 x 12).
_MAX_RELATIVE_DISTANCE = 0.03


def measure(
    pair: Pair,
    *,
    sources: int = 10,
    rounds: int = 1,
    probability: float | str = 0.5,
    grouped: bool = False,
    shown_part: float = HALF,
    sample: int = SAMPLE,
    seed: int = 0,
    recogniser: Recogniser | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure what a mixed set gives away, next to what was to be expected.

    Parameters
    ----------
    pair : Pair
        The sets. Without ``match`` each mixed image is matched with the original that its blocks
        point to, and measures that need the true original are left out.
    sources, rounds, probability
        The parameters of the mixing, see `BlockMixer`; for the forecast, and for attackers who know
        them.
    grouped : bool
        Whether the mixing knew ``pair.groups``, so that images got blocks only from other persons;
        for the forecast.
    shown_part : float
        Share of an original, in blocks, from which on an image shows it: of ``half_shown``.
    sample : int
        Number of images that similarity, seams and identity look at; reassembly looks at up to 100
        of them. With ``pair.groups``, also the number of single blocks.
    seed : int
        Seed of the random sample.
    recogniser : callable, optional
        From images, (N, H, W, C) uint8, to vectors, (N, D), which are compared by cosine: for
        `blockmix.privacy.attacks.identity`, and with ``pair.groups`` for single blocks too.
    progress : callable, optional
        Called as ``progress(stage, done, total)``.

    Returns
    -------
    dict
        The report, as ``blockmix/privacy/report/schema.json`` describes it.

    Raises
    ------
    InputError, InputTypeError
        If an argument breaks its rule, images are smaller than 11 x 11 pixels, a label has only
        one image, the originals are not those of the mixed set, the recogniser fails, or
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
    progress = progress or no_progress
    sample = whole_number("sample", sample, 1, 2**31)
    seed = whole_number("seed", seed, 0, 2**63)
    check_shown_part(shown_part)
    _check(pair)
    load_skimage()
    parameters = {"sources": sources, "rounds": rounds, "probability": probability}
    set_forecast = SetForecast.of_pair(pair, parameters | {"grouped": grouped})
    if recogniser is not None:
        embeddings(recogniser, pair.originals[:2])  # fails before the work, not after it
    started = time.perf_counter()
    nearest = find_nearest(pair, set_forecast.log_likelihood_ratio, progress)
    _check_origin(pair, nearest)
    block_sources = nearest.sources if pair.sources is None else pair.sources
    match_is_known = pair.match is not None
    match = nearest.by_blocks if pair.match is None else pair.match
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(pair.mixed))[:sample])
    puzzles = rng.permutation(chosen)[:_PUZZLES]
    together_share = set_forecast.neighbours_together()
    return {
        "format": "blockmix report",
        "version": 1,
        "blockmix": __version__,
        "images": len(pair.mixed),
        "labels": dict(set_forecast.sizes),
        "mixed_together": {
            label: forecast.class_size for label, forecast in set_forecast.by_label.items()
        },
        "grid": {name: getattr(pair.grid, name) for name in _GRID},
        "parameters": parameters,
        "sample": {"images": len(chosen), "seed": seed},
        "matched": "by name" if match_is_known else "by content",
        "claimed_once": _claimed_once(nearest),
        "blocks_told": "by the map" if pair.sources is not None else "by pixels",
        "stored_exactly": nearest.exact_share,
        "ssim_parameters": {**SSIM, "window": WINDOW},
        "forecast": set_forecast.overall(shown_part),
        "similarity": similarity(pair, match, chosen, seed, progress),
        "situations": situations(pair, block_sources),
        "shares": shares(pair, block_sources, part=shown_part),
        "persons": persons(pair, block_sources, pair.match, nearest, shown_part),
        "single_block": single_block(
            pair, sample=sample, seed=seed, recogniser=recogniser, progress=progress
        ),
        "linkage": linkage(pair, match, nearest) if match_is_known else None,
        "seams": seams(pair, block_sources, pair.match, chosen, together_share),
        "reassembly": reassembly(pair, block_sources, puzzles, seed, progress),
        "identity": identity(pair, match, chosen, recogniser) if match_is_known else None,
        "releases": releases(set_forecast.by_label, set_forecast.sizes),
        "seeds": seed_search(),
        "near_duplicates": near_duplicates(pair),
        "small_labels": small_labels(set_forecast.sizes, sources),
        "seconds": time.perf_counter() - started,
    }


_GRID = ("height", "width", "rows", "cols", "blocks")


def measure_folders(
    originals: str | os.PathLike[str],
    mixed: str | os.PathLike[str],
    *,
    key: Key | None = None,
    groups: str | Mapping[Any, Any] | None = None,
    shown_part: float = HALF,
    sample: int = SAMPLE,
    seed: int = 0,
    recogniser: Recogniser | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure what a mixed folder gives away, as ``blockmix report`` does.

    Parameters
    ----------
    originals : path
        The folder that was mixed.
    mixed : path
        What `blockmix.mix_folder` made of it.
    key : Key, optional
        The key of the run. With it, images with opaque names are matched with their originals; kept
        names need none. Without either, see `measure`.
    groups : "parent", "FILE.csv:COLUMN" or mapping of path to int or str, optional
        Who is in which original. ``"parent"``: the folder between label and image. A table has the
        path of each image below ``originals`` in a column ``path`` or ``file``, and its person in
        ``COLUMN``.
    shown_part, sample, seed, recogniser, progress
        See `measure`.

    Returns
    -------
    dict
        The report of `measure`, with the entry ``files``.

    Raises
    ------
    InputError, InputTypeError
        As `measure`, and if the folders do not belong together, or the names in ``mixed`` do not
        follow from ``key``.
    WorkError
        If a mixed image cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from blockmix import Key, mix_folder
    >>> from blockmix.privacy import measure_folders
    >>> Path("photos/cat").mkdir(parents=True)
    >>> for number, image in enumerate(np.random.default_rng(0).integers(0, 256, (20, 24, 24, 3))):
    ...     Image.fromarray(image.astype(np.uint8)).save(f"photos/cat/{number}.png")
    >>> key = Key.generate()
    >>> summary = mix_folder("photos", "mixed", block=4, key=key)
    >>> report = measure_folders("photos", "mixed", key=key)
    >>> report["matched"], report["linkage"]["by_blocks"]["value"]
    ('by name', 1.0)
    """
    progress = progress or no_progress
    if not (key is None or isinstance(key, Key)):
        # The value stays out of the message: it may be somebody's secret.
        raise InputTypeError(
            f"key is a blockmix.Key, not {type(key).__name__}: use Key.from_file(path)"
        )
    folder_pair = load(Path(originals), Path(mixed), key, progress, read_groups(groups))
    return measure_folder_pair(
        folder_pair,
        shown_part=shown_part,
        sample=sample,
        seed=seed,
        recogniser=recogniser,
        progress=progress,
    )


def measure_folder_pair(
    folder_pair: FolderPair,
    *,
    shown_part: float,
    sample: int,
    seed: int,
    recogniser: Recogniser | None,
    progress: Progress,
) -> dict[str, Any]:
    """Measure a pair of sets from folders, and inspect the files of the mixed one."""
    report = measure(
        folder_pair.pair,
        **folder_pair.record.parameters,
        shown_part=shown_part,
        sample=sample,
        seed=seed,
        recogniser=recogniser,
        progress=progress,
    )
    report["files"] = {
        **inspect_files(folder_pair.mixed, folder_pair.names),
        "left_out": folder_pair.left_out,
        "cohorts": folder_pair.record.cohorts,
        "private": folder_pair.record.private,
    }
    return report


def _check(pair: Pair) -> None:
    """Refuse sets that cannot be measured."""
    if min(pair.grid.height, pair.grid.width) < WINDOW:
        raise InputError(
            f"a report needs images of at least {WINDOW} x {WINDOW} pixels, the window of SSIM, "
            f"got {pair.grid.height} x {pair.grid.width}"
        )
    for name, label_originals, _ in pair.classes():
        if len(label_originals) < 2:
            raise InputError(
                f"label {name!r} has {len(label_originals)} original: one image alone is not mixed"
            )


def _check_origin(pair: Pair, nearest: Nearest) -> None:
    """Refuse originals of another set: the mixed set would seem well protected against them."""
    is_foreign = nearest.known_share < 0.5 and nearest.relative_distance > _MAX_RELATIVE_DISTANCE
    if pair.sources is None and is_foreign:
        raise InputError(
            f"only {nearest.known_share:.0%} of mixed blocks resemble one original more than all "
            "others: these are not its originals, or it was stored too coarsely to measure"
        )


def _claimed_once(nearest: Nearest) -> float:
    """Return the share of mixed images that alone claim their original: 1 / e if all guessed."""
    claims = np.bincount(nearest.by_blocks)
    return float((claims[nearest.by_blocks] == 1).mean())
