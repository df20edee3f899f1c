"""Recognisers of faces: functions from images to vectors, which are compared by cosine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from blockmix.errors import InputError
from blockmix.support.pixels import Pixels

Vectors = npt.NDArray[np.float32]
# From images, (N, H, W, C) uint8, to one vector each, (N, D).
Recogniser = Callable[[Pixels], npt.NDArray[np.floating]]


def embeddings(recogniser: Recogniser, images: Pixels) -> Vectors:
    """Return the vectors that a recogniser gives for images, scaled to length 1: (N, D).

    Raises
    ------
    InputError
        If the recogniser fails, or does not give a finite vector for each image.
    """
    images = images.view()
    images.flags.writeable = False
    try:
        vectors = np.asarray(recogniser(images), np.float32)
    except (Exception, SystemExit) as error:  # the recogniser is foreign code
        raise InputError(f"the recogniser failed: {type(error).__name__}: {error}") from error
    is_valid = vectors.ndim == 2 and len(vectors) == len(images) and vectors.shape[1] > 0
    if not is_valid or not np.isfinite(vectors).all():
        raise InputError(
            f"a recogniser gives a finite vector for each image, ({len(images)}, D), "
            f"got {vectors.shape}"
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def check_lengths(first: Vectors, second: Vectors) -> None:
    """Refuse vectors of two lengths.

    Raises
    ------
    InputError
        If the vectors that a recogniser gave for two sets of images differ in length.
    """
    if first.shape[1] != second.shape[1]:
        raise InputError(
            "a recogniser gives vectors of one length for all images, got "
            f"{first.shape[1]} and {second.shape[1]}"
        )
