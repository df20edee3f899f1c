"""Seams show where blocks come from different images."""

import numpy as np
import pytest
from builders import random_images
from privacy_builders import ALL_FACES, FACES, SIDE, mixed_pair, smooth_faces

from blockmix.privacy.attacks.seams import largest_piece, seams
from blockmix.privacy.measures.nearest import UNKNOWN

TOGETHER = 0.275  # 0.5 squared, and 10 sources with 0.05 squared


def test_seams_show_in_smooth_pictures_and_not_in_noise():
    smooth = mixed_pair(smooth_faces(), 0.5)
    made = seams(smooth, smooth.sources, smooth.match, ALL_FACES, TOGETHER)
    assert made["auc"]["value"] > 0.85
    assert made["auc"]["low"] < made["auc"]["value"] < made["auc"]["high"]
    assert made["seams"] == FACES * 24
    assert made["together"] == pytest.approx(TOGETHER, abs=0.05)
    assert made["own_in_piece"]["value"] > made["own_share"] + 0.2
    assert made["own_recovered"]["value"] > made["piece"] + 0.1
    noise = mixed_pair(random_images(200, 48, 48, 3), 0.5, block=12)
    made = seams(noise, noise.sources, noise.match, np.arange(200), TOGETHER)
    assert made["auc"]["value"] == pytest.approx(0.5, abs=0.03)
    assert made["own_recovered"]["value"] == pytest.approx(made["piece"], abs=0.05)
    assert made["own_in_piece"]["value"] == pytest.approx(made["own_share"], abs=0.05)


def test_seams_leave_out_what_is_not_known():
    pair = mixed_pair(smooth_faces(), 0.5)
    sources = pair.sources.copy()
    sources[:, 1, 1] = UNKNOWN
    made = seams(pair, sources, pair.match, ALL_FACES, TOGETHER)
    assert made["seams"] == FACES * 20
    assert made["auc"]["value"] > 0.85


def test_seams_where_there_is_nothing_to_tell():
    whole = mixed_pair(smooth_faces(), 0)
    assert seams(whole, whole.sources, whole.match, ALL_FACES, TOGETHER)["auc"] is None
    single = mixed_pair(smooth_faces(), 0.5, block=SIDE)
    made = seams(single, single.sources, single.match, ALL_FACES, TOGETHER)
    assert (made["seams"], made["auc"], made["own_in_piece"]) == (0, None, None)
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
