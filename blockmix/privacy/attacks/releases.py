"""Releases: one set mixed and published several times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from blockmix.forecasting.forecast import Forecast
from blockmix.key import Key
from blockmix.mixer import BlockMixer

COUNTS = (2, 3, 5, 10)
_PLACES, _IMAGES = 64, 2000  # that are drawn: enough for a share


def releases(made: Mapping[str, Forecast], sizes: Mapping[str, int]) -> list[dict[str, Any]]:
    """Share of own blocks that at least two of R releases show, drawn and forecast.

    Independent maps are drawn for classes like those of the set; no pixel is needed. Somebody who
    can tell which images of several releases belong together (by kept names, or by their own
    blocks) takes for an image's own what two of them agree on.

    Returns
    -------
    list of dict
        For each number of ``releases`` the share that comes out ``drawn``, and the ``forecast``.
    """
    drawn = {name: _draw(one) for name, one in made.items()}
    weights = [sizes[name] for name in made]

    def mean(shares: list[float]) -> float:
        return float(np.average(shares, weights=weights))

    return [
        {
            "releases": count,
            "drawn": mean([drawn[name][count] for name in made]),
            "forecast": mean([one.found_from_releases(count) for one in made.values()]),
        }
        for count in COUNTS
    ]


def _draw(one: Forecast) -> dict[int, float]:
    """For each number of releases, what shows in a class of a size; at most `_IMAGES`."""
    count, places = min(one.class_size, _IMAGES), min(one.blocks, _PLACES)
    own = np.arange(count)[:, None, None]
    shown, found = np.zeros((count, 1, places), np.int32), {}
    for release in range(1, max(COUNTS) + 1):
        mixer = BlockMixer(
            block=1,
            sources=one.sources,
            rounds=one.rounds,
            probability=one.probability,
            small_classes="clamp",
            key=Key.generate(),
        )
        shown += mixer.plan([0] * count, 1, places).sources == own
        if release in COUNTS:
            found[release] = float((shown >= 2).mean())
    return found
