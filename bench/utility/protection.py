"""What a way of making a training set protects, measured at the size and on the set of training.

Sets are measured whole where that is fast, and on samples where it is not: `LINKED` mixed images
are linked to all originals, one at a time, `SEEN` are judged by the recogniser and by seams,
`PUZZLES` are put together again from all mixed images (of labels above 2,000 images, from 2,000).
6,000 images of 64 x 64 in labels of 3,000 take from 4 s in 8 columns to 54 s in 256 blocks.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix import BlockMixer
from blockmix.bench.utility import single_blocks
from blockmix.privacy import Pair
from blockmix.privacy.attacks.identity import identity
from blockmix.privacy.attacks.linkage import linkage
from blockmix.privacy.attacks.reassembly import reassembly
from blockmix.privacy.attacks.seams import seams
from blockmix.privacy.measures.nearest import Evidence, find_nearest
from blockmix.privacy.measures.shares import HALF, shares
from blockmix.privacy.measures.statistics import Estimate
from blockmix.privacy.report.set_forecast import SetForecast
from blockmix.privacy.sets.pair import Indices
from blockmix.support.progress import no_progress

Images = npt.NDArray[np.uint8]  # (N, H, W, C)
Labels = npt.NDArray[np.int64]
Protection = dict[str, Any]

LINKED, SEEN, PUZZLES = 2000, 500, 100
WHOLE: Estimate = {"value": 1.0, "low": 1.0, "high": 1.0}


def of_mixing(images: Images, labels: Labels, mixer: BlockMixer, *, seed: int) -> Protection:
    """Return what a way of mixing protects: forecast and measured."""
    started = time.perf_counter()
    parameters = {name: getattr(mixer, name) for name in ("sources", "rounds")}
    parameters["probability"] = mixer.quantised_probability()
    plan = mixer.plan(labels, *images.shape[1:3])
    pair = Pair.of_arrays(images, plan.apply(images), labels, block=plan.grid, source_map=plan)
    assert pair.sources is not None, "the map is given"
    expected = SetForecast.of_pair(pair, parameters)
    linked, seen, puzzles = _samples(len(images), seed)
    sample = _only(pair, linked)
    found = linkage(
        sample, _match(sample), find_nearest(sample, expected.log_likelihood_ratio, no_progress)
    )
    overall = expected.overall(HALF)
    shown = shares(pair, pair.sources)
    together = expected.neighbours_together()
    edges = plan.grid.row_edges, plan.grid.col_edges
    return _protection(
        started,
        (linked, seen, puzzles),
        forecast={name: overall[name] for name in _FORECAST},
        linkage={name: found[name] for name in _ATTACKS},
        own_share=float((pair.sources == _match(pair)[:, None, None]).mean()),
        largest_share=shown["largest"],
        half_shown=shown["half_shown"],
        recognised=identity(pair, _match(pair), seen, None)["rank_1"],
        seams=seams(pair, pair.sources, pair.match, seen, together)["auc"],
        reassembled=reassembly(pair, pair.sources, puzzles, seed, no_progress)["right"],
        single_block=single_blocks.right(*edges),
    )


def of_images(images: Images, changed: Images, labels: Labels, *, seed: int) -> Protection:
    """Return what any other change of images protects: against linkage by pixels and a recogniser.

    The attacker compares changed images with originals. One who changes the originals in the same
    way finds more.
    """
    started = time.perf_counter()
    pair = Pair.of_arrays(images, changed, labels, block=images.shape[1:3])
    linked, seen, _ = _samples(len(images), seed)
    sample = _only(pair, linked)
    found = linkage(sample, _match(sample), find_nearest(sample, _no_evidence, no_progress))
    return _protection(
        started,
        (linked, seen, []),
        linkage={"by_pixels": found["by_pixels"]},
        recognised=identity(pair, _match(pair), seen, None)["rank_1"],
    )


def of_originals(images: Images, labels: Labels, *, seed: int) -> Protection:
    """Return the protection of images as they are: every one shows one person, as a whole."""
    whole = dict.fromkeys(("largest_share", "half_shown", "reassembled"), WHOLE)
    single_block = single_blocks.right([0, 1], [0, 1])
    return (
        of_images(images, images, labels, seed=seed)
        | whole
        | {
            "own_share": 1.0,
            "single_block": single_block,
        }
    )


_FORECAST = ("linked", "own_kept", "largest_share", "half_shown")
_ATTACKS = ("by_blocks", "by_pixels")
_MEASURES = (
    *("forecast", "linkage", "own_share", "largest_share", "half_shown"),
    *("recognised", "seams", "reassembled", "single_block"),
)


def _protection(started: float, samples: tuple[Any, Any, Any], **measures: Any) -> Protection:
    """Return all measures, None where one does not apply, with the most successful linkage."""
    attacks: dict[str, Estimate] = measures["linkage"]
    best = max(attacks, key=lambda name: attacks[name]["value"] or 0)
    sizes = dict(zip(("linked", "seen", "puzzles"), map(len, samples), strict=True))
    return {
        "linked": {**attacks[best], "by": best},
        **dict.fromkeys(_MEASURES),
        **measures,
        "images": sizes,
        "seconds": time.perf_counter() - started,
    }


def _samples(count: int, seed: int) -> tuple[Indices, Indices, Indices]:
    """Return the images that are linked, those of them that are seen, and those put together."""
    order = np.random.default_rng(seed).permutation(count)
    linked, seen, puzzles = (np.sort(order[:size]) for size in (LINKED, SEEN, PUZZLES))
    return linked, seen, puzzles


def _only(pair: Pair, chosen: Indices) -> Pair:
    """Return the pair with some mixed images only, and all originals."""
    return replace(
        pair,
        mixed=pair.mixed[chosen],
        mixed_labels=pair.mixed_labels[chosen],
        match=_match(pair)[chosen],
        sources=None if pair.sources is None else pair.sources[chosen],
    )


def _match(pair: Pair) -> Indices:
    assert pair.match is not None, "pairs of arrays have a match"
    return pair.match


def _no_evidence(label: str) -> Evidence:
    """Images that were not cut into blocks share none."""
    return np.zeros(2)
