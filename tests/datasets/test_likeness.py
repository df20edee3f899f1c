"""Hashes of images, and how many are alike."""

import numpy as np
from builders import random_images

from blockmix.datasets.likeness import count_alike, difference_hash


def test_a_hash_depends_on_the_scene_and_not_on_its_size():
    images = np.repeat(np.repeat(random_images(2, 8, 9), 4, axis=1), 4, axis=2)[..., None]
    larger = np.repeat(np.repeat(images, 2, axis=1), 2, axis=2)
    assert (difference_hash(images) == difference_hash(larger)).all()
    assert difference_hash(images)[0] != difference_hash(images)[1]


def test_images_are_alike_up_to_four_bits():
    hashes = np.array([0, 0b1111, 0b11111, 2**63], np.uint64)
    assert count_alike(hashes).tolist() == [2, 2, 1, 1]
    assert count_alike(hashes[:1]).tolist() == [0]
