"""Whoever holds the originals links mixed images to them."""

import numpy as np
import pytest
from privacy_builders import FACES, growing_ratio, mixed_pair, smooth_faces

from blockmix.privacy.attacks.linkage import linkage
from blockmix.privacy.measures.nearest import find_nearest
from blockmix.support.progress import no_progress


def test_linkage():
    pair = mixed_pair(smooth_faces(), 0.5)
    made = linkage(pair, pair.match, find_nearest(pair, growing_ratio, no_progress))
    assert made["by_blocks"]["value"] > 0.7
    assert made["by_pixels"]["value"] > 0.4
    assert made["chance"] == pytest.approx(2 / FACES)
    low, high = made["by_blocks"]["low"], made["by_blocks"]["high"]
    assert low < made["by_blocks"]["value"] <= high <= 1


def test_linkage_is_judged_by_the_match():
    """An attacker who always takes the next image of the label is never right."""
    pair = mixed_pair(smooth_faces(), 0)
    found = find_nearest(pair, growing_ratio, no_progress)
    assert linkage(pair, pair.match, found)["by_blocks"]["value"] == 1
    assert linkage(pair, np.roll(pair.match, 2), found)["by_blocks"]["value"] == 0
