"""Blocks of a label are put together like a puzzle, and the result is scored."""

import numpy as np
import pytest
from builders import random_images
from privacy_builders import ALL_FACES, FACES, SIDE, mixed_pair, smooth_faces

from blockmix import BlockGrid, SourceMap
from blockmix.privacy import Pair
from blockmix.privacy.attacks.reassembly import reassembly
from blockmix.privacy.measures.nearest import UNKNOWN
from blockmix.support.progress import no_progress


def test_reassembly_restores_images_that_lost_no_block():
    """Flat images, each of its own grey, whose blocks are all published somewhere."""
    images = np.empty((FACES, SIDE, SIDE, 1), np.uint8)
    images[:] = 5 * np.arange(FACES)[:, None, None, None]
    rng = np.random.default_rng(0)
    shuffled = np.stack([rng.permutation(FACES) for _ in range(16)], axis=1)
    plan = SourceMap(shuffled.reshape(FACES, 4, 4).astype(np.int32), BlockGrid.even(SIDE, SIDE, 24))
    pair = Pair.of_arrays(images, plan.apply(images), [0] * FACES, block=24, source_map=plan)
    scores = reassembly(pair, pair.sources, ALL_FACES, 0, no_progress)
    for score in ("direct", "neighbour", "largest"):
        assert scores[score] == {"value": 1, "low": 1, "high": 1}
    assert scores["ceiling"] == 1
    assert scores["chance"]["direct"] == pytest.approx((1 + 15 / FACES) / 16, abs=0.02)
    assert scores["as_published"]["direct"] == pytest.approx((1 + 15 / FACES) / 16, abs=0.02)


def test_reassembly_of_noise_is_chance():
    noise = mixed_pair(random_images(FACES, SIDE, SIDE, 3), 0.5)
    scores = reassembly(noise, noise.sources, ALL_FACES, 0, no_progress)
    assert scores["direct"]["value"] == pytest.approx(scores["chance"]["direct"], abs=0.05)


def test_reassembly_of_unmixed_images_finds_neighbours():
    pair = mixed_pair(smooth_faces(), 0)
    scores = reassembly(pair, pair.sources, ALL_FACES[:10], 0, no_progress)
    assert scores["ceiling"] == 1
    assert scores["as_published"] == {"direct": 1, "neighbour": 1, "largest": 1}
    for score in ("direct", "neighbour", "largest"):
        assert scores[score]["value"] > 2 * scores["chance"][score]


def test_reassembly_of_a_single_block():
    pair = mixed_pair(smooth_faces(), 0.5, block=SIDE)
    scores = reassembly(pair, pair.sources, ALL_FACES[:3], 0, no_progress)
    assert scores["images"] == 0
    assert scores["direct"] is scores["chance"] is None


def test_reassembly_without_known_sources():
    pair = mixed_pair(smooth_faces(), 0.5)
    scores = reassembly(pair, np.full_like(pair.sources, UNKNOWN), ALL_FACES[:3], 0, no_progress)
    assert scores["images"] == 0
    assert scores["direct"] is scores["ceiling"] is None


def test_reassembly_is_scored_in_clear_cells():
    noise = mixed_pair(random_images(FACES, SIDE, SIDE, 3), 0.5)
    sources = noise.sources.copy()
    sources[:, 0] = UNKNOWN  # a plain border
    scores = reassembly(noise, sources, ALL_FACES, 0, no_progress)
    assert scores["direct"]["value"] == pytest.approx(scores["chance"]["direct"], abs=0.06)
    assert scores["direct"]["value"] <= scores["ceiling"]
    assert scores["as_published"]["direct"] > scores["chance"]["direct"]
