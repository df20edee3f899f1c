"""The coefficients of Lanczos resampling against plain Python."""

import math

import numpy as np

from blockmix.kernels.lanczos import COUNT, FIRST_SUM, FIRST_TAP, START, lanczos_taps

ONE = 1 << 22  # in fixed point
SIZES = [(1, 1), (1, 300), (300, 1), (2, 3), (3, 2), (4000, 3), (3, 4000), (65535, 2), (2, 999)]
SIZES += [tuple(sizes) for sizes in np.random.default_rng(0).integers(1, 400, (300, 2)).tolist()]


def sinc(x):
    return 1.0 if x == 0 else math.sin(x * math.pi) / (x * math.pi)


def expected_taps(size, new_size, index):
    """First pixel and coefficients of a new pixel, one operation after another as in Pillow."""
    scale = size / new_size
    stretch = max(scale, 1.0)
    center = (index + 0.5) * scale
    first = max(math.trunc(center - 3 * stretch + 0.5), 0)
    stop = min(math.trunc(center + 3 * stretch + 0.5), size)
    weights, total = [], 0.0
    for pixel in range(first, stop):
        x = (pixel - center + 0.5) * (1.0 / stretch)
        weights.append(sinc(x) * sinc(x / 3) if -3 <= x < 3 else 0.0)
        total += weights[-1]
    rounded = [math.trunc(w / total * ONE + math.copysign(0.5, w / total)) for w in weights]
    return first, rounded


def unpacked(words):
    """Coefficients from their two words, see `blockmix.kernels.lanes`."""
    words = words.astype(np.int64)
    return (words >> 16) * 256 + (words & 0xFFFF)


def test_taps_are_those_of_plain_python():
    for size, new_size in SIZES:
        taps = lanczos_taps(size, new_size)
        assert len(taps) == new_size
        for index in {0, 1, new_size // 3, new_size - 2, new_size - 1} & {*range(new_size)}:
            first, coefficients = expected_taps(size, new_size, index)
            tap = taps[index]
            assert (tap[START], tap[COUNT]) == (first, len(coefficients))
            found = unpacked(tap[FIRST_TAP : FIRST_TAP + tap[COUNT]])
            assert found.tolist() == coefficients, (size, new_size, index)


def test_sums_begin_with_a_half_and_what_the_products_leave_out():
    for size, new_size in SIZES:
        taps = lanczos_taps(size, new_size)
        high = taps[:, FIRST_TAP:].astype(np.int64) >> 16
        assert np.array_equal(taps[:, FIRST_SUM], ONE // 2 + 32768 * high.sum(1))


def test_windows_lie_within_the_image_and_move_on():
    for size, new_size in SIZES:
        start, count = lanczos_taps(size, new_size)[:, [START, COUNT]].T
        assert start.min() == 0
        assert count.min() >= 1
        assert (start + count).max() == size
        assert (np.diff(start) >= 0).all()
        assert (np.diff(start + count) >= 0).all()


def test_coefficients_fit_into_two_words():
    """The largest are at the edges of an image that becomes much larger."""
    largest = max(
        np.abs(unpacked(lanczos_taps(size, new_size)[:, FIRST_TAP:])).max()
        for size in range(1, 20)
        for new_size in (*range(1, 60), 65535)
    )
    assert ONE < largest < 2 * ONE


def test_a_size_that_stays_has_one_coefficient_of_one():
    for size in (1, 2, 7, 192, 501):
        taps = lanczos_taps(size, size)
        coefficients = unpacked(taps[:, FIRST_TAP:])
        columns = taps[:, [START]] + np.arange(coefficients.shape[1])
        assert np.array_equal(coefficients, ONE * (columns == np.arange(size)[:, None]))
