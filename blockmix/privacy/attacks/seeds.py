"""Seeds: how long a key lasts that was made from a number somebody can count up to."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from blockmix.key import Key

SEED_BITS = 32
_TRIED = 20_000
_YEAR = 365.25 * 24 * 3600


def seed_search() -> dict[str, Any]:
    """Make keys from seeds on this machine, and say how long all of 32 bits would take.

    Whoever searches also draws a few words from each key and compares, which is little beside it in
    compiled code; and compiled code makes keys many times faster than Python does here.

    Returns
    -------
    dict
        ``seeds_per_second`` in one thread, and for a seed of ``bits`` bits the ``hours`` for all of
        them; for the 256 bits of a fresh key the ``years``, as a power of ten.
    """
    started = time.perf_counter()
    for seed in range(_TRIED):
        Key.from_seed(seed)
    rate = _TRIED / (time.perf_counter() - started)
    return {
        "seeds_per_second": rate,
        "bits": SEED_BITS,
        "hours": 2**SEED_BITS / rate / 3600,
        "fresh_key_years_power_of_ten": float(np.log10(2.0**256 / rate / _YEAR)),
    }
