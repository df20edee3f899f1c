"""Identity: which original belongs to a mixed image, in the eyes of a recogniser of faces?"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.privacy.measures.recogniser import Recogniser, check_lengths, embeddings
from blockmix.privacy.measures.statistics import share_with_interval
from blockmix.privacy.sets.pair import Indices, Pair
from blockmix.support.pictures import small_greys
from blockmix.support.pixels import Pixels

FALSE_ALARMS = 0.01
_SIDE = 32  # height and width at which eigenfaces look at images
_COMPONENTS = 100  # principal components that eigenfaces keep
_LIGHT_COMPONENTS = 3  # the first components show the light: they are left out
_NOISE = 1e-4  # components with less than this share of the largest variance are noise


def identity(
    pair: Pair, match: Indices, chosen: Indices, recogniser: Recogniser | None
) -> dict[str, Any]:
    """Measure how often a recogniser finds the original of a mixed image within its label.

    Parameters
    ----------
    pair : Pair
        The sets.
    match : (N,) int64
        The original of each mixed image.
    chosen : (M,) int64
        The mixed images to look at.
    recogniser : callable, optional
        From images to embeddings, which are compared by cosine. By default principal components of
        the originals (eigenfaces; Turk and Pentland 1991), which are weak: a better one finds more.

    Returns
    -------
    dict
        ``rank_1`` and ``rank_5``: how often the original is the most similar of its label, or among
        the five most similar; their chance levels are ``chance_1`` and ``chance_5``. ``accepted``:
        how often it is more similar than all but ``false_alarms`` of the others. Ties are broken at
        random.
    """
    embed = eigenfaces(pair.originals) if recogniser is None else recogniser
    original_vectors = embeddings(embed, pair.originals)
    mixed_vectors = embeddings(embed, pair.mixed[chosen])
    check_lengths(original_vectors, mixed_vectors)
    rng = np.random.default_rng(0)
    ranks, scores_of_original, scores_of_others, sizes = [], [], [], []
    for image, vector in zip(chosen, mixed_vectors, strict=True):
        label_originals = np.flatnonzero(pair.labels == pair.mixed_labels[image])
        scores = original_vectors[label_originals] @ vector
        is_original = label_originals == match[image]
        score = float(scores[is_original][0])
        ties = int((scores[~is_original] == score).sum())
        ranks.append(int((scores > score).sum()) + int(rng.integers(ties + 1)))
        scores_of_original.append(score)
        scores_of_others.append(scores[~is_original])
        sizes.append(len(label_originals))
    limit = float(np.quantile(np.concatenate(scores_of_others), 1 - FALSE_ALARMS))
    count = len(chosen)
    return {
        "images": count,
        "recogniser": "eigenfaces" if recogniser is None else "the user's",
        "rank_1": share_with_interval(sum(rank < 1 for rank in ranks), count),
        "rank_5": share_with_interval(sum(rank < 5 for rank in ranks), count),
        "accepted": share_with_interval(sum(score > limit for score in scores_of_original), count),
        "false_alarms": FALSE_ALARMS,
        "chance_1": float(np.mean([1 / size for size in sizes])),
        "chance_5": float(np.mean([min(1.0, 5 / size) for size in sizes])),
    }


def eigenfaces(images: Pixels) -> Recogniser:
    """Return a recogniser by the principal components of images."""
    from scipy.linalg import eigh

    vectors = _grey_vectors(images)
    mean = vectors.mean(axis=0)
    centred = vectors - mean
    size = _SIDE * _SIDE
    first = size - _COMPONENTS - _LIGHT_COMPONENTS
    variances, components = eigh(centred.T @ centred, subset_by_index=[first, size - 1])
    usable = int((variances > _NOISE * variances[-1]).sum())  # few images have few components
    # Very few images have to keep components of light too.
    skipped = min(_LIGHT_COMPONENTS, usable // 4)
    kept = components[:, ::-1][:, skipped : max(usable, 1)][:, :_COMPONENTS]
    spread = np.maximum((centred @ kept).std(axis=0), 1e-6)
    return lambda images: (_grey_vectors(images) - mean) @ kept / spread


def _grey_vectors(images: Pixels) -> npt.NDArray[np.float32]:
    """Return images in grey, reduced to `_SIDE` x `_SIDE`, as vectors."""
    return small_greys(images, _SIDE, _SIDE).reshape(len(images), -1).astype(np.float32)
