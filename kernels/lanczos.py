"""The coefficients of Lanczos resampling, as Pillow computes them for 8-bit images.

Every operation on floating-point numbers is Pillow's, in its order, so that all bits agree: see
``precompute_coeffs`` and ``normalize_coeffs_8bpc`` in its ``src/libImaging/Resample.c``.
"""

import math
from functools import lru_cache

import numpy as np

from .lanes import PRECISION, missing_part, packed_coefficient
from .threads import inlined, sequential

LOBES = 3.0  # on each side of the filter
# The columns of taps, see `lanczos_taps`.
START, COUNT, FIRST_SUM, FIRST_TAP = range(4)


@inlined
def sinc(x):
    return 1.0 if x == 0.0 else math.sin(x * math.pi) / (x * math.pi)


@inlined
def lanczos(x):
    return sinc(x) * sinc(x / 3) if -3.0 <= x < 3.0 else 0.0


@sequential
def fill_taps(taps, weights, size):
    """Fill taps, see `lanczos_taps`. ``weights`` is memory for those of one new pixel."""
    new_size = taps.shape[0]
    scale = size / new_size
    stretch = max(scale, 1.0)
    support = LOBES * stretch
    inverse_stretch = 1.0 / stretch
    for index in range(new_size):
        center = (index + 0.5) * scale
        start = max(int(center - support + 0.5), 0)
        count = min(int(center + support + 0.5), size) - start
        total = 0.0
        for tap in range(count):
            weights[tap] = lanczos((tap + start - center + 0.5) * inverse_stretch)
            total += weights[tap]
        first_sum = 1 << (PRECISION - 1)  # one half, so that cutting off fractional bits rounds
        for tap in range(count):
            weight = weights[tap] / total
            half = -0.5 if weight < 0 else 0.5
            coefficient = int(half + weight * (1 << PRECISION))
            first_sum += missing_part(coefficient)
            taps[index, FIRST_TAP + tap] = packed_coefficient(coefficient)
        taps[index, START], taps[index, COUNT], taps[index, FIRST_SUM] = start, count, first_sum


@lru_cache(maxsize=256)
def lanczos_taps(size, new_size):
    """The pixels that each new pixel is a sum of, and their coefficients.

    Returns
    -------
    (new_size, FIRST_TAP + most) int32
        For each new pixel its first pixel and their number; the value that its sum begins with;
        the coefficients, each as two halves, see `lanes`.
    """
    most = min(2 * math.ceil(LOBES * max(size / new_size, 1.0)) + 1, size)
    taps = np.zeros((new_size, FIRST_TAP + most), np.int32)
    fill_taps(taps, np.empty(most), size)
    return taps
