"""Small maps in full: the draw of version 1, which never changes once released."""

import numpy as np

from blockmix import BlockMixer, Key
from blockmix.kernels import reference

SECRET = bytes(range(32))
LABELS = [0, 1, 0, 1, 0, 1, 0, 1]
MAP = [
    [[2, 2, 2], [6, 2, 2]],
    [[7, 5, 1], [7, 1, 1]],
    [[2, 2, 2], [4, 4, 4]],
    [[7, 3, 1], [3, 5, 5]],
    [[0, 0, 2], [0, 4, 4]],
    [[7, 5, 7], [7, 3, 7]],
    [[2, 2, 2], [0, 0, 2]],
    [[5, 1, 1], [3, 5, 7]],
]
# With groups, and pools of three or fewer.
GROUPED_LABELS = [0, 1, 0, 1, 0, 1, 0, 1, 0, 0]
GROUPS = ["a", "a", "b", "b", "a", "c", "c", "a", "b", "d"]
GROUPED_MAP = [
    [[9, 2, 2], [8, 0, 2]],
    [[3, 5, 1], [3, 1, 5]],
    [[9, 9, 9], [9, 2, 6]],
    [[3, 5, 7], [3, 3, 1]],
    [[6, 2, 8], [2, 6, 6]],
    [[7, 5, 1], [5, 5, 1]],
    [[2, 2, 2], [6, 8, 2]],
    [[3, 5, 3], [7, 3, 5]],
    [[9, 8, 9], [0, 4, 4]],
    [[9, 9, 2], [9, 2, 2]],
]
# SHA-256 of "blockmix seed 0"
SEED_0 = "cc3a3d145e06fa406f7a2570de1a53ca35d9080d392e4d1b333222f5837bc308"


def test_published_map():
    mixer = BlockMixer(block=1, sources=2, rounds=2, probability=0.5, key=Key(SECRET))
    drawn = mixer.plan(LABELS, height=2, width=3).sources
    assert drawn.tolist() == MAP


def test_published_map_by_the_reference():
    drawn = reference.source_map(SECRET, LABELS, 6, sources=2, rounds=2, probability=0.5)
    assert drawn.reshape(8, 2, 3).tolist() == MAP


def test_published_map_with_groups():
    mixer = BlockMixer(block=1, sources=3, probability=0.75, key=Key(SECRET), small_classes="clamp")
    drawn = mixer.plan(GROUPED_LABELS, height=2, width=3, groups=GROUPS).sources
    assert drawn.tolist() == GROUPED_MAP


def test_published_map_with_groups_by_the_reference():
    drawn = reference.source_map(
        SECRET, GROUPED_LABELS, 6, sources=3, rounds=1, probability=0.75, groups=GROUPS
    )
    assert drawn.reshape(10, 2, 3).tolist() == GROUPED_MAP


def test_seeds_are_part_of_the_rule():
    words = Key.from_seed(0).words()
    assert np.array(words, "<u4").tobytes().hex() == SEED_0
