"""Linkage: which original does a mixed image belong to?"""

from __future__ import annotations

from typing import Any

import numpy as np

from blockmix.privacy.measures.nearest import Nearest
from blockmix.privacy.measures.statistics import share_with_interval
from blockmix.privacy.sets.pair import Indices, Pair


def linkage(pair: Pair, match: Indices, found: Nearest) -> dict[str, Any]:
    """How often somebody who holds the originals finds the right one.

    Returns
    -------
    dict
        Shares of the mixed images, as value and 95 % interval: ``by_blocks`` takes the original
        whose number of blocks tells most, ``jointly`` the same with no original taken twice, and
        ``by_pixels`` the one that is nearest as a whole. ``chance``: of a guess within the label.
    """
    sizes = np.bincount(pair.labels, minlength=len(pair.names))
    count = len(pair.mixed)
    return {
        "images": count,
        "by_blocks": share_with_interval(int((found.by_blocks == match).sum()), count),
        "jointly": share_with_interval(int((found.jointly == match).sum()), count),
        "by_pixels": share_with_interval(int((found.by_pixels == match).sum()), count),
        "chance": float((1 / sizes[pair.mixed_labels]).mean()),
    }
