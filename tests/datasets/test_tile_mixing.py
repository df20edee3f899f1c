"""What is known of images is a table of numbers, and any tile of a load can be mixed alone."""

import numpy as np
import pytest
from builders import random_images

from blockmix import BlockMixer, Key
from blockmix.arrays.batch import open_images
from blockmix.datasets.tile_mixing import member_table, mixed_tiles
from blockmix.datasets.tiles import Load, Tile
from blockmix.labels import partition

IMAGES = random_images(12, 4, 6)
LABELS = np.array(["b", "a"] * 6)
IDS = np.arange(12)[::-1] * 5
GROUPS = np.array([f"person {number // 3}" for number in range(12)])
MIXER = BlockMixer(block=2, sources=2, rounds=2, key=Key.from_seed(0))
WHOLE = Tile(slice(0, 2), slice(0, 3))


def table(loads, groups):
    parts = partition(LABELS, IDS, 2, "error", groups=groups)
    return member_table(loads, parts, groups)


@pytest.mark.parametrize("groups", [None, GROUPS], ids=["alone", "groups"])
@pytest.mark.parametrize("ends", [[12], [6, 12]], ids=str)
def test_the_table(groups, ends):
    loads = [Load(begin, end, [WHOLE]) for begin, end in zip([0, *ends], ends, strict=False)]
    members = table(loads, groups)
    for load in loads:
        assert (np.diff(members["image"][load.begin : load.end]) > 0).all()
    assert np.array_equal(np.sort(members["image"]), np.arange(12))
    assert np.array_equal(members["class"], LABELS[members["image"]] == "b")
    assert np.array_equal(members["id"], IDS[members["image"]])
    if groups is None:
        assert members.dtype.names == ("image", "class", "id")
    else:
        assert np.array_equal(members["group"], members["image"] // 3)


@pytest.mark.parametrize("groups", [None, GROUPS], ids=["alone", "groups"])
def test_tiles_together_and_alone(groups):
    tiles = [Tile(slice(0, 1), slice(0, 3)), Tile(slice(1, 2), slice(1, 3))]
    members = table([Load(0, 12, tiles)], groups)
    batch = open_images(IMAGES, "NHWC")
    expected = MIXER(IMAGES, LABELS, ids=IDS, groups=groups)
    together = list(mixed_tiles(MIXER, batch, members, tiles))
    alone = [next(mixed_tiles(MIXER, batch, members, [tile])) for tile in tiles]
    for index, mixed, _ in (*together, *alone, *mixed_tiles(MIXER, batch, members, [WHOLE])):
        assert np.array_equal(mixed, expected[index])
    assert [blocks for *_, blocks in alone] == [12 * 3, 12 * 2]
