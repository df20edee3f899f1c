"""Generated images with two labels that a small model can distinguish, to try a plan on."""

from __future__ import annotations

import hashlib

import numpy as np
from PIL import Image

from blockmix.bench.utility.data import Data, split
from blockmix.bench.utility.images import LabelledImages

CLASSES = ("brighter above", "brighter below")
TRAIN, TEST = 160, 80
_FIELDS = 6  # of random colours along each side
_CONTRAST = 25


def generated_data(size: tuple[int, int], validation: float) -> Data:
    """Return sets of smooth random colours, of which one half is brighter: that is the label."""
    train, test = (generated_images(count, size, seed) for seed, count in enumerate((TRAIN, TEST)))
    return split(train, test, validation=validation)


def generated_images(count: int, size: tuple[int, int], seed: int) -> LabelledImages:
    """Return labelled images; labels and groups take turns."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % len(CLASSES)
    fields = rng.integers(40, 216, (count, _FIELDS, _FIELDS, 3))
    upper = np.where(labels == 0, _CONTRAST, -_CONTRAST)[:, None, None, None]
    fields[:, : _FIELDS // 2] += upper
    fields[:, _FIELDS // 2 :] -= upper
    images = np.stack([_enlarged(image.astype(np.uint8), size) for image in fields])
    return LabelledImages(
        images,
        labels.astype(np.int64),
        CLASSES,
        tuple(f"{seed}/{number:04}" for number in range(count)),
        tuple(hashlib.sha256(image.tobytes()).hexdigest() for image in images),
        groups=tuple("even" if number // 2 % 2 == 0 else "odd" for number in range(count)),
    )


def _enlarged(fields: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(fields).resize(size[::-1], Image.Resampling.BICUBIC))
