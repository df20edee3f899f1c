"""Puzzles of blocks are put together, and judged."""

import numpy as np
import pytest
from builders import random_images
from privacy_builders import ALL_FACES, FACES, SIDE, mixed_pair, smooth_faces

from blockmix import BlockGrid, SourceMap
from blockmix.privacy import Pair
from blockmix.privacy.attacks.reassembly import reassembly
from blockmix.privacy.measures.nearest import UNKNOWN
from blockmix.support.progress import no_progress


def test_reassembly_restores_what_was_only_shuffled():
    """Flat pictures, each of its own grey, with every block somewhere: all can be put back."""
    images = np.empty((FACES, SIDE, SIDE, 1), np.uint8)
    images[:] = 5 * np.arange(FACES)[:, None, None, None]
    draw = np.random.default_rng(0)
    shuffled = np.stack([draw.permutation(FACES) for _ in range(16)], axis=1)
    plan = SourceMap(shuffled.reshape(FACES, 4, 4).astype(np.int32), BlockGrid.even(SIDE, SIDE, 24))
    pair = Pair.of_arrays(images, plan.apply(images), [0] * FACES, block=24, source_map=plan)
    made = reassembly(pair, pair.sources, ALL_FACES, 0, no_progress)
    for score in ("direct", "neighbour", "largest"):
        assert made[score] == {"value": 1, "low": 1, "high": 1}
    assert made["ceiling"] == 1
    assert made["chance"]["direct"] == pytest.approx((1 + 15 / FACES) / 16, abs=0.02)
    assert made["as_published"]["direct"] == pytest.approx((1 + 15 / FACES) / 16, abs=0.02)


def test_reassembly_of_noise_is_chance():
    noise = mixed_pair(random_images(FACES, SIDE, SIDE, 3), 0.5)
    made = reassembly(noise, noise.sources, ALL_FACES, 0, no_progress)
    assert made["direct"]["value"] == pytest.approx(made["chance"]["direct"], abs=0.05)


def test_reassembly_of_unmixed_pictures_finds_neighbours():
    pair = mixed_pair(smooth_faces(), 0)
    made = reassembly(pair, pair.sources, ALL_FACES[:10], 0, no_progress)
    assert made["ceiling"] == 1
    assert made["as_published"] == {"direct": 1, "neighbour": 1, "largest": 1}
    for score in ("direct", "neighbour", "largest"):
        assert made[score]["value"] > 2 * made["chance"][score]


def test_reassembly_of_a_single_block():
    pair = mixed_pair(smooth_faces(), 0.5, block=SIDE)
    made = reassembly(pair, pair.sources, ALL_FACES[:3], 0, no_progress)
    assert made["images"] == 0
    assert made["direct"] is made["chance"] is None


def test_reassembly_where_nothing_is_known():
    pair = mixed_pair(smooth_faces(), 0.5)
    made = reassembly(pair, np.full_like(pair.sources, UNKNOWN), ALL_FACES[:3], 0, no_progress)
    assert made["images"] == 0
    assert made["direct"] is made["ceiling"] is None


def test_reassembly_is_judged_where_something_is_known():
    noise = mixed_pair(random_images(FACES, SIDE, SIDE, 3), 0.5)
    sources = noise.sources.copy()
    sources[:, 0] = UNKNOWN  # a plain border
    made = reassembly(noise, sources, ALL_FACES, 0, no_progress)
    assert made["direct"]["value"] == pytest.approx(made["chance"]["direct"], abs=0.06)
    assert made["direct"]["value"] <= made["ceiling"]
    assert made["as_published"]["direct"] > made["chance"]["direct"]
