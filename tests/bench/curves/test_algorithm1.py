"""The paper's algorithm does what the paper says, and the two forms of it do the same."""

import numpy as np
import pytest
from builders import random_images
from PIL import Image

from blockmix.bench.curves import algorithm1

BLOCK = (48, 24)
LABELS = np.arange(24) % 2


@pytest.fixture
def images():
    return random_images(24, 192, 192, 3)


def blocks_at(images, place):
    row, col = place
    return images[:, row * 48 : (row + 1) * 48, col * 24 : (col + 1) * 24]


def test_every_block_comes_from_the_same_place_and_label(images):
    mixed = images.copy()
    algorithm1.mix_cached(mixed, LABELS, range(24), BLOCK, 10, np.random.default_rng(0))
    replaced = []
    for place in np.ndindex(4, 8):
        originals = {block.tobytes(): index for index, block in enumerate(blocks_at(images, place))}
        for index, block in enumerate(blocks_at(mixed, place)):
            source = originals[block.tobytes()]
            assert LABELS[source] == LABELS[index]
            replaced.append(source != index)
    # A half, less the chance of a twelfth that an image is picked for itself.
    assert abs(np.mean(replaced) - 0.5 * 11 / 12) < 0.06


def test_a_finished_image_is_read_as_it_is_by_then():
    # Three images, three sources: each may give to each. The last one can only get what has come
    # through the second from the first if the second was finished by then.
    images = np.stack([np.full((192, 192, 3), value, np.uint8) for value in range(3)])
    algorithm1.mix_cached(images, np.zeros(3, int), [1], (6, 6), 3, np.random.default_rng(0))
    finished = images[1].copy()
    assert set(np.unique(finished)) == {0, 1, 2}
    images[0] = 9  # gone by now: zeros can come from the second image alone
    algorithm1.mix_cached(images, np.zeros(3, int), [2], (6, 6), 3, np.random.default_rng(1))
    zeros = images[2] == 0
    assert zeros.any()
    assert (finished[zeros] == 0).all()


def test_files_and_memory_come_to_the_same(images, tmp_path):
    paths = [tmp_path / f"{index}.png" for index in range(24)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    chosen = [3, 0, 3, 17]
    png = {"format": "PNG"}
    draws = np.random.default_rng(5)
    algorithm1.mix_files(paths, LABELS, chosen, BLOCK, 10, draws, save_options=png)
    mixed = images.copy()
    algorithm1.mix_cached(mixed, LABELS, chosen, BLOCK, 10, np.random.default_rng(5))
    assert np.array_equal(mixed, np.stack([np.asarray(Image.open(path)) for path in paths]))
    changed = [index for index in range(24) if not np.array_equal(mixed[index], images[index])]
    assert changed == [0, 3, 17]


def test_the_source_is_opened_for_every_replaced_block(images, tmp_path, monkeypatch):
    paths = [tmp_path / f"{index}.png" for index in range(24)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    opened, read_resized = [], algorithm1.read_resized
    monkeypatch.setattr(
        algorithm1, "read_resized", lambda path: (opened.append(path), read_resized(path))[1]
    )
    algorithm1.mix_files(paths, LABELS, [4], (6, 6), 10, np.random.default_rng(0))
    assert opened[0] == paths[4]
    assert abs(len(opened) - 1 - 512) < 70  # half of 1,024 blocks, four deviations
    assert {paths.index(path) % 2 for path in opened} == {0}
