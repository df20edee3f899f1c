"""The draw on the CPU: all images in parallel, one image after another within a thread."""

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
    word_group,
)
from .threads import parallel, serial


@serial
def fill_words(words, key, purpose, round_, image, group):
    drawn = word_group(key, purpose, round_, image, group)
    for w in range(WORDS):
        words[w] = drawn[w]


@serial
def fill_pool(pool, words, key, round_, image, own_rank, class_size):
    """Fill a pool with ranks within the class, for one image and round."""
    for m in range(pool.size):
        at = pool_word(m) % WORDS
        if at == 0:
            fill_words(words, key, POOL, round_, image, pool_word(m) // WORDS)
        last = floyd_last(uint32(class_size), uint32(pool.size), uint32(m))
        pick = below(words[at], words[at + 1], uint32(last + uint32(1)))
        for earlier in range(m):
            pick = floyd_distinct(pick, pool[earlier], last)
        pool[m] = pick
    for m in range(pool.size):
        pool[m] = other_member(pool[m], own_rank)


@serial
def draw_image(sources, key, round_, image, position, members, own_rank, faces, shifts):
    """Fill the sources of one image (1-D, one entry a block); its class is ``members``."""
    words = np.empty(WORDS, np.uint32)
    pool = np.empty(min(faces.size - 1, members.size - 1), np.uint32)
    fill_pool(pool, words, key, round_, image, uint32(own_rank), members.size)
    die_faces, die_shift = faces[pool.size], shifts[pool.size]
    for block in range(sources.size):
        at = block % WORDS
        if at == 0:
            fill_words(words, key, DIE, round_, image, block // WORDS)
        face = throw_die(words[at], die_faces, die_shift)
        if face < uint64(pool.size):
            sources[block] = members[pool[face]]
        else:
            sources[block] = position


@parallel
def draw_round(sources, key, round_, ids, members, classes, starts, faces, shifts):
    """Draw the map of one round.

    Parameters
    ----------
    sources : (N, blocks) int32, written
        Entry (i, b) becomes the position of the image whose block b goes to image i.
    key : tuple of 8 uint32
    round_ : int
    ids : (N,) uint64
        The id of the image at each position.
    members : (N,) int32
        Positions, class after class, in the order of ids within a class.
    classes : (N,) int32
        The class of each entry of ``members``.
    starts : (classes + 1,) int64
        Where each class begins in ``members``, and the end.
    faces, shifts : (sources + 1,) uint64
        The die for each pool size.
    """
    for slot in prange(members.size):
        position = members[slot]
        start, stop = starts[classes[slot]], starts[classes[slot] + 1]
        draw_image(
            sources[position],
            key,
            round_,
            ids[position],
            position,
            members[start:stop],
            slot - start,
            faces,
            shifts,
        )


@parallel
def compose(sources, before):
    """``sources[i, b] = before[sources[i, b], b]``: the earlier rounds, then this one."""
    for i in prange(sources.shape[0]):
        for b in range(sources.shape[1]):
            sources[i, b] = before[sources[i, b], b]
