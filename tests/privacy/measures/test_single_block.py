"""What a single block shows of its person."""

from dataclasses import replace

import numpy as np
import pytest
from builders import random_images
from PIL import Image
from scipy.stats import t

from blockmix import InputError
from blockmix.privacy import Pair
from blockmix.privacy.measures import single_block as module
from blockmix.privacy.measures.single_block import single_block
from blockmix.privacy.measures.statistics import share_with_interval


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


def pixels(images):
    """A recogniser: the pixels as they are, about their mean."""
    return images.reshape(len(images), -1) - 127.5


class TestRecogniser:
    @pytest.mark.parametrize(("sample", "cells"), [(100, 16), (7, 7)])
    def test_it_finds_persons_beside_correlation(self, sample, cells):
        pair = photographs(5)
        alone = single_block(pair, sample=sample, seed=0)
        measured = single_block(pair, sample=sample, seed=0, recogniser=pixels)
        assert alone["by_recogniser"] is None
        assert measured == alone | {"by_recogniser": {"cells": cells, "right": alone["right"]}}

    def test_persons_whom_only_the_recogniser_knows(self):
        """Persons differ by their mean brightness alone, which correlation does not see."""
        images = random_images(60, 16, 16, 3) // 16 + np.repeat(10 * np.arange(20), 3)[
            :, None, None, None
        ].astype(np.uint8)
        pair = Pair.of_arrays(images, images, [0] * 60, block=4, groups=np.arange(60) // 3)

        def brightness(images):
            angles = images.mean(axis=(1, 2, 3)) / 255 * np.pi / 2
            return np.stack([np.cos(angles), np.sin(angles)], axis=1)

        measured = single_block(pair, sample=60, seed=0, recogniser=brightness)
        assert measured["by_recogniser"]["right"]["value"] > 0.9
        assert measured["right"]["value"] < 0.3

    def test_it_is_shown_blocks_alone_at_the_size_of_an_image(self):
        pair = photographs(5, channels=1)
        shown = []

        def watching(images):
            assert not images.flags.writeable
            shown.extend(image[..., 0] for image in images)
            return pixels(images)

        single_block(pair, sample=100, seed=0, recogniser=watching)
        blocks = pair.originals[..., 0].reshape(18, 4, 4, 4, 4).swapaxes(2, 3).reshape(-1, 4, 4)
        expected = {
            Image.fromarray(block).resize((16, 16), Image.Resampling.BICUBIC).tobytes()
            for block in blocks
        }
        assert {image.shape for image in shown} == {(16, 16)}
        assert {image.tobytes() for image in shown} <= expected

    def test_one_that_sees_nothing_is_right_by_chance(self):
        images = random_images(400, 8, 8, 3)
        pair = Pair.of_arrays(images, images, [0] * 400, block=4, groups=np.arange(400) % 2)
        measured = single_block(
            pair, sample=400, seed=0, recogniser=lambda images: np.ones((len(images), 3))
        )
        right = measured["by_recogniser"]["right"]
        assert right["low"] <= 199 / 399 <= right["high"]

    @staticmethod
    def half_right(right_width):
        """Photographs whose left blocks show their person, and the right ones always another."""
        looks = random_images(6, 16, 16, 3)
        persons, copies = np.tile(np.arange(6), 3), np.repeat(np.arange(3), 6)
        left = looks[persons, :, : 16 - right_width]
        right = looks[(persons + copies) % 6, :, 16 - right_width :]
        images = np.concatenate([left, right], axis=2)
        return Pair.of_arrays(images, images, [0] * 18, block=4, groups=persons)

    def test_large_sets_are_shown_a_few_cells(self, monkeypatch):
        """The interval is then Student's, over the cells."""
        monkeypatch.setattr(module, "_MAX_SHOWN", 4 * 18 + 17)
        monkeypatch.setattr(module, "_BATCH", 5)
        reports, batches = [], []

        def noted(images):
            batches.append(len(images))
            return pixels(images)

        def progress(*report):
            reports.append(report)

        pair = self.half_right(8)
        measured = single_block(pair, sample=16, seed=0, recogniser=noted, progress=progress)
        assert measured["by_recogniser"]["cells"] == 4
        assert (max(batches), sum(batches)) == (5, 4 * 18)
        assert reports[-1] == ("single blocks", 4 * 18, 4 * 18)
        found = measured["by_recogniser"]["right"]
        left_cells = round(4 * found["value"])
        assert 0 < left_cells < 4
        assert found["value"] == left_cells / 4
        half = t.ppf(0.975, 3) * np.sqrt(left_cells * (4 - left_cells) / 12) / 2
        assert found["low"] == pytest.approx(max(0, found["value"] - half))
        assert found["high"] == pytest.approx(min(1, found["value"] + half))

    def test_cells_that_are_all_alike_leave_the_interval_of_single_blocks(self, monkeypatch):
        monkeypatch.setattr(module, "_MAX_SHOWN", 1)
        measured = single_block(self.half_right(16), sample=16, seed=0, recogniser=pixels)
        assert measured["by_recogniser"] == {"cells": 2, "right": share_with_interval(0, 16)}

    def test_vectors_of_two_lengths_are_refused(self, monkeypatch):
        monkeypatch.setattr(module, "_BATCH", 5)

        def as_long_as_many(images):
            return np.ones((len(images), len(images)))

        with pytest.raises(InputError, match="vectors of one length for all images, got 5 and 4"):
            single_block(photographs(5), sample=9, seed=0, recogniser=as_long_as_many)

    def test_it_does_not_replace_persons(self):
        pair = replace(photographs(5), groups=None)
        assert single_block(pair, sample=9, seed=0, recogniser=pixels) is None
