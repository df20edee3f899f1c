"""Seeds: how long a key lasts that was made from a seed of few bits."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from blockmix.key import Key

SEED_BITS = 32
_TRIED_SEEDS = 20_000
_YEAR = 365.25 * 24 * 3600  # in seconds


def seed_search() -> dict[str, Any]:
    """Time the making of keys from seeds on this machine, and estimate the time for all seeds.

    An attacker also draws a few words from each key and compares them, which costs little in
    compiled code. Compiled code also makes keys many times faster than Python does here.

    Returns
    -------
    dict
        ``seeds_per_second`` in one thread; ``hours`` for all seeds of ``bits`` bits; the years for
        all fresh keys of 256 bits, as a power of ten.
    """
    started = time.perf_counter()
    for seed in range(_TRIED_SEEDS):
        Key.from_seed(seed)
    rate = _TRIED_SEEDS / (time.perf_counter() - started)
    return {
        "seeds_per_second": rate,
        "bits": SEED_BITS,
        "hours": 2**SEED_BITS / rate / 3600,
        "fresh_key_years_power_of_ten": float(np.log10(2.0**256 / rate / _YEAR)),
    }
