"""The gather on the GPU: whole words, strip by strip.

A block is replaced by the block at the same place, so that a word of a mixed image and the word
that it comes from have the same alignment: where it is whole in its image, it is whole in the
other. A word that lies across the edge of two blocks is put together from the words of two images.

Each thread has one word of the image and goes through some of the images with it, so that what it
has to know of the word is read once. Blocks of threads are numbered strip by strip: the GPU takes
them in that order, and the same strip of all images meets in the second-level cache.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import int64, uint64

from .cuda import THREADS, blocks_for, cuda, device, kernel, launch
from .pieces import cut_image

WIDTHS = (8, 4, 2, 1)  # bytes of a word
# Reasoned, not measured yet. Each thread keeps four loads under way, as one alone would leave the
# memory idle; 64 images a thread make the table of its word 2 % of what it reads; 16 blocks of
# threads a multiprocessor are twice what it holds at once with 64 registers a thread.
IN_FLIGHT = 4  # images of which a thread reads words at once, written out in `gather_words`
MOST_EACH = 64  # images that a thread goes through
BLOCKS_WANTED = 16  # blocks of threads for each multiprocessor, before threads get more images


@device
def load(images, start, stride, order, sources, entry):
    """The word of the image that an entry of the map names."""
    image = int64(order[uint64(sources[uint64(entry)])])
    return images[uint64(start + image * stride)]


@device
def entry_of(blocks, at, words, row_entries):
    """The entry of image 0 in the map, for the block whose row stands there, and its column."""
    return blocks[uint64(at)] * row_entries + blocks[uint64(at + words)]


@kernel
def gather_words(
    out, out_start, out_stride, images, images_start, images_stride, count, words,
    order, sources, cols, blocks, mask, first_word, each,
):  # fmt: skip
    """See `gather`; each thread goes through ``each`` images, a multiple of `IN_FLIGHT`.

    Indices are unsigned, since numba would look at each signed one whether it is negative.
    """
    groups = (count + each - 1) // each
    block = int64(cuda.blockIdx.x)
    word = block // groups * THREADS + cuda.threadIdx.x
    if word >= words:
        return
    at = first_word + word
    kept = mask[uint64(at)]
    one = entry_of(blocks, at, mask.size, count * cols)
    two = entry_of(blocks, at + 2 * mask.size, mask.size, count * cols)
    here, there = images_start + word, out_start + word
    begin = block % groups * each
    last = min(begin + each, count) - 1
    for s0 in range(begin, last + 1, IN_FLIGHT):
        # Beyond the last image it is moved again: the same word to the same place.
        s1, s2, s3 = min(s0 + 1, last), min(s0 + 2, last), min(s0 + 3, last)
        w0 = load(images, here, images_stride, order, sources, one + s0 * cols)
        w1 = load(images, here, images_stride, order, sources, one + s1 * cols)
        w2 = load(images, here, images_stride, order, sources, one + s2 * cols)
        w3 = load(images, here, images_stride, order, sources, one + s3 * cols)
        if two != one:
            v0 = load(images, here, images_stride, order, sources, two + s0 * cols)
            v1 = load(images, here, images_stride, order, sources, two + s1 * cols)
            v2 = load(images, here, images_stride, order, sources, two + s2 * cols)
            v3 = load(images, here, images_stride, order, sources, two + s3 * cols)
            w0 = (w0 & kept) | (v0 & ~kept)
            w1 = (w1 & kept) | (v1 & ~kept)
            w2 = (w2 & kept) | (v2 & ~kept)
            w3 = (w3 & kept) | (v3 & ~kept)
        out[uint64(there + order[uint64(s0)] * out_stride)] = w0
        out[uint64(there + order[uint64(s1)] * out_stride)] = w1
        out[uint64(there + order[uint64(s2)] * out_stride)] = w2
        out[uint64(there + order[uint64(s3)] * out_stride)] = w3


def cut_words(row_edges, byte_edges, planes, aligned):
    """The widest words that lie across no more than one edge, and what a thread knows of each.

    Parameters
    ----------
    row_edges, byte_edges, planes
        See `pieces.cut_image`.
    aligned : int
        A number that divides every address at which an image begins. The last word may be cut
        off by the end of the image.

    Returns
    -------
    blocks : (4 * words,) int32
        Rows of the blocks of the words' first bytes, then the columns; the same for the last.
    mask : (words,) unsigned integers as wide as a word
        The bits of the first block; all of them if both are the same.
    """
    edges, row, col = cut_image(row_edges, byte_edges, planes)
    for width in WIDTHS:
        begins = np.arange(0, edges[-1], width)
        first = np.searchsorted(edges, begins, "right") - 1
        second = np.searchsorted(edges[:-1], begins + width - 1, "right") - 1
        if aligned % width == 0 and (second - first <= 1).all():
            break
    bits = 8 * np.where(second > first, edges[second] - begins, width).astype(np.uint64)
    mask = np.uint64(2**64 - 1) >> (np.uint64(64) - bits)
    blocks = np.concatenate([row[first], col[first], row[second], col[second]])
    return blocks.astype(np.int32), mask.astype(f"u{width}")


def images_each(count, words, multiprocessors):
    """How many images a thread goes through: as many as leave all multiprocessors busy."""
    strips = blocks_for(words)
    wanted = strips * count // (BLOCKS_WANTED * multiprocessors)
    return min(max(wanted // IN_FLIGHT, 1) * IN_FLIGHT, MOST_EACH)


class Words(NamedTuple):
    """Words of a set of images, on the device.

    Parameters
    ----------
    array : (words,) device array of unsigned integers
        All memory from the first image to the last, whatever lies between.
    start, stride : int
        Word at which image 0 begins, and words from an image to the next.
    """

    array: Any
    start: int
    stride: int


def gather(
    out, images, count, words, order, sources, cols, blocks, mask, first_word, multiprocessors,
    stream,
):  # fmt: skip
    """Copy every word of ``out`` from the image that the map names; nothing is waited for.

    Parameters
    ----------
    out, images : Words
        Must not share memory.
    count, words : int
        How many images there are, and words of an image.
    order : (N,) int32 device array
        The image in each slot.
    sources : (rows * N * cols,) int32 device array
        The map, see `draw_cpu.draw_round`.
    cols : int
    blocks, mask : device arrays
        See `cut_words`.
    first_word : int
        The word of the image that is the first of these words.
    multiprocessors : int
        Of the device.
    stream
        Of numba.
    """
    each = images_each(count, words, multiprocessors)
    groups = (count + each - 1) // each
    launch(
        gather_words, blocks_for(words) * groups, stream, *out, *images, count, words,
        order, sources, cols, blocks, mask, first_word, each,
    )  # fmt: skip
