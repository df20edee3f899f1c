"""From ways to training sets."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from blockmix import BlockGrid, InputError, Key, mix
from blockmix.bench.utility.plan import AUGMENTATIONS, Way
from blockmix.bench.utility.ways import apply_way, check_way, training_set
from blockmix.probability import BALANCED

GRID = BlockGrid((0, 4, 20, 32), (0, 16, 32))


def test_mixing_is_that_of_the_library(train):
    way = Way("mixing", GRID, 3, 2, BALANCED)
    mixed = apply_way(way, train.images, train.labels, seed=7)
    expected = mix(
        train.images,
        train.labels,
        block=GRID,
        sources=3,
        rounds=2,
        probability=BALANCED,
        key=Key.from_seed(7),
    )
    assert np.array_equal(mixed, expected)
    assert not np.array_equal(mixed, apply_way(way, train.images, train.labels, seed=8))


def test_pixelation_gives_every_field_its_mean(train):
    images = apply_way(Way("pixelation", strength=8.0), train.images, train.labels, seed=0)
    fields = train.images.reshape(-1, 4, 8, 4, 8, 3).mean(axis=(2, 4))
    fields_of_images = images.reshape(-1, 4, 8, 4, 8, 3)
    assert (fields_of_images == fields_of_images[:, :, :1, :, :1]).all()
    assert np.abs(fields_of_images[:, :, 0, :, 0] - fields).max() <= 1


def test_blur(train):
    images = apply_way(Way("blur", strength=2.0), train.images, train.labels, seed=0)
    blurred = Image.fromarray(train.images[3]).filter(ImageFilter.GaussianBlur(2))
    assert np.array_equal(images[3], np.asarray(blurred))


@pytest.mark.parametrize("kind", ["original", "mixup", "cutmix"])
def test_other_ways_leave_the_images(train, kind):
    way = Way(kind, strength=None if kind == "original" else 1.0)
    images, labels = training_set(way, train, seed=0)
    assert np.array_equal(images, train.images)
    assert np.array_equal(labels, train.labels)


def test_each_augmentation_adds_a_copy_of_each_published_image(train):
    way = Way("mixing", GRID, 3, augmentation=AUGMENTATIONS)
    images, labels = training_set(way, train, seed=0)
    count = len(train)
    assert np.array_equal(labels, np.tile(train.labels, 4))
    published, flipped, rotated, brighter = images.reshape(4, count, *train.images.shape[1:])
    assert np.array_equal(published, apply_way(way, train.images, train.labels, seed=0))
    assert np.array_equal(flipped, published[:, :, ::-1])
    picture = Image.fromarray(published[2])
    expected = ImageEnhance.Brightness(picture).enhance(1.5)
    assert np.array_equal(brighter[2], np.asarray(expected))
    assert np.array_equal(rotated[2], np.asarray(picture.rotate(20, Image.Resampling.BILINEAR)))


def test_a_share_of_the_images_is_taken_before_they_are_mixed(train):
    way = Way("mixing", GRID, 3, image_share=0.5)
    images, labels = training_set(way, train, seed=0)
    assert np.bincount(labels).tolist() == [12, 12]
    chosen = training_set(Way("original", image_share=0.5), train, seed=0)[0]
    assert np.array_equal(images, mix(chosen, labels, block=GRID, sources=3, key=Key.from_seed(0)))
    others = training_set(Way("original", image_share=0.5), train, seed=1)[0]
    assert not np.array_equal(chosen, others)


def test_a_way_that_needs_more_images_is_refused(train):
    check_way(Way("mixing", GRID, 23), train)
    with pytest.raises(InputError, match=r"takes 24 training images of .* 24 sources need 25"):
        check_way(Way("mixing", GRID, 24), train)
    with pytest.raises(InputError, match="50% of the images' takes 12 training images"):
        check_way(Way("mixing", GRID, 12, image_share=0.5), train)
