"""Releases: one set mixed and published several times."""

from __future__ import annotations

from typing import Any

import numpy as np

from blockmix.key import Key
from blockmix.mixer import BlockMixer
from blockmix.privacy.forecasting import forecast
from blockmix.privacy.pair import Positions

COUNTS = (2, 3, 5, 10)
_PLACES = 64  # of an image that are drawn: enough for a share


def releases(
    labels: Positions, *, sources: int, rounds: int, probability: float, blocks: int
) -> list[dict[str, Any]]:
    """Share of own blocks that at least two of R releases show, drawn and forecast.

    Independent maps are drawn for the classes of ``labels``; no pixel is needed. Somebody who can
    tell which images of several releases belong together (by kept names, or by their own blocks)
    takes for an image's own what two of them agree on.

    Returns
    -------
    list of dict
        For each number of ``releases`` the share that is ``found``, and the ``forecast``.
    """
    parameters: dict[str, Any] = {
        "sources": sources,
        "rounds": rounds,
        "probability": probability,
    }
    places = min(blocks, _PLACES)
    own = np.arange(len(labels))[:, None, None]
    shown, found = np.zeros((len(labels), 1, places), np.int32), {}
    for release in range(1, max(COUNTS) + 1):
        mixer = BlockMixer(block=1, small_classes="clamp", key=Key.generate(), **parameters)
        shown += mixer.plan(labels, 1, places).sources == own
        if release in COUNTS:
            found[release] = float((shown >= 2).mean())
    sizes = np.unique_counts(labels).counts.tolist()
    made = {size: forecast(size, blocks=blocks, **parameters) for size in set(sizes)}
    return [
        {
            "releases": count,
            "found": share,
            "forecast": float(
                np.average([made[size].found_from_releases(count) for size in sizes], weights=sizes)
            ),
        }
        for count, share in found.items()
    ]
