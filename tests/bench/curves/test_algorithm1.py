"""The paper's algorithm mixes as the paper says, in the same way on files and in memory."""

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


def blocks_in(images, cell):
    row, col = cell
    return images[:, row * 48 : (row + 1) * 48, col * 24 : (col + 1) * 24]


def test_every_block_comes_from_the_same_cell_and_label(images):
    mixed = images.copy()
    algorithm1.mix_cached(mixed, LABELS, range(24), BLOCK, 10, np.random.default_rng(0))
    replaced = []
    for cell in np.ndindex(4, 8):
        originals = {block.tobytes(): index for index, block in enumerate(blocks_in(images, cell))}
        for index, block in enumerate(blocks_in(mixed, cell)):
            source = originals[block.tobytes()]
            assert LABELS[source] == LABELS[index]
            replaced.append(source != index)
    # One half, less the chance of one twelfth that an image is its own source.
    assert abs(np.mean(replaced) - 0.5 * 11 / 12) < 0.06


def test_finished_images_are_sources_of_later_ones():
    # With three images and three sources, all images are sources of all. Blocks of the first image
    # can reach the last one through the second, if the second is mixed before.
    images = np.stack([np.full((192, 192, 3), value, np.uint8) for value in range(3)])
    algorithm1.mix_cached(images, np.zeros(3, int), [1], (6, 6), 3, np.random.default_rng(0))
    finished = images[1].copy()
    assert set(np.unique(finished)) == {0, 1, 2}
    images[0] = 9  # overwritten: zeros can only come from the second image
    algorithm1.mix_cached(images, np.zeros(3, int), [2], (6, 6), 3, np.random.default_rng(1))
    zeros = images[2] == 0
    assert zeros.any()
    assert (finished[zeros] == 0).all()


def test_files_and_memory_give_the_same_images(images, tmp_path):
    paths = [tmp_path / f"{index}.png" for index in range(24)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    indices = [3, 0, 3, 17]
    png = {"format": "PNG"}
    rng = np.random.default_rng(5)
    algorithm1.mix_files(paths, LABELS, indices, BLOCK, 10, rng, save_options=png)
    mixed = images.copy()
    algorithm1.mix_cached(mixed, LABELS, indices, BLOCK, 10, np.random.default_rng(5))
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
