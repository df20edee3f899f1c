"""Seams of smooth images show which blocks come from one image."""

import numpy as np
import pytest
from builders import random_images
from privacy_builders import ALL_FACES, FACES, SIDE, mixed_pair, smooth_faces

from blockmix.privacy.attacks.seams import largest_piece, seams
from blockmix.privacy.measures.nearest import UNKNOWN

TOGETHER = 0.275  # 0.5 squared, and 10 sources with 0.05 squared


def test_seams_show_in_smooth_pictures_and_not_in_noise():
    smooth = mixed_pair(smooth_faces(), 0.5)
    scores = seams(smooth, smooth.sources, smooth.match, ALL_FACES, TOGETHER)
    assert scores["auc"]["value"] > 0.85
    assert scores["auc"]["low"] < scores["auc"]["value"] < scores["auc"]["high"]
    assert scores["seams"] == FACES * 24
    assert scores["together"] == pytest.approx(TOGETHER, abs=0.05)
    assert scores["own_in_piece"]["value"] > scores["own_share"] + 0.2
    assert scores["own_recovered"]["value"] > scores["piece"] + 0.1
    noise = mixed_pair(random_images(200, 48, 48, 3), 0.5, block=12)
    scores = seams(noise, noise.sources, noise.match, np.arange(200), TOGETHER)
    assert scores["auc"]["value"] == pytest.approx(0.5, abs=0.03)
    assert scores["own_recovered"]["value"] == pytest.approx(scores["piece"], abs=0.05)
    assert scores["own_in_piece"]["value"] == pytest.approx(scores["own_share"], abs=0.05)


def test_seams_of_unknown_blocks_are_left_out():
    pair = mixed_pair(smooth_faces(), 0.5)
    sources = pair.sources.copy()
    sources[:, 1, 1] = UNKNOWN
    scores = seams(pair, sources, pair.match, ALL_FACES, TOGETHER)
    assert scores["seams"] == FACES * 20
    assert scores["auc"]["value"] > 0.85


def test_seams_without_two_kinds_to_compare():
    whole = mixed_pair(smooth_faces(), 0)
    assert seams(whole, whole.sources, whole.match, ALL_FACES, TOGETHER)["auc"] is None
    single = mixed_pair(smooth_faces(), 0.5, block=SIDE)
    scores = seams(single, single.sources, single.match, ALL_FACES, TOGETHER)
    assert (scores["seams"], scores["auc"], scores["own_in_piece"]) == (0, None, None)
    blind = seams(single, single.sources, None, ALL_FACES, TOGETHER)
    assert blind["own_share"] is None


def test_the_largest_piece():
    across = np.array([[True, False], [False, True], [False, False]])
    down = np.array([[True, False, False], [True, False, True]])
    assert largest_piece(across, down).tolist() == [
        [True, True, False],
        [True, False, False],
        [True, False, False],
    ]
