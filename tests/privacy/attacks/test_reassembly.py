"""Blocks of a label are put together like a puzzle, and the result is scored."""

import numpy as np
import pytest
from builders import random_images
from privacy_builders import ALL_FACES, FACES, SIDE, mixed_pair, smooth_faces

from blockmix import BlockGrid, SourceMap
from blockmix.privacy import Pair
from blockmix.privacy.attacks import reassembly as reassembly_module
from blockmix.privacy.attacks.reassembly import reassembly
from blockmix.privacy.measures.nearest import UNKNOWN
from blockmix.support.progress import no_progress

EVERYWHERE = {"value": 1, "low": 1, "high": 1}


def flat_images():
    """Images of one colour each."""
    colours = np.random.default_rng(1).integers(0, 256, (FACES, 1, 1, 3), np.uint8)
    return np.broadcast_to(colours, (FACES, SIDE, SIDE, 3)).copy()


def shuffled_pair(images):
    """Images whose blocks are shuffled among all of them, so that no block is lost."""
    rng = np.random.default_rng(0)
    shuffled = np.stack([rng.permutation(FACES) for _ in range(16)], axis=1)
    plan = SourceMap(shuffled.reshape(FACES, 4, 4).astype(np.int32), BlockGrid.even(SIDE, SIDE, 24))
    return Pair.of_arrays(images, plan.apply(images), [0] * FACES, block=24, source_map=plan)


def test_reassembly_restores_images_that_lost_no_block():
    pair = shuffled_pair(flat_images())
    scores = reassembly(pair, pair.sources, ALL_FACES, 0, no_progress)
    assert scores["right"] == scores["of_ceiling"] == EVERYWHERE
    assert scores["wrong"]["value"] == scores["unfilled"]["value"] == 0
    assert scores["ceiling"] == 1
    assert scores["right_neighbours"] == scores["expected"] == 1
    assert scores["chance"] == pytest.approx((1 + 15 / FACES) / 16, abs=0.02)
    assert scores["as_published"] == pytest.approx((1 + 15 / FACES) / 16, abs=0.02)


def test_reassembly_leaves_cells_of_noise_empty():
    pair = shuffled_pair(random_images(FACES, SIDE, SIDE, 3))
    scores = reassembly(pair, pair.sources, ALL_FACES, 0, no_progress)
    assert scores["images"] == FACES
    assert scores["right"]["value"] == pytest.approx(1 / 16, abs=0.02)  # the middle block
    assert scores["wrong"]["value"] < 0.02
    assert scores["unfilled"]["value"] > 0.9
    assert scores["right_neighbours"] == pytest.approx(1 / FACES, abs=0.01)
    assert scores["expected"] == pytest.approx(1 / 16, abs=0.01)


def test_reassembly_of_mixed_faces_is_far_above_chance():
    pair = mixed_pair(smooth_faces(), 0.5)
    scores = reassembly(pair, pair.sources, ALL_FACES, 0, no_progress)
    shares = [scores[name]["value"] for name in ("right", "wrong", "unfilled")]
    assert sum(shares) == pytest.approx(1)
    assert scores["right"]["value"] > 2 * scores["chance"]
    assert scores["chance"] < scores["right"]["value"] <= scores["ceiling"] < 1
    assert scores["right"]["value"] == pytest.approx(scores["expected"], abs=0.15)


def test_reassembly_of_a_single_block():
    pair = mixed_pair(smooth_faces(), 0.5, block=SIDE)
    scores = reassembly(pair, pair.sources, ALL_FACES[:3], 0, no_progress)
    assert scores["images"] == 0
    assert scores["right"] is scores["chance"] is scores["right_neighbours"] is None


def test_reassembly_without_known_sources():
    pair = mixed_pair(smooth_faces(), 0.5)
    scores = reassembly(pair, np.full_like(pair.sources, UNKNOWN), ALL_FACES[:3], 0, no_progress)
    assert scores["images"] == 0
    assert scores["right"] is scores["ceiling"] is scores["expected"] is None


def test_reassembly_is_scored_in_clear_cells():
    pair = mixed_pair(smooth_faces(), 0.5)
    sources = pair.sources.copy()
    sources[:, 0] = UNKNOWN  # a plain border
    scores = reassembly(pair, sources, ALL_FACES, 0, no_progress)
    assert scores["images"] == FACES
    assert scores["chance"] < scores["right"]["value"] <= scores["ceiling"]


def test_large_labels_are_seen_in_part(monkeypatch):
    pair = shuffled_pair(flat_images())
    monkeypatch.setattr(reassembly_module, "_MAX_MEMBERS", FACES // 2)
    scores = reassembly(pair, pair.sources, ALL_FACES[::4], 0, no_progress)
    assert scores["ceiling"] == 1
    assert 0.3 < scores["right"]["value"] < 0.8
    again = reassembly(pair, pair.sources, ALL_FACES[::4], 0, no_progress)
    assert again == scores
