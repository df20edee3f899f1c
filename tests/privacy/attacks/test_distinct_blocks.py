"""Copies of a block count as one block, with and without loss."""

import io

import numpy as np
from builders import random_images
from PIL import Image

from blockmix.privacy.attacks.distinct_blocks import distinct_blocks


def smooth_blocks(count):
    """Blocks of random gradients, (count, 24, 24, 3)."""
    ends = np.random.default_rng(0).uniform(0, 255, (count, 2, 1, 3))
    ramp = np.linspace(0, 1, 24)[:, None]
    columns = ends[:, :1] * ramp + ends[:, 1:] * (1 - ramp)
    return np.broadcast_to(columns.reshape(count, 24, 1, 3), (count, 24, 24, 3)).astype(np.uint8)


def test_equal_blocks_are_one():
    blocks = random_images(5, 7, 24, 1)[[0, 1, 1, 2, 0, 3, 4]]
    first_copies, numbers = distinct_blocks(blocks)
    assert first_copies.tolist() == [0, 1, 3, 5, 6]
    assert numbers.tolist() == [0, 1, 1, 2, 0, 3, 4]


def test_nearly_equal_blocks_differ_where_others_are_equal():
    blocks = random_images(4, 8, 8, 3)[[0, 1, 2, 3, 0]]
    blocks = np.concatenate([blocks, blocks[1:2] ^ 1])
    assert distinct_blocks(blocks)[1].tolist() == [0, 1, 2, 3, 0, 4]


def test_most_copies_after_jpeg_are_one():
    blocks = []
    for block in smooth_blocks(20):
        for offset in (0, 16):  # of the block in the picture that is stored
            pixels = np.full((48, 48, 3), 90, np.uint8)
            pixels[offset : offset + 24, :24] = block
            jpeg = io.BytesIO()
            Image.fromarray(pixels).save(jpeg, "JPEG", quality=90)
            blocks.append(np.asarray(Image.open(jpeg))[offset : offset + 24, :24])
    first_copies, numbers = distinct_blocks(np.stack(blocks))
    first, second = numbers.reshape(20, 2).T
    assert (first == second).mean() > 0.7
    assert len(first_copies) == 20 + (first != second).sum()  # no two different blocks are one


def test_a_single_block():
    first_copies, numbers = distinct_blocks(random_images(1, 1, 3, 3))
    assert first_copies.tolist() == numbers.tolist() == [0]
