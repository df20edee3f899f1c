"""From a way to a training set."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from blockmix import BlockMixer, InputError, Key
from blockmix.bench.utility.data import choose_share
from blockmix.bench.utility.images import Images, Indices, LabelledImages, Labels
from blockmix.bench.utility.plan import Way

ANGLE = 20  # degrees of the paper's rotation, and its brightness
BRIGHTNESS = 1.5

Change = Callable[[Image.Image], Image.Image]


def training_set(way: Way, train: LabelledImages, *, seed: int) -> tuple[Images, Labels]:
    """Return the images and labels that a model is trained on.

    Examples
    --------
    >>> from blockmix.bench.utility.generated import generated_images
    >>> train = generated_images(20, (32, 32), seed=0)
    >>> way = Way("blur", strength=2.0, augmentation=("flip",))
    >>> images, labels = training_set(way, train, seed=0)
    >>> images.shape, labels.shape
    ((40, 32, 32, 3), (40,))
    """
    taken = train.take(taken_images(way, train.labels, seed=seed))
    changed = apply_way(way, taken.images, taken.labels, seed=seed)
    copies = [_of_each(_AUGMENTATIONS[name], changed) for name in way.augmentation]
    return np.concatenate([changed, *copies]), np.tile(taken.labels, way.files)


def taken_images(way: Way, labels: Labels, *, seed: int) -> Indices:
    """Return the indices of the training images that the way takes."""
    return choose_share(labels, way.image_share, np.random.default_rng(seed))


def apply_way(way: Way, images: Images, labels: Labels, *, seed: int) -> Images:
    """Return the images as they are published, in their order, before any augmentation."""
    if way.kind == "mixing":
        mixed: Images = mixer_of(way, seed=seed)(images, labels)
        return mixed
    if way.kind == "pixelation":
        return _of_each(partial(_pixelated, side=way.strength), images)
    if way.kind == "blur":
        blur = ImageFilter.GaussianBlur(way.strength or 0)
        return _of_each(lambda image: image.filter(blur), images)
    return images  # mixup and cutmix combine the images of each batch


def mixer_of(way: Way, *, seed: int) -> BlockMixer:
    """Return the mixer of a way that mixes."""
    assert way.grid is not None, "only mixing has a mixer"
    return BlockMixer(
        block=way.grid,
        sources=way.sources,
        rounds=way.rounds,
        probability=way.probability,
        key=Key.from_seed(seed),
    )


def check_way(way: Way, train: LabelledImages) -> None:
    """Refuse a way for which a label has too few images."""
    if way.kind == "mixing":
        chosen = taken_images(way, train.labels, seed=0)
        taken = np.bincount(train.labels[chosen], minlength=len(train.classes))
        fewest = int(taken.argmin())
        if taken[fewest] <= way.sources:
            raise InputError(
                f"{way.name!r} takes {taken[fewest]} training images of the label "
                f"{train.classes[fewest]!r}, but {way.sources} sources need {way.sources + 1}: add "
                "images, or choose a plan with fewer sources"
            )


def _of_each(change: Change, images: Images) -> Images:
    return np.stack([np.asarray(change(Image.fromarray(image))) for image in images])


def _pixelated(image: Image.Image, side: float) -> Image.Image:
    fields = round(image.width / side), round(image.height / side)
    small = image.resize(fields, Image.Resampling.BOX)
    return small.resize(image.size, Image.Resampling.NEAREST)


_AUGMENTATIONS: dict[str, Change] = {
    "flip": ImageOps.mirror,
    "rotation": lambda image: image.rotate(ANGLE, Image.Resampling.BILINEAR),
    "brightness": lambda image: ImageEnhance.Brightness(image).enhance(BRIGHTNESS),
}
