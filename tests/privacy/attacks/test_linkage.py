"""An attacker who holds the originals links mixed images to them."""

import numpy as np
import pytest
from privacy_builders import FACES, growing_ratio, mixed_pair, smooth_faces

from blockmix.privacy.attacks.linkage import linkage
from blockmix.privacy.measures.nearest import find_nearest
from blockmix.support.progress import no_progress


def test_linkage():
    pair = mixed_pair(smooth_faces(), 0.5)
    scores = linkage(pair, pair.match, find_nearest(pair, growing_ratio, no_progress))
    assert scores["by_blocks"]["value"] > 0.7
    assert scores["by_pixels"]["value"] > 0.4
    assert scores["chance"] == pytest.approx(2 / FACES)
    low, high = scores["by_blocks"]["low"], scores["by_blocks"]["high"]
    assert low < scores["by_blocks"]["value"] <= high <= 1


def test_linkage_is_judged_by_the_match():
    """An attacker who always takes the next image of the label is never right."""
    pair = mixed_pair(smooth_faces(), 0)
    nearest = find_nearest(pair, growing_ratio, no_progress)
    assert linkage(pair, pair.match, nearest)["by_blocks"]["value"] == 1
    assert linkage(pair, np.roll(pair.match, 2), nearest)["by_blocks"]["value"] == 0
