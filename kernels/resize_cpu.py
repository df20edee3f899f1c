"""Lanczos resampling of 8-bit images on the CPU, bit for bit as Pillow 13 does it.

Pillow's arithmetic is in integers: a new pixel is a sum of products of pixels and coefficients of
22 fractional bits, rounded and cut off at 0 and 255. One pass changes the width, another the
height, and what is between them is rounded too, so that their order matters. A side that keeps its
size has no pass.

Here 32 sums are computed side by side, see `lanes`. In the pass that changes the height they are
those of 32 neighbouring bytes of a line. In the other one they are those of the same byte of 32
lines, which are transposed before and after.
"""

from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numba import prange

from .lanczos import COUNT, FIRST_SUM, FIRST_TAP, START, lanczos_taps
from .lanes import (
    COLUMNS,
    LANES,
    add_products,
    in_all_lanes,
    load_pixels,
    load_samples,
    rounded_pixels,
    store_pixels,
    store_samples,
    transpose_columns,
    transpose_lines,
)
from .moves import CACHE_LINE, copy_1, fetch_add, load_int32, store_int64
from .threads import inlined, parallel, sequential, serial

# New pixels that are computed together, so that the samples that they share stay in the cache. Time
# relative to this value, 224, 512 and 128 to 192 pixels a side, and 1,500 x 1,000 to 336 x 224,
# with AVX2 and with AVX-512 (fourth generation of Xeon): 8 pixels 1.03 to 1.16, 16 pixels 0.91 to
# 1.10, 64 pixels 0.99 to 1.42, all at once 1.01 to 1.23.
BLOCK = 32
SAMPLE_BYTES = 4 * LANES
# The numbers of a plan, see `plan_resize`.
HEIGHT, WIDTH, CHANNELS, NEW_HEIGHT, NEW_WIDTH, HEIGHT_FIRST = range(6)
IMAGE_BYTES, NEW_IMAGE_BYTES = 6, 7
WIDENED, NEW_WIDENED, MIDDLE, ADDRESSES, BYTE_COLUMNS, NEW_BYTE_COLUMNS, SAMPLES = range(8, 15)
PART_BYTES = 15


@serial
def resample(target, target_step, source, source_step, channels, taps, tap_bytes, size, samples):
    """Compute ``size`` new pixels of each channel from pixels, in 32 lanes.

    Both lie one after another, every channel of a pixel 32 bytes, ``step`` bytes apart.
    """
    for block in range(0, size, BLOCK):
        block_end = min(block + BLOCK, size)
        last = taps + (block_end - 1) * tap_bytes
        first = load_int32(taps + block * tap_bytes + 4 * START) * channels
        stop = (load_int32(last + 4 * START) + load_int32(last + 4 * COUNT)) * channels
        for index in range(first, stop):
            sample = samples + (index - first) * SAMPLE_BYTES
            store_samples(sample, load_pixels(source + index * source_step))
        for index in range(block, block_end):
            tap = taps + index * tap_bytes
            coefficients = tap + 4 * FIRST_TAP
            coefficients_end = coefficients + 4 * load_int32(tap + 4 * COUNT)
            sample = samples + (load_int32(tap + 4 * START) * channels - first) * SAMPLE_BYTES
            for channel in range(channels):
                channel_sample = sample + channel * SAMPLE_BYTES
                sums = in_all_lanes(load_int32(tap + 4 * FIRST_SUM))
                for coefficient in range(coefficients, coefficients_end, 4):
                    sums = add_products(sums, load_samples(channel_sample), load_int32(coefficient))
                    channel_sample += channels * SAMPLE_BYTES
                store_pixels(target, rounded_pixels(sums))
                target += target_step


@inlined
def resample_height(target, source, step, taps, tap_bytes, new_height, samples):
    """Change the height of an image whose lines have ``step`` bytes, at least 32."""
    for strip in range(0, step, LANES):
        first = min(strip, step - LANES)  # the last strip may overlap the one before
        resample(
            target + first, step, source + first, step, 1, taps, tap_bytes, new_height, samples
        )


@inlined
def resample_width(
    target, target_step, source, source_step, height, channels, taps, tap_bytes, new_width, plan,
    scratch,
):  # fmt: skip
    """Change the width of an image whose lines have ``step`` bytes, at least 32."""
    lines = scratch + plan[ADDRESSES]
    new_lines = lines + 8 * LANES
    columns, new_columns = scratch + plan[BYTE_COLUMNS], scratch + plan[NEW_BYTE_COLUMNS]
    samples = scratch + plan[SAMPLES]
    for strip in range(0, height, LANES):
        for lane in range(LANES):
            line = min(strip + lane, height - 1)  # lanes beyond the last line do it again
            store_int64(lines + 8 * lane, source + line * source_step)
            store_int64(new_lines + 8 * lane, target + line * target_step)
        for block in range(0, source_step, COLUMNS):
            first = min(block, source_step - COLUMNS)
            transpose_lines(columns + first * LANES, lines, first)
        resample(new_columns, LANES, columns, LANES, channels, taps, tap_bytes, new_width, samples)
        for block in range(0, target_step, COLUMNS):
            first = min(block, target_step - COLUMNS)
            transpose_columns(new_lines, first, new_columns + first * LANES)


@serial
def copy_lines(target, target_step, source, source_step, count, line_bytes):
    for line in range(count):
        for offset in range(line_bytes):
            copy_1(target + line * target_step + offset, source + line * source_step + offset)


@inlined
def resize_image(out, image, plan, row_taps, row_tap_bytes, col_taps, col_tap_bytes, scratch):
    """Resize one image, in no, one or two passes."""
    lines, new_lines = plan[HEIGHT], plan[NEW_HEIGHT]
    width, new_width, channels = plan[WIDTH], plan[NEW_WIDTH], plan[CHANNELS]
    line_bytes, new_line_bytes = width * channels, new_width * channels
    step, new_step = max(line_bytes, LANES), max(new_line_bytes, LANES)
    source, result = image, out
    if step > line_bytes:
        source = scratch + plan[WIDENED]
        copy_lines(source, step, image, line_bytes, lines, line_bytes)
    if new_step > new_line_bytes:
        result = scratch + plan[NEW_WIDENED]
    passes = (lines != new_lines) + (width != new_width)
    if passes == 0:
        copy_lines(result, step, source, step, lines, line_bytes)
    for turn in range(2):
        target = result if passes == 1 else scratch + plan[MIDDLE]
        if (turn == 0) == (plan[HEIGHT_FIRST] == 1):
            if lines == new_lines:
                continue
            resample_height(
                target, source, step, row_taps, row_tap_bytes, new_lines, scratch + plan[SAMPLES]
            )
            lines = new_lines
        else:
            if width == new_width:
                continue
            resample_width(
                target, new_step, source, step, lines, channels, col_taps, col_tap_bytes,
                new_width, plan, scratch,
            )  # fmt: skip
            step = new_step
        source = target
        passes -= 1
    if new_step > new_line_bytes:
        copy_lines(out, new_line_bytes, result, new_step, new_lines, new_line_bytes)


@sequential
def resize_images(out, images, count, plan, row_taps, col_taps, scratch):
    """Resize images in the calling thread; see `resize`."""
    for index in range(count):
        resize_image(
            out + index * plan[NEW_IMAGE_BYTES], images + index * plan[IMAGE_BYTES], plan,
            row_taps.ctypes.data, row_taps.strides[0], col_taps.ctypes.data, col_taps.strides[0],
            scratch,
        )  # fmt: skip


@parallel
def resize_batch(out, images, count, plan, row_taps, col_taps, scratch, counter, threads):
    """Resize images in several threads, each of which takes the next image; see `resize`."""
    for thread in prange(threads):
        part = scratch + thread * plan[PART_BYTES]
        index = fetch_add(counter)
        while index < count:
            resize_image(
                out + index * plan[NEW_IMAGE_BYTES], images + index * plan[IMAGE_BYTES], plan,
                row_taps.ctypes.data, row_taps.strides[0], col_taps.ctypes.data,
                col_taps.strides[0], part,
            )  # fmt: skip
            index = fetch_add(counter)


class Plan(NamedTuple):
    """What is known before the pixels are; see `plan_resize`.

    Attributes
    ----------
    numbers : (16,) int64
        Height, width, channels, new height and width; 1 if the height is changed before the width;
        bytes of an old and a new image; the first byte of each part of the scratch memory, and its
        end.
    row_taps, col_taps
        See `lanczos_taps`.
    """

    numbers: np.ndarray
    row_taps: np.ndarray
    col_taps: np.ndarray

    def scratch_bytes(self, threads):
        """The scratch memory that `resize` needs."""
        return threads * int(self.numbers[PART_BYTES]) + CACHE_LINE


@lru_cache(maxsize=256)
def plan_resize(height, width, channels, new_height, new_width):
    """Plan to resize images of one size to another."""
    row_taps, col_taps = lanczos_taps(height, new_height), lanczos_taps(width, new_width)
    # Pillow's rule since version 13; before, the width was always first.
    height_first = height - new_height > max(2 * (width - new_width), 0)
    line, new_line = width * channels, new_width * channels
    step, new_step = max(line, LANES), max(new_line, LANES)
    parts = [
        height * step if step > line else 0,
        new_height * new_step if new_step > new_line else 0,
        new_height * step if height_first else height * new_step,
        2 * 8 * LANES,
        step * LANES,
        new_step * LANES,
        max(window(row_taps), window(col_taps) * channels) * SAMPLE_BYTES,
    ]
    aligned = [-(-part // CACHE_LINE) * CACHE_LINE for part in parts]
    sizes = height, width, channels, new_height, new_width, height_first
    image_bytes = height * line, new_height * new_line
    numbers = np.array([*sizes, *image_bytes, *accumulate(aligned, initial=0)], np.int64)
    return Plan(numbers, row_taps, col_taps)


def window(taps):
    """The most pixels that a block of new pixels is computed from."""
    blocks = np.arange(0, len(taps), BLOCK)
    first, last = taps[blocks], taps[np.minimum(blocks + BLOCK, len(taps)) - 1]
    return int((last[:, START] + last[:, COUNT] - first[:, START]).max())


def resize(out, images, plan, threads, scratch):
    """Resize images of one size.

    Parameters
    ----------
    out : (N, height * width * channels) uint8, written
        C-contiguous, as are the images.
    images : (N, height * width * channels) uint8
        Must not share memory with ``out``.
    plan : Plan
    threads : int
        With 1, it is the calling thread.
    scratch : (plan.scratch_bytes(threads),) uint8, written
        Or larger.
    """
    address = scratch.ctypes.data
    address += -address % CACHE_LINE
    arguments = out.ctypes.data, images.ctypes.data, len(images), *plan, address
    if threads == 1:
        resize_images(*arguments)
    else:
        counter = np.zeros(1, np.int64)  # the next image to hand out
        resize_batch(*arguments, counter.ctypes.data, threads)
