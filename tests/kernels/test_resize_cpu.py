"""Resizing on the CPU against Pillow, bit for bit."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from resize_oracle import MODES, ORDER_DEPENDS_ON_SIZE, checkerboard, images, pillow_resized

from blockmix.kernels.resize_cpu import plan_resize, resize

GUARD = 64  # bytes on both sides that nobody may write to


def resized(batch, size, threads=1):
    """Images (N, H, W, C), resized; fails if anything but the result was written."""
    count, height, width, channels = batch.shape
    plan = plan_resize(height, width, channels, *size)
    before = batch.copy()
    out = np.full(count * size[0] * size[1] * channels + 2 * GUARD, 77, np.uint8)
    scratch = np.full(plan.scratch_bytes(threads) + 2 * GUARD, 78, np.uint8)
    result = out[GUARD:-GUARD].reshape(count, -1)
    resize(result, batch.reshape(count, -1), plan, threads, scratch[GUARD:-GUARD])
    for array, value in ((out, 77), (scratch, 78)):
        assert (array[:GUARD] == value).all()
        assert (array[-GUARD:] == value).all()
    assert np.array_equal(batch, before)
    return result.reshape(count, *size, channels)


def assert_equal_to_pillow(image, size):
    assert np.array_equal(resized(image[None], size)[0], pillow_resized(image, size)), image.shape


SIDES = st.integers(1, 300)


@settings(max_examples=300)
@given(image=images(300), size=st.tuples(SIDES, SIDES))
@example(image=checkerboard(224, 224, 3, 1), size=(192, 192))
@example(image=checkerboard(20, 30, 3, 1), size=(20, 30))
def test_any_size_equals_pillow(image, size):
    assert_equal_to_pillow(image, size)


@settings(max_examples=150)
@given(image=images(40), size=st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_any_size_about_that_of_the_lanes_equals_pillow(image, size):
    """Lines of fewer than 32 bytes, and images of fewer than 32 lines, have ways of their own."""
    assert_equal_to_pillow(image, size)


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((1, 4000, 3), (3, 2)),
        ((4000, 1, 3), (2, 3)),
        ((1, 1, 3), (300, 200)),
        ((300, 200, 3), (1, 1)),
        ((2, 3, 4), (3000, 2)),
        ((1, 65535, 1), (1, 7)),
        ((65535, 1, 1), (7, 1)),
        ((7, 1, 1), (65535, 1)),
        ((1000, 1500, 3), (224, 336)),
        ((32, 32, 1), (31, 33)),
        ((33, 31, 1), (32, 32)),
        ((100, 77, 3), (100, 60)),
        ((100, 77, 3), (60, 77)),
        ((100, 77, 3), (100, 90)),
        ((100, 77, 3), (120, 77)),
    ],
)
def test_large_ratios_and_single_sides(shape, size):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert_equal_to_pillow(image, size)


@pytest.mark.parametrize("size", [(112, 112), (192, 192), (300, 300)])
@pytest.mark.parametrize("side", [1, 2, 3, 7])
def test_edges_that_leave_the_range_of_pixels(side, size):
    image = checkerboard(224, 224, 3, side)
    assert_equal_to_pillow(image, size)
    if side > 2:  # otherwise the test would not test what it is for
        assert {0, 255} <= {*resized(image[None], size).ravel().tolist()}


@pytest.mark.skipif(not ORDER_DEPENDS_ON_SIZE, reason="before Pillow 13 the width is always first")
@pytest.mark.parametrize("lost_columns", [-20, 0, 1, 20])
def test_the_side_that_pillow_changes_first(lost_columns):
    """The height, if it loses lines, and more than twice as many as the width loses columns."""
    image = np.random.default_rng(0).integers(0, 256, (120, 80, 1), np.uint8)
    for lost_lines in {0, 1, 2, *(2 * lost_columns + more for more in (-1, 0, 1))} & {*range(99)}:
        size = (120 - lost_lines, 80 - lost_columns)
        pillow = Image.fromarray(image[..., 0]).resize(size[::-1], Image.Resampling.LANCZOS)
        assert np.array_equal(resized(image[None], size)[0, ..., 0], np.asarray(pillow))


@pytest.mark.parametrize("channels", MODES)
def test_channels_do_not_touch_each_other(channels):
    image = np.random.default_rng(0).integers(0, 256, (50, 40, channels), np.uint8)
    each = [resized(image[None, ..., [c]], (33, 61))[0, ..., 0] for c in range(channels)]
    assert np.array_equal(np.dstack(each), resized(image[None], (33, 61))[0])


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("shape", [(10, 33, 47, 3), (5, 9, 5, 1)])
def test_batches_on_any_number_of_threads(shape, threads):
    batch = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    expected = np.stack([pillow_resized(image, (20, 50)) for image in batch])
    assert np.array_equal(resized(batch, (20, 50), threads), expected)


def test_several_python_threads_at_once():
    batch = np.random.default_rng(0).integers(0, 256, (64, 60, 50, 3), np.uint8)
    expected = resized(batch, (40, 70))
    with ThreadPoolExecutor(8) as pool:
        single = pool.map(lambda image: resized(image[None], (40, 70))[0], batch)
        assert np.array_equal(np.stack(list(single)), expected)


# Resizes images of some sizes in a process of its own, and counts those that equal Pillow's.
SCRIPT = """
import numpy as np
from resize_oracle import pillow_resized
from test_resize_cpu import resized

rng = np.random.default_rng(0)
sizes = rng.integers(1, 100, (40, 4)).tolist()
images = [rng.integers(0, 256, (height, width, 3), np.uint8) for height, width, _, _ in sizes]
print(sum(
    bool((resized(image[None], (h, w))[0] == pillow_resized(image, (h, w))).all())
    for image, (_, _, h, w) in zip(images, sizes)
))
"""
# Without the instruction of x86 for products.
PORTABLE = """
from blockmix.kernels import lanes
lanes._instruction = lambda context: None
"""


@pytest.mark.parametrize("code", [SCRIPT, PORTABLE + SCRIPT], ids=["without AVX2", "not x86"])
def test_any_processor_gives_the_same_pixels(tmp_path, code):
    folders = [Path(__file__).parent, Path(__file__).parents[1], Path(__file__).parents[2]]
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "NUMBA_CPU_NAME": "generic",
            "NUMBA_CPU_FEATURES": "",
            "XDG_CACHE_HOME": str(tmp_path),
            "PYTHONPATH": os.pathsep.join(map(str, folders)),
        },
    )
    assert (done.stdout, done.returncode) == ("40\n", 0), done.stderr
