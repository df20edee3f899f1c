"""The draw on the GPU: the same words, pools and dice as on the CPU, one per thread.

The map has the same order as on the CPU, so that either side can apply it: see `draw_cpu`.
"""

import numpy as np
from numba import int64, njit, uint32

from .chacha import CONSTANTS, DOUBLE_ROUNDS, quarter_round
from .cuda import THREADS, blocks_for, cuda, kernel, launch
from .rule import (
    DIE,
    POOL,
    WORDS,
    below,
    floyd_distinct,
    floyd_last,
    nonce,
    other_member,
    pool_word,
    throw_die,
)

C0, C1, C2, C3 = map(np.uint32, CONSTANTS)


@njit(inline="always")
def fill_words(words, thread, key, purpose, round_, image, group):
    """Fill one group of words of an image, in the thread's column of shared memory.

    The state of ChaCha20 is in sixteen variables, which are registers: an array would be local
    memory. A double round is `chacha.QUARTER_ROUNDS`, written out.
    """
    counter = uint32(group)
    first, second, third = nonce(purpose, round_, image)
    a0, a1, a2, a3 = C0, C1, C2, C3
    b0, b1, b2, b3 = key[0], key[1], key[2], key[3]
    c0, c1, c2, c3 = key[4], key[5], key[6], key[7]
    d0, d1, d2, d3 = counter, first, second, third
    for _ in range(DOUBLE_ROUNDS):
        a0, b0, c0, d0 = quarter_round(a0, b0, c0, d0)
        a1, b1, c1, d1 = quarter_round(a1, b1, c1, d1)
        a2, b2, c2, d2 = quarter_round(a2, b2, c2, d2)
        a3, b3, c3, d3 = quarter_round(a3, b3, c3, d3)
        a0, b1, c2, d3 = quarter_round(a0, b1, c2, d3)
        a1, b2, c3, d0 = quarter_round(a1, b2, c3, d0)
        a2, b3, c0, d1 = quarter_round(a2, b3, c0, d1)
        a3, b0, c1, d2 = quarter_round(a3, b0, c1, d2)
    words[0, thread], words[1, thread] = uint32(a0 + C0), uint32(a1 + C1)
    words[2, thread], words[3, thread] = uint32(a2 + C2), uint32(a3 + C3)
    words[4, thread], words[5, thread] = uint32(b0 + key[0]), uint32(b1 + key[1])
    words[6, thread], words[7, thread] = uint32(b2 + key[2]), uint32(b3 + key[3])
    words[8, thread], words[9, thread] = uint32(c0 + key[4]), uint32(c1 + key[5])
    words[10, thread], words[11, thread] = uint32(c2 + key[6]), uint32(c3 + key[7])
    words[12, thread], words[13, thread] = uint32(d0 + counter), uint32(d1 + first)
    words[14, thread], words[15, thread] = uint32(d2 + second), uint32(d3 + third)


@kernel
def fill_pools(pools, sources, key, round_, ids, classes, starts):
    """Fill the pool of each image with slots, and append the image's own.

    ``pools`` is (sources + 1, N) int32, flat: member after member of all images, so that the
    threads of a warp read and write neighbours.
    """
    words = cuda.shared.array((WORDS, THREADS), np.uint32)
    thread = cuda.threadIdx.x
    slot = int64(cuda.blockIdx.x) * THREADS + thread
    images = ids.size
    if slot >= images:
        return
    start = starts[classes[slot]]
    class_size = starts[classes[slot] + 1] - start
    size = min(class_size - 1, sources)
    for m in range(size):
        word = pool_word(m) % WORDS
        if word == 0:
            fill_words(words, thread, key, POOL, round_, ids[slot], pool_word(m) // WORDS)
        last = floyd_last(uint32(class_size), uint32(size), uint32(m))
        pick = below(words[word, thread], words[word + 1, thread], uint32(last + uint32(1)))
        for earlier in range(m):
            pick = floyd_distinct(pick, uint32(pools[earlier * images + slot]), last)
        pools[m * images + slot] = pick
    for m in range(size):
        pools[m * images + slot] = start + other_member(
            uint32(pools[m * images + slot]), uint32(slot - start)
        )
    pools[size * images + slot] = slot


@kernel
def throw_dice(
    flat,
    previous,
    composed,
    cols,
    blocks,
    pools,
    sources,
    key,
    round_,
    ids,
    classes,
    starts,
    faces,
    shifts,
):
    """Throw the dice of one group of words per thread: one word and one die for each block.

    See `draw_cpu.draw_round`; with ``composed``, after the rounds of the map ``previous``.
    """
    words = cuda.shared.array((WORDS, THREADS), np.uint32)
    thread = cuda.threadIdx.x
    images = ids.size
    item = int64(cuda.blockIdx.x) * THREADS + thread
    slot, group = item % images, item // images
    first = group * WORDS
    if first >= blocks:
        return
    fill_words(words, thread, key, DIE, round_, ids[slot], group)
    class_size = starts[classes[slot] + 1] - starts[classes[slot]]
    size = min(class_size - 1, sources)
    die_faces, die_shift = faces[size], shifts[size]
    col = first % cols
    block = first // cols * images * cols + col  # its entry for slot 0
    for w in range(min(WORDS, blocks - first)):
        face = throw_die(words[w, thread], die_faces, die_shift)
        source = int64(pools[min(int64(face), size) * images + slot])
        if composed:
            source = int64(previous[block + source * cols])
        flat[block + slot * cols] = source
        block += 1
        col += 1
        if col == cols:
            block += (images - 1) * cols
            col = 0


def draw(flat, spare, pools, rows, cols, key, rounds, ids, classes, starts, faces, shifts, stream):
    """Draw the map of all rounds on the device, without waiting for it.

    Parameters
    ----------
    flat, spare : (rows * N * cols,) int32 device arrays, written
        Memory of two maps, one of which becomes the result. One round does not use ``spare``.
    pools : ((sources + 1) * N,) int32 device array, written
    rows, cols : int
        Number of rows and of columns of blocks.
    key : tuple of 8 uint32
        Goes with each launch, and is not left in device memory.
    rounds : int
    ids, classes, starts, faces, shifts
        See `draw_cpu.draw_round`; on the device.
    stream : stream of numba

    Returns
    -------
    ``flat`` or ``spare``, whichever holds the map.
    """
    images, blocks, sources = ids.size, rows * cols, faces.size - 1
    groups = (blocks + WORDS - 1) // WORDS
    for round_ in range(rounds):
        launch(
            fill_pools, blocks_for(images), stream,
            pools, sources, key, round_, ids, classes, starts,
        )  # fmt: skip
        launch(
            throw_dice, blocks_for(images * groups), stream,
            flat, spare, round_ > 0, cols, blocks, pools, sources, key, round_, ids, classes,
            starts, faces, shifts,
        )  # fmt: skip
        flat, spare = spare, flat
    return spare
