"""The draw on the CPU: images are drawn in parallel, and side by side within a thread.

Images are in *slots*: class after class, in the order of `rule` within a class. The map names
slots, and holds one row of blocks of all images after another, as the gather reads it.
"""

import numpy as np
from numba import prange, uint32, uint64

from .rule import (
    DIE,
    POOL,
    WORDS,
    below,
    floyd_distinct,
    floyd_last,
    other_member,
    pool_word,
    throw_die,
)
from .threads import inlined, parallel, serial
from .words_cpu import LANES, fill_words


@inlined
def fill_pools(
    pools, pool_sizes, class_starts, candidates, group_starts, group_sizes, words, key, round_,
    ids, slot,
):  # fmt: skip
    """Fill the pool of the image in each lane with slots, and append the image's own."""
    largest = 0
    for lane in range(LANES):
        largest = max(largest, pool_sizes[lane])
    for m in range(largest):
        word = pool_word(m) % WORDS
        if word == 0:
            fill_words(words, key, POOL, round_, ids, pool_word(m) // WORDS)
        for lane in range(LANES):
            if m < pool_sizes[lane]:
                last = floyd_last(uint32(candidates[lane]), uint32(pool_sizes[lane]), uint32(m))
                pick = below(words[word, lane], words[word + 1, lane], uint32(last + uint32(1)))
                for earlier in range(m):
                    pick = floyd_distinct(pick, uint32(pools[lane, earlier]), last)
                pools[lane, m] = pick
    for lane in range(LANES):
        group_rank = uint32(group_starts[lane] - class_starts[lane])
        group_size = uint32(group_sizes[lane])
        for m in range(pool_sizes[lane]):
            rank = other_member(uint32(pools[lane, m]), group_rank, group_size)
            pools[lane, m] = class_starts[lane] + rank
        pools[lane, pool_sizes[lane]] = slot + lane


@inlined
def throw_dice(
    slot_map, rows, image_count, cols, slot, count, pools, pool_sizes, words, key, round_, ids,
    faces, shifts,
):  # fmt: skip
    """Fill the map of ``count`` images from ``slot`` on: one word and one die for each block."""
    to_next_row = (image_count - 1) * cols
    for word_group in range((rows * cols + WORDS - 1) // WORDS):
        fill_words(words, key, DIE, round_, ids, word_group)
        first = word_group * WORDS
        row, first_col = first // cols, first % cols
        for lane in range(count):
            kept = uint64(pool_sizes[lane])  # the index of the image's own slot in its pool
            die_faces, die_shift = faces[pool_sizes[lane]], shifts[pool_sizes[lane]]
            col = first_col
            entry = (row * image_count + slot + lane) * cols + col
            for w in range(min(WORDS, rows * cols - first)):
                face = throw_die(words[w, lane], die_faces, die_shift)
                # Eq. 5: a face of the pool names the source; any other face keeps the block.
                slot_map[entry] = pools[lane, min(face, kept)]
                entry += 1
                col += 1
                if col == cols:
                    entry += to_next_row
                    col = 0


@serial
def draw_lanes(
    slot_map, rows, cols, key, round_, slot, ids, class_of_slot, starts, group_runs, faces, shifts
):
    """Draw for the images from ``slot`` on, one per lane."""
    count = min(LANES, ids.size - slot)
    lane_ids = np.empty(LANES, np.uint64)
    class_starts = np.empty(LANES, np.int64)
    candidates = np.empty(LANES, np.int64)
    group_starts = np.empty(LANES, np.int64)
    group_sizes = np.empty(LANES, np.int64)
    pool_sizes = np.empty(LANES, np.int64)
    for lane in range(LANES):
        # Lanes beyond the last image draw for it again, and their draws are dropped.
        image_slot = slot + min(lane, count - 1)
        lane_ids[lane] = ids[image_slot]
        class_starts[lane] = starts[class_of_slot[image_slot]]
        group_starts[lane], group_sizes[lane] = image_slot, 1
        if group_runs.size > 0:
            group_starts[lane] = group_runs[2 * image_slot]
            group_sizes[lane] = group_runs[2 * image_slot + 1]
        class_size = starts[class_of_slot[image_slot] + 1] - class_starts[lane]
        candidates[lane] = class_size - group_sizes[lane]
        pool_sizes[lane] = min(candidates[lane], faces.size - 1)
    words = np.empty((WORDS, LANES), np.uint32)
    pools = np.empty((LANES, faces.size), np.int32)
    fill_pools(
        pools, pool_sizes, class_starts, candidates, group_starts, group_sizes, words, key, round_,
        lane_ids, slot,
    )  # fmt: skip
    throw_dice(
        slot_map, rows, ids.size, cols, slot, count, pools, pool_sizes, words, key, round_,
        lane_ids, faces, shifts,
    )  # fmt: skip


@parallel
def draw_round(
    slot_map, rows, cols, key, round_, ids, class_of_slot, starts, group_runs, faces, shifts
):
    """Draw the map of one round.

    Parameters
    ----------
    slot_map : (rows * N * cols,) int32, written
        Entry (r, s, c) of the map becomes the slot whose block (r, c) goes to the image in slot
        s. It has one axis, as a reshape takes 0.3 s to compile.
    rows, cols : int
        Number of rows and of columns of blocks.
    key : (8,) uint32
    round_ : int
    ids : (N,) uint64
        The id of the image in each slot.
    class_of_slot : (N,) int32
    starts : (classes + 1,) int64
        The slot at which each class begins, and the end.
    group_runs : (2 * N,) or (0,) int32
        For each slot the slot at which the group of its image begins, and the size of the group.
        Empty if every image is a group of its own.
    faces, shifts : (sources + 1,) uint64
        The die for each pool size.
    """
    for chunk in prange((ids.size + LANES - 1) // LANES):
        slot = chunk * LANES
        draw_lanes(
            slot_map, rows, cols, key, round_, slot, ids, class_of_slot, starts, group_runs, faces,
            shifts,
        )  # fmt: skip


@parallel
def compose(slot_map, previous_map):
    """Add a round: ``slot_map``, its map, becomes that of the previous rounds and this one.

    ``slot_map[r, s, c] = previous_map[r, slot_map[r, s, c], c]``
    """
    rows, image_count, cols = slot_map.shape
    for item in prange(rows * image_count):
        row, slot = item // image_count, item % image_count
        for col in range(cols):
            slot_map[row, slot, col] = previous_map[row, slot_map[row, slot, col], col]
