"""Seeds: how long a key lasts that was made from a number somebody can count up to."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from blockmix.key import Key
from blockmix.mixer import BlockMixer

SEED_BITS = 32
_SECONDS = 0.5
_YEAR = 365.25 * 24 * 3600


def seed_search(sources: int) -> dict[str, Any]:
    """Try seeds on this machine, and say how long all of 32 bits would take.

    A try makes the key of a seed and draws the choices of a class of the least size, enough to
    compare with what is published. Somebody who does this for a living is far faster.

    Returns
    -------
    dict
        ``seeds_per_second``, and for the seed of ``bits`` bits the ``days`` for all of them here;
        for the 256 bits of a fresh key the ``years``, as a power of ten.
    """
    labels = np.zeros(sources + 1, np.int64)
    tried, started = 0, time.perf_counter()
    while time.perf_counter() - started < _SECONDS:
        BlockMixer(block=1, sources=sources, key=Key.from_seed(tried)).plan(labels, 1, 4)
        tried += 1
    rate = tried / (time.perf_counter() - started)
    return {
        "seeds_per_second": rate,
        "bits": SEED_BITS,
        "days": 2**SEED_BITS / rate / 86400,
        "fresh_key_years_power_of_ten": float(np.log10(2.0**256 / rate / _YEAR)),
    }
