"""Linkage: which original belongs to a mixed image?"""

from __future__ import annotations

from typing import Any

import numpy as np

from blockmix.privacy.measures.nearest import Nearest
from blockmix.privacy.measures.statistics import Estimate, share_with_interval
from blockmix.privacy.sets.pair import Indices, Pair


def linkage(pair: Pair, match: Indices, nearest: Nearest) -> dict[str, Any]:
    """Measure how often somebody who holds the originals finds the right one.

    Returns
    -------
    dict
        Shares of the mixed images, as value and 95 % interval: ``by_blocks`` takes the original
        whose number of shared blocks is the strongest evidence, ``jointly`` does so with no
        original taken twice, and ``by_pixels`` takes the original that is nearest as a whole.
        ``chance``: the share for a guess within the label.
    """
    sizes = np.bincount(pair.labels, minlength=len(pair.names))
    count = len(pair.mixed)

    def share_right(guesses: Indices) -> Estimate:
        return share_with_interval(int((guesses == match).sum()), count)

    return {
        "images": count,
        "by_blocks": share_right(nearest.by_blocks),
        "jointly": share_right(nearest.jointly),
        "by_pixels": share_right(nearest.by_pixels),
        "chance": float((1 / sizes[pair.mixed_labels]).mean()),
    }
