"""The draw on the GPU: the same words, pools and dice as on the CPU, one per thread.

The map has the same order as on the CPU, so that either side can apply it: see `draw_cpu`.
"""

import numpy as np
from numba import int64, njit, uint32

from .chacha import CONSTANTS, DOUBLE_ROUNDS, quarter_round
from .cuda import THREADS, blocks_for, cuda, device, kernel, launch
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
def fill_words(words, thread, key, purpose, round_, image_id, word_group):
    """Fill one group of words of an image, in the thread's column of shared memory.

    The state of ChaCha20 is in sixteen variables, which are registers: an array would be local
    memory. A double round is `chacha.QUARTER_ROUNDS`, written out.
    """
    counter = uint32(word_group)
    first, second, third = nonce(purpose, round_, image_id)
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


@device
def own_group(group_runs, slot):
    """The slot at which the group of an image begins, and the size of the group."""
    start, size = int64(slot), int64(1)
    if group_runs.size > 0:
        start, size = int64(group_runs[2 * slot]), int64(group_runs[2 * slot + 1])
    return start, size


@kernel
def fill_pools(pools, max_sources, key, round_, ids, class_of_slot, starts, group_runs):
    """Fill the pool of each image with slots, and append the image's own.

    ``pools`` is (max_sources + 1, N) int32, flat: member after member of all images, so that the
    threads of a warp read and write neighbours.
    """
    words = cuda.shared.array((WORDS, THREADS), np.uint32)
    thread = cuda.threadIdx.x
    slot = int64(cuda.blockIdx.x) * THREADS + thread
    image_count = ids.size
    if slot >= image_count:
        return
    start = starts[class_of_slot[slot]]
    group_start, group_size = own_group(group_runs, slot)
    candidates = starts[class_of_slot[slot] + 1] - start - group_size
    pool_size = min(candidates, max_sources)
    for m in range(pool_size):
        word = pool_word(m) % WORDS
        if word == 0:
            fill_words(words, thread, key, POOL, round_, ids[slot], pool_word(m) // WORDS)
        last = floyd_last(uint32(candidates), uint32(pool_size), uint32(m))
        pick = below(words[word, thread], words[word + 1, thread], uint32(last + uint32(1)))
        for earlier in range(m):
            pick = floyd_distinct(pick, uint32(pools[earlier * image_count + slot]), last)
        pools[m * image_count + slot] = pick
    for m in range(pool_size):
        pools[m * image_count + slot] = start + other_member(
            uint32(pools[m * image_count + slot]), uint32(group_start - start), uint32(group_size)
        )
    pools[pool_size * image_count + slot] = slot


@kernel
def throw_dice(
    slot_map,
    previous_map,
    composed,
    cols,
    block_count,
    pools,
    max_sources,
    key,
    round_,
    ids,
    class_of_slot,
    starts,
    group_runs,
    faces,
    shifts,
):
    """Throw the dice of one group of words per thread: one word and one die for each block.

    See `draw_cpu.draw_round`; with ``composed``, after the rounds of the map ``previous_map``.
    """
    words = cuda.shared.array((WORDS, THREADS), np.uint32)
    thread = cuda.threadIdx.x
    image_count = ids.size
    item = int64(cuda.blockIdx.x) * THREADS + thread
    slot, word_group = item % image_count, item // image_count
    first = word_group * WORDS
    if first >= block_count:
        return
    fill_words(words, thread, key, DIE, round_, ids[slot], word_group)
    class_size = starts[class_of_slot[slot] + 1] - starts[class_of_slot[slot]]
    _, group_size = own_group(group_runs, slot)
    pool_size = min(class_size - group_size, max_sources)
    die_faces, die_shift = faces[pool_size], shifts[pool_size]
    col = first % cols
    entry = first // cols * image_count * cols + col  # of the block, for slot 0
    for w in range(min(WORDS, block_count - first)):
        face = throw_die(words[w, thread], die_faces, die_shift)
        # Eq. 5: a face of the pool names the source; any other face keeps the block.
        source = int64(pools[min(int64(face), pool_size) * image_count + slot])
        if composed:
            source = int64(previous_map[entry + source * cols])
        slot_map[entry + slot * cols] = source
        entry += 1
        col += 1
        if col == cols:
            entry += (image_count - 1) * cols
            col = 0


def draw(
    slot_map, spare, pools, rows, cols, key, rounds, ids, class_of_slot, starts, group_runs, faces,
    shifts, stream,
):  # fmt: skip
    """Draw the map of all rounds on the device, without waiting for it.

    Parameters
    ----------
    slot_map, spare : (rows * N * cols,) int32 device arrays, written
        Memory of two maps, one of which becomes the result. One round does not use ``spare``.
    pools : ((sources + 1) * N,) int32 device array, written
    rows, cols : int
        Number of rows and of columns of blocks.
    key : tuple of 8 uint32
        Goes with each launch, and is not left in device memory.
    rounds : int
    ids, class_of_slot, starts, group_runs, faces, shifts
        See `draw_cpu.draw_round`; on the device.
    stream : stream of numba

    Returns
    -------
    ``slot_map`` or ``spare``, whichever holds the map.
    """
    image_count, block_count, max_sources = ids.size, rows * cols, faces.size - 1
    word_groups = (block_count + WORDS - 1) // WORDS
    for round_ in range(rounds):
        launch(
            fill_pools, blocks_for(image_count), stream,
            pools, max_sources, key, round_, ids, class_of_slot, starts,
            group_runs,
        )  # fmt: skip
        launch(
            throw_dice, blocks_for(image_count * word_groups), stream,
            slot_map, spare, round_ > 0, cols, block_count, pools, max_sources, key, round_, ids,
            class_of_slot, starts, group_runs, faces, shifts,
        )  # fmt: skip
        slot_map, spare = spare, slot_map
    return spare
