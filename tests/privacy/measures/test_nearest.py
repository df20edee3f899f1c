"""Blocks are traced to the nearest original, and images to the original that fits best."""

import numpy as np
import pytest
from builders import random_images
from privacy_builders import growing_ratio

from blockmix import BlockGrid, BlockMixer, Key
from blockmix.forecasting.linking import chances_of_others, log_likelihood_ratio
from blockmix.privacy import Pair
from blockmix.privacy.measures.nearest import UNKNOWN, find_nearest
from blockmix.privacy.measures.situations import situations
from blockmix.support.progress import no_progress


def pair_of(count=30, size=16, block=4, labels=2, **parameters):
    images = random_images(count, size, size, 3)
    label_indices = np.arange(count) % labels
    mixer = BlockMixer(block=block, sources=5, key=Key.from_seed(1), **parameters)
    plan = mixer.plan(label_indices, size, size)
    return Pair.of_arrays(images, plan.apply(images), label_indices, block=block, source_map=plan)


@pytest.mark.parametrize("block", [4, (3, 7), 16, BlockGrid([0, 5, 16], [0, 1, 3, 16])])
def test_pixels_restore_the_map(block):
    pair = pair_of(block=block, rounds=2)
    nearest = find_nearest(pair, growing_ratio, no_progress)
    assert np.array_equal(nearest.sources, pair.sources)
    assert nearest.exact_share == 1


def test_pixels_restore_the_map_of_images_changed_a_little():
    """As a lossy codec changes them."""
    pair = pair_of()
    noisy = pair.mixed.astype(int) + np.random.default_rng(0).integers(-9, 10, pair.mixed.shape)
    stored = np.clip(noisy, 0, 255).astype(np.uint8)
    nearest = find_nearest(
        Pair.of_arrays(pair.originals, stored, pair.labels, block=4), growing_ratio, no_progress
    )
    assert np.array_equal(nearest.sources, pair.sources)
    assert nearest.exact_share == 0


def test_linked_as_a_whole_and_by_blocks():
    pair = pair_of(probability=0.3)
    nearest = find_nearest(pair, growing_ratio, no_progress)
    assert np.array_equal(nearest.by_pixels, pair.match)
    counts = (pair.sources.reshape(30, -1, 1) == np.arange(30)).sum(axis=1)
    assert (counts[np.arange(30), nearest.by_blocks] == counts.max(axis=1)).all()


def test_the_log_likelihood_ratio_decides_by_blocks():
    pair = pair_of()

    def falling_ratio(_label):
        return np.array([0.0, *range(16, 0, -1)])

    nearest = find_nearest(pair, falling_ratio, no_progress)
    counts = (pair.sources.reshape(30, -1, 1) == np.arange(30)).sum(axis=1)
    fewest = np.where(counts > 0, counts, 99).min(axis=1)
    assert (counts[np.arange(30), nearest.by_blocks] == fewest).all()


def test_joint_matching_takes_no_original_twice():
    pair = pair_of(count=200, size=32, labels=1, probability=0.75)
    ratio = log_likelihood_ratio(0.25, chances_of_others(200, 0.25, 5, 0.75, 1), 64)
    nearest = find_nearest(pair, lambda _label: ratio, no_progress)
    assert sorted(nearest.jointly) == list(range(200))
    assert (nearest.jointly == pair.match).mean() > (nearest.by_blocks == pair.match).mean() + 0.05


def test_blocks_that_many_originals_share_have_unknown_sources():
    """Such as a plain border, as photographs of documents have it."""
    images = random_images(40, 32, 32, 3)
    images[:, :8] = images[:, -8:] = 255
    images[:, :, :8] = images[:, :, -8:] = 255
    mixer = BlockMixer(block=4, key=Key.from_seed(0))
    plan = mixer.plan([0] * 40, 32, 32)
    pair = Pair.of_arrays(images, plan.apply(images), [0] * 40, block=4)
    nearest = find_nearest(pair, growing_ratio, no_progress)
    inside = nearest.sources[:, 2:6, 2:6]
    assert np.array_equal(inside, plan.sources[:, 2:6, 2:6])
    assert (nearest.sources != UNKNOWN).sum() == inside.size
    assert nearest.known_share == pytest.approx(16 / 64)
    assert nearest.exact_share == 1
    assert (nearest.by_blocks == pair.match).mean() > 0.9
    assert nearest.relative_distance == 0
    counts_by_pixels = situations(pair, nearest.sources)
    counts_by_map = situations(pair, plan.sources.astype(np.int64))
    assert counts_by_pixels["places"] == 16
    for name in ("own_kept", "erased", "repeated"):
        assert counts_by_pixels[name] == pytest.approx(counts_by_map[name], abs=0.05)


def test_near_duplicates_are_told_apart():
    """They differ by one step of brightness: small beside the pixel values, but enough."""
    images = (random_images(1, 96, 96, 3) // 2 + np.arange(20)[:, None, None, None]).astype(
        np.uint8
    )
    pair = Pair.of_arrays(images, images, [0] * 20, block=96)
    nearest = find_nearest(pair, growing_ratio, no_progress)
    assert np.array_equal(nearest.by_blocks, np.arange(20))
    assert nearest.exact_share == 1


def test_progress_of_comparing():
    steps = []
    find_nearest(pair_of(size=8), growing_ratio, lambda *step: steps.append(step))
    assert steps == [("blocks", 15, 30), ("blocks", 30, 30)]
