"""Releases: one set, mixed and published several times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from blockmix.forecasting.forecast import Forecast
from blockmix.key import Key
from blockmix.mixer import BlockMixer

COUNTS = (2, 3, 5, 10)
_MAX_CELLS, _MAX_IMAGES = 64, 2000  # drawn for a class: enough for a share


def releases(forecasts: Mapping[str, Forecast], sizes: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the share of own blocks that at least two of several releases show.

    Independent maps are drawn for classes like those of the set; this needs no pixels. An attacker
    who knows which images of several releases belong together (by kept names, or by their own
    blocks) takes a block that two of them agree on for the image's own.

    Parameters
    ----------
    forecasts : mapping of str to Forecast
        The forecast of each label.
    sizes : mapping of str to int
        The number of images of each label.

    Returns
    -------
    list of dict
        For each number of ``releases`` the share ``drawn``, and its ``forecast``.
    """
    drawn = {label: _drawn_shares(forecast) for label, forecast in forecasts.items()}
    weights = [sizes[label] for label in forecasts]

    def mean(shares: list[float]) -> float:
        return float(np.average(shares, weights=weights))

    return [
        {
            "releases": count,
            "drawn": mean([drawn[label][count] for label in forecasts]),
            "forecast": mean(
                [forecast.found_from_releases(count) for forecast in forecasts.values()]
            ),
        }
        for count in COUNTS
    ]


def _drawn_shares(forecast: Forecast) -> dict[int, float]:
    """Return the share for each number of releases, drawn for a class like that of a forecast."""
    images, cells = min(forecast.class_size, _MAX_IMAGES), min(forecast.blocks, _MAX_CELLS)
    own = np.arange(images)[:, None, None]
    # Where fewer images are drawn than the class has, persons keep their share of them.
    group_size = max(1, forecast.group_size * images // forecast.class_size)
    groups = np.arange(images) // group_size if forecast.grouped else None
    times_shown, shares = np.zeros((images, 1, cells), np.int32), {}
    for release in range(1, max(COUNTS) + 1):
        mixer = BlockMixer(
            block=1,
            sources=forecast.sources,
            rounds=forecast.rounds,
            probability=forecast.probability,
            small_classes="clamp",
            key=Key.generate(),
        )
        times_shown += mixer.plan([0] * images, 1, cells, groups=groups).sources == own
        if release in COUNTS:
            shares[release] = float((times_shown >= 2).mean())
    return shares
