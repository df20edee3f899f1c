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

from blockmix import BlockMixer
from blockmix.bench.utility import single_blocks
from blockmix.bench.utility.images import Images, Indices, Labels
from blockmix.bench.utility.plan import Way
from blockmix.bench.utility.ways import apply_way, mixer_of, taken_images
from blockmix.privacy import Pair
from blockmix.privacy.attacks.identity import identity
from blockmix.privacy.attacks.linkage import linkage
from blockmix.privacy.attacks.reassembly import reassembly
from blockmix.privacy.attacks.seams import seams
from blockmix.privacy.measures.nearest import Evidence, find_nearest
from blockmix.privacy.measures.shares import HALF, shares
from blockmix.privacy.measures.statistics import Estimate
from blockmix.privacy.report.set_forecast import SetForecast
from blockmix.support.progress import no_progress

Protection = dict[str, Any]

LINKED, SEEN, PUZZLES = 2000, 500, 100
_BATCH = 16  # images that are combined among each other
WHOLE: Estimate = {"value": 1.0, "low": 1.0, "high": 1.0}


def protection_of(way: Way, images: Images, labels: Labels, *, seed: int) -> Protection:
    """Return what a way protects, as the schema of the record describes it.

    Parameters
    ----------
    way : Way
        Its augmentation is not looked at: copies show no more.
    images : (N, H, W, C) uint8
        All training images, as they are.
    labels : (N,) int64
        The label of each.
    seed : int
        Seed of the mixing, as in `ways.training_set`, and of the samples.

    Examples
    --------
    >>> import numpy as np
    >>> from blockmix.bench.utility.plan import Way
    >>> images = np.random.default_rng(0).integers(0, 256, (30, 32, 32, 3), np.uint8)
    >>> way, labels = Way("pixelation", strength=8.0), np.zeros(30, int)
    >>> protection = protection_of(way, images, labels, seed=0)
    >>> protection["linked"]["by"], protection["largest_share"]
    ('by_pixels', None)
    """
    taken = taken_images(way, labels, seed=seed)
    images, labels = images[taken], labels[taken]
    if way.kind == "mixing":
        return of_mixing(images, labels, mixer_of(way, seed=seed), seed=seed)
    if way.kind == "original":
        return of_originals(images, labels, seed=seed)
    if way.kind in ("mixup", "cutmix"):
        changed, shown = _combined(way, images, seed=seed)
    else:
        changed, shown = apply_way(way, images, labels, seed=seed), np.arange(len(images))
    return of_images(images, changed, labels, shown, seed=seed)


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
    attacks = linkage(
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
        linkage={name: attacks[name] for name in _ATTACKS},
        own_share=float((pair.sources == _match(pair)[:, None, None]).mean()),
        largest_share=shown["largest"],
        half_shown=shown["half_shown"],
        recognised=identity(pair, _match(pair), seen, None)["rank_1"],
        seams=seams(pair, pair.sources, pair.match, seen, together)["auc"],
        reassembled=reassembly(pair, pair.sources, puzzles, seed, no_progress)["right"],
        single_block=single_blocks.right(*edges),
    )


def of_images(
    images: Images, changed: Images, labels: Labels, shown: Indices, *, seed: int
) -> Protection:
    """Return what another change of images protects: against linkage by pixels and a recogniser.

    ``shown`` is the index of the image that each changed image shows. The attacker compares changed
    images with originals. One who changes the originals in the same way finds more.
    """
    started = time.perf_counter()
    pair = Pair.of_arrays(images, changed, labels, block=images.shape[1:3])
    pair = replace(pair, mixed_labels=pair.labels[shown], match=shown)
    linked, seen, _ = _samples(len(images), seed)
    sample = _only(pair, linked)
    attacks = linkage(sample, _match(sample), find_nearest(sample, _no_evidence, no_progress))
    return _protection(
        started,
        (linked, seen, []),
        linkage={"by_pixels": attacks["by_pixels"]},
        recognised=identity(pair, shown, seen, None)["rank_1"],
    )


def of_originals(images: Images, labels: Labels, *, seed: int) -> Protection:
    """Return the protection of images as they are: every one shows one person, as a whole."""
    whole = dict.fromkeys(("largest_share", "half_shown", "reassembled"), WHOLE)
    return {
        **of_images(images, images, labels, np.arange(len(images)), seed=seed),
        **whole,
        "own_share": 1.0,
        "single_block": single_blocks.right([0, 1], [0, 1]),
    }


def _combined(way: Way, images: Images, *, seed: int) -> tuple[Images, Indices]:
    """Return each image as a model would see it once, and the image that gives most of it."""
    import torch

    from blockmix.bench.utility.combine import combine

    rng = np.random.default_rng(seed)
    combined, shown = np.empty_like(images), np.empty(len(images), np.int64)
    channels = images.shape[3]
    for chosen in np.array_split(rng.permutation(len(images)), -(-len(images) // _BATCH)):
        pixels = torch.from_numpy(images[chosen]).permute(0, 3, 1, 2).float()
        # One more channel for each image of the batch shows which part of a pixel it gives.
        parts = torch.eye(len(chosen))[:, :, None, None].expand(-1, -1, *pixels.shape[2:])
        labels = torch.zeros(len(chosen), dtype=torch.long)
        both, _ = combine(way, torch.cat([pixels, parts], dim=1), labels, rng)
        combined[chosen] = both[:, :channels].permute(0, 2, 3, 1).round().byte().numpy()
        shown[chosen] = chosen[both[:, channels:].mean(dim=(2, 3)).argmax(dim=1).numpy()]
    return combined, shown


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
