"""What a single block shows of its person."""

from dataclasses import replace

import numpy as np
import pytest
from builders import random_images

from blockmix.privacy import Pair
from blockmix.privacy.measures.single_block import single_block


def photographs(noise, persons=6, copies=3, channels=3):
    """Photographs of persons that differ by noise; the persons stand in turn, in two labels."""
    rng = np.random.default_rng(1)
    looks = random_images(persons, 16, 16, channels).astype(int)
    images = np.concatenate(
        [looks + rng.integers(-noise, noise + 1, looks.shape) for _ in range(copies)]
    )
    images = np.clip(images, 0, 255).astype(np.uint8)
    groups = np.tile(np.arange(persons), copies)
    return Pair.of_arrays(images, images, groups % 2, block=4, groups=groups)


@pytest.mark.parametrize("channels", [1, 3])
def test_persons_who_look_alike_in_every_photograph_are_found(channels):
    measured = single_block(photographs(5, channels=channels), sample=100, seed=0)
    assert measured["right"]["value"] == 1
    assert measured["right"]["low"] < 1
    assert (measured["blocks"], measured["persons"]) == (18, 6)
    assert measured["chance"] == pytest.approx(2 / 8)


def test_the_photograph_of_the_block_itself_is_never_taken():
    """Every photograph is of random bytes: the person is found as often as by chance."""
    images = random_images(300, 16, 16, 3)
    pair = Pair.of_arrays(images, images, [0] * 300, block=4, groups=np.arange(300) // 3)
    measured = single_block(pair, sample=1000, seed=0)
    assert measured["blocks"] == 300
    assert measured["chance"] == pytest.approx(2 / 299)
    assert measured["right"]["low"] <= measured["chance"] <= measured["right"]["high"]


def test_plain_blocks_find_nobody_but_by_chance():
    images = np.zeros((400, 8, 8, 3), np.uint8)
    images += np.arange(400).astype(np.uint8)[:, None, None, None]
    pair = Pair.of_arrays(images, images, [0] * 400, block=4, groups=np.arange(400) % 2)
    measured = single_block(pair, sample=1000, seed=0)
    assert measured["right"]["low"] <= 199 / 399 <= measured["right"]["high"]


def test_persons_with_one_photograph_in_their_label_cannot_be_found():
    pair = photographs(5)
    alone = replace(pair, groups=np.arange(18))
    assert single_block(alone, sample=10, seed=0) is None
    groups = pair.groups.copy()
    groups[:6] = np.arange(6) + 100
    measured = single_block(replace(pair, groups=groups), sample=100, seed=0)
    assert (measured["blocks"], measured["persons"]) == (12, 6)
    assert measured["chance"] == pytest.approx(1 / 8)


def test_other_labels_do_not_count():
    """A person in two labels, once in each, is not found."""
    pair = photographs(5, copies=1)
    assert single_block(replace(pair, groups=np.arange(6) // 2), sample=9, seed=0) is None


def test_a_sample_and_its_seed():
    pair = photographs(90)
    measured = single_block(pair, sample=7, seed=1)
    assert measured["blocks"] == 7
    assert measured == single_block(pair, sample=7, seed=1)


def test_without_groups_nothing_is_measured():
    assert single_block(replace(photographs(5), groups=None), sample=9, seed=0) is None
