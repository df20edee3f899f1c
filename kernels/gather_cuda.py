"""The gather on the GPU: whole words, strip by strip.

A block is replaced by the block at the same position, so a word of a mixed image has the same
alignment as the word that it comes from, and both are whole words. A word that lies across the edge
of two blocks is put together from the words of two images.

Each thread moves one word of several images, so that the tables for this word are read once. Blocks
of threads are numbered strip by strip: the GPU takes them in that order, and the same strip of all
images meets in the second-level cache.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import int64, uint64

from .cuda import THREADS, blocks_for, cuda, device, kernel, launch
from .pieces import cut_image

WIDTHS = (8, 4, 2, 1)  # bytes of a word
# Reasoned, not measured yet. Each thread keeps four loads in flight, as a single one would leave
# the memory idle; with 64 images per thread, the table of its word is 2 % of what it reads; 16
# blocks of threads per multiprocessor are twice what it holds at once with 64 registers per thread.
IN_FLIGHT = 4  # images of which a thread reads words at once, written out in `gather_words`
MAX_PER_THREAD = 64  # images of which a thread moves its word
BLOCKS_PER_MULTIPROCESSOR = 16  # blocks of threads, before threads get more images


@device
def load(images, start, stride, order, slot_map, entry):
    """The word of the image that an entry of the map names."""
    image = int64(order[uint64(slot_map[uint64(entry)])])
    return images[uint64(start + image * stride)]


@device
def block_entry(block_table, index, word_count, row_entries):
    """The entry of slot 0 in the map for a block, from the table of rows and columns of blocks."""
    return block_table[uint64(index)] * row_entries + block_table[uint64(index + word_count)]


@kernel
def gather_words(
    out, out_start, out_stride, images, images_start, images_stride, image_count, word_count,
    order, slot_map, cols, block_table, mask, first_word, per_thread,
):  # fmt: skip
    """See `gather`; each thread moves a word of ``per_thread`` images, a multiple of `IN_FLIGHT`.

    Indices are unsigned, since numba checks whether a signed index is negative.
    """
    image_groups = (image_count + per_thread - 1) // per_thread
    thread_block = int64(cuda.blockIdx.x)
    word = thread_block // image_groups * THREADS + cuda.threadIdx.x
    if word >= word_count:
        return
    index = first_word + word
    first_bits = mask[uint64(index)]
    row_entries = image_count * cols
    first_entry = block_entry(block_table, index, mask.size, row_entries)
    second_entry = block_entry(block_table, index + 2 * mask.size, mask.size, row_entries)
    start, target_start = images_start + word, out_start + word
    begin = thread_block % image_groups * per_thread
    last = min(begin + per_thread, image_count) - 1
    for s0 in range(begin, last + 1, IN_FLIGHT):
        # Beyond the last image its word is moved again, which changes nothing.
        s1, s2, s3 = min(s0 + 1, last), min(s0 + 2, last), min(s0 + 3, last)
        w0 = load(images, start, images_stride, order, slot_map, first_entry + s0 * cols)
        w1 = load(images, start, images_stride, order, slot_map, first_entry + s1 * cols)
        w2 = load(images, start, images_stride, order, slot_map, first_entry + s2 * cols)
        w3 = load(images, start, images_stride, order, slot_map, first_entry + s3 * cols)
        if second_entry != first_entry:
            v0 = load(images, start, images_stride, order, slot_map, second_entry + s0 * cols)
            v1 = load(images, start, images_stride, order, slot_map, second_entry + s1 * cols)
            v2 = load(images, start, images_stride, order, slot_map, second_entry + s2 * cols)
            v3 = load(images, start, images_stride, order, slot_map, second_entry + s3 * cols)
            w0 = (w0 & first_bits) | (v0 & ~first_bits)
            w1 = (w1 & first_bits) | (v1 & ~first_bits)
            w2 = (w2 & first_bits) | (v2 & ~first_bits)
            w3 = (w3 & first_bits) | (v3 & ~first_bits)
        # Eq. 5, with the choice in the map: these words become those of the sources.
        out[uint64(target_start + order[uint64(s0)] * out_stride)] = w0
        out[uint64(target_start + order[uint64(s1)] * out_stride)] = w1
        out[uint64(target_start + order[uint64(s2)] * out_stride)] = w2
        out[uint64(target_start + order[uint64(s3)] * out_stride)] = w3


def cut_words(row_edges, byte_edges, planes, aligned):
    """The widest words that cross at most one edge, and the tables of their blocks and bits.

    Parameters
    ----------
    row_edges, byte_edges, planes
        See `pieces.cut_image`.
    aligned : int
        A number that divides the address of every image. The last word may reach beyond the end
        of the image.

    Returns
    -------
    block_table : (4 * words,) int32
        The row of the block of each word's first byte, then the columns; the same for the last
        bytes.
    mask : (words,) unsigned integers as wide as a word
        The bits that belong to the first block; all bits if it is the only one.
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
    block_table = np.concatenate([row[first], col[first], row[second], col[second]])
    return block_table.astype(np.int32), mask.astype(f"u{width}")


def images_per_thread(image_count, word_count, multiprocessors):
    """The number of images per thread: as many as leave all multiprocessors busy."""
    strips = blocks_for(word_count)
    fitting = strips * image_count // (BLOCKS_PER_MULTIPROCESSOR * multiprocessors)
    return min(max(fitting // IN_FLIGHT, 1) * IN_FLIGHT, MAX_PER_THREAD)


class Words(NamedTuple):
    """Words of a set of images, on the device.

    Parameters
    ----------
    array : (words,) device array of unsigned integers
        The memory from the first image to the last, with any gaps between them.
    start, stride : int
        The word at which image 0 begins, and the number of words from one image to the next.
    """

    array: Any
    start: int
    stride: int


def gather(
    out, images, image_count, word_count, order, slot_map, cols, block_table, mask, first_word,
    multiprocessors, stream,
):  # fmt: skip
    """Copy every word of ``out`` from the image that the map names, without waiting for it.

    Parameters
    ----------
    out, images : Words
        Must not share memory.
    image_count, word_count : int
        Number of images, and of words of an image.
    order : (N,) int32 device array
        The image in each slot.
    slot_map : (rows * N * cols,) int32 device array
        The map, see `draw_cpu.draw_round`.
    cols : int
    block_table, mask : device arrays
        See `cut_words`.
    first_word : int
        The word of an image at which these words begin.
    multiprocessors : int
        Number of multiprocessors of the device.
    stream : stream of numba
    """
    per_thread = images_per_thread(image_count, word_count, multiprocessors)
    image_groups = (image_count + per_thread - 1) // per_thread
    launch(
        gather_words, blocks_for(word_count) * image_groups, stream, *out, *images, image_count,
        word_count, order, slot_map, cols, block_table, mask, first_word, per_thread,
    )  # fmt: skip
