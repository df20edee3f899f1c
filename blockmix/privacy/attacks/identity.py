"""Identity: which original does a mixed image belong to, as a recogniser of faces sees it?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.errors import InputError
from blockmix.privacy.measures.statistics import share_with_interval
from blockmix.privacy.sets.pair import Indices, Pair, Pixels
from blockmix.privacy.sets.pictures import small_greys

# From images, (N, H, W, C) uint8, to one vector each, (N, D).
Recogniser = Callable[[Pixels], npt.NDArray[np.floating]]

FALSE_ALARMS = 0.01
_SIDE = 32  # height and width at which the built-in recogniser looks at images
_PARTS = 100  # principal components that it keeps; the first, which are light, it leaves out
_LIGHT = 3
_SMALLEST = 1e-4  # of the variance of the largest; below is noise


def identity(
    pair: Pair, match: Indices, chosen: Indices, recogniser: Recogniser | None
) -> dict[str, Any]:
    """How often a recogniser finds the original of a mixed image within its label.

    Parameters
    ----------
    pair : Pair
        The sets.
    match : (N,) int64
        The original of each mixed image.
    chosen : (M,) int64
        The mixed images to look at.
    recogniser : callable, optional
        From images to embeddings, which are compared by cosine. Default: principal components of
        the originals (eigenfaces; Turk and Pentland 1991), a weak one: a better one finds more.

    Returns
    -------
    dict
        ``rank_1`` and ``rank_5``: the original is the most similar, or among the five most similar,
        of its label, beside their ``chance_1`` and ``chance_5``. ``accepted``: it is more similar
        than all but ``false_alarms`` of the others. Among those that are as similar, chance
        decides.
    """
    embed = eigenfaces(pair.originals) if recogniser is None else recogniser
    known, seen = embeddings(embed, pair.originals), embeddings(embed, pair.mixed[chosen])
    if known.shape[1] != seen.shape[1]:
        raise InputError(
            "a recogniser gives vectors of one length for all images, got "
            f"{known.shape[1]} and {seen.shape[1]}"
        )
    draw = np.random.default_rng(0)
    ranks, own, others, sizes = [], [], [], []
    for image, vector in zip(chosen, seen, strict=True):
        of_label = np.flatnonzero(pair.labels == pair.mixed_labels[image])
        alike = known[of_label] @ vector
        right = of_label == match[image]
        mine = float(alike[right][0])
        as_similar = int((alike[~right] == mine).sum())
        ranks.append(int((alike > mine).sum()) + int(draw.integers(as_similar + 1)))
        own.append(mine)
        others.append(alike[~right])
        sizes.append(len(of_label))
    limit = float(np.quantile(np.concatenate(others), 1 - FALSE_ALARMS))
    count = len(chosen)
    return {
        "images": count,
        "recogniser": "eigenfaces" if recogniser is None else "the user's",
        "rank_1": share_with_interval(sum(rank < 1 for rank in ranks), count),
        "rank_5": share_with_interval(sum(rank < 5 for rank in ranks), count),
        "accepted": share_with_interval(sum(score > limit for score in own), count),
        "false_alarms": FALSE_ALARMS,
        "chance_1": float(np.mean([1 / size for size in sizes])),
        "chance_5": float(np.mean([min(1.0, 5 / size) for size in sizes])),
    }


def eigenfaces(images: Pixels) -> Recogniser:
    """Principal components of images, as a recogniser."""
    from scipy.linalg import eigh

    small = _small(images)
    mean = small.mean(axis=0)
    around = small - mean
    least = _SIDE * _SIDE - _PARTS - _LIGHT
    values, vectors = eigh(around.T @ around, subset_by_index=[least, _SIDE * _SIDE - 1])
    there = int((values > _SMALLEST * values[-1]).sum())  # fewer images have fewer components
    # Of very few images even the light has to do.
    skipped = min(_LIGHT, there // 4)
    parts = vectors[:, ::-1][:, skipped : max(there, 1)][:, :_PARTS]
    spread = np.maximum((around @ parts).std(axis=0), 1e-6)
    return lambda images: (_small(images) - mean) @ parts / spread


def embeddings(recogniser: Recogniser, images: Pixels) -> npt.NDArray[np.float32]:
    """What a recogniser makes of images, of length one each: (N, D).

    Raises
    ------
    InputError
        If it fails, or does not give a finite vector for each image.
    """
    images = images.view()
    images.flags.writeable = False
    try:
        vectors = np.asarray(recogniser(images), np.float32)
    except (Exception, SystemExit) as error:  # of somebody else's code
        raise InputError(f"the recogniser failed: {type(error).__name__}: {error}") from error
    fits = vectors.ndim == 2 and len(vectors) == len(images) and vectors.shape[1] > 0
    if not fits or not np.isfinite(vectors).all():
        raise InputError(
            f"a recogniser gives a finite vector for each image, ({len(images)}, D), "
            f"got {vectors.shape}"
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def _small(images: Pixels) -> npt.NDArray[np.float32]:
    """Grey, reduced to `_SIDE`, as vectors."""
    return small_greys(images, _SIDE, _SIDE).reshape(len(images), -1).astype(np.float32)
