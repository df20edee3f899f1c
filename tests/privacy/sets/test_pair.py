"""A pair of sets, and what cannot be one."""

from dataclasses import replace

import numpy as np
import pytest
from builders import random_images

from blockmix import BlockMixer, InputError, InputTypeError
from blockmix.privacy import Pair


def test_classes_and_blocks():
    pair = Pair.of_arrays(
        random_images(5, 6, 9), random_images(5, 6, 9), ["b", "a", "b", "a", "a"], block=(4, 5)
    )
    assert pair.originals.shape == (5, 6, 9, 1)
    classes = [
        (name, originals.tolist(), mixed.tolist()) for name, originals, mixed in pair.classes()
    ]
    assert classes == [("a", [1, 3, 4], [1, 3, 4]), ("b", [0, 2], [0, 2])]
    assert pair.block(1, 1) == (slice(4, 6), slice(5, 9))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"mixed": random_images(4, 8, 8, 3)}, InputError, "same images before and after"),
        ({"mixed": random_images(5, 8, 8, 3).tolist()}, InputTypeError, "uint8, got list"),
        ({"originals": np.zeros((5, 8, 8, 3))}, InputTypeError, "uint8, got float64"),
        ({"originals": np.zeros((5, 8), np.uint8)}, InputError, r"got \(5, 8\)"),
        ({"labels": [0, 1]}, InputError, "one for each of 5 images, got 2"),
        ({"source_map": BlockMixer(block=2).plan([0] * 12, 8, 8)}, InputError, "another set"),
    ],
)
def test_arrays_that_do_not_fit_each_other(change, error, message):
    arguments = {
        "originals": random_images(5, 8, 8, 3),
        "mixed": random_images(5, 8, 8, 3),
        "labels": [0] * 5,
        "block": 4,
    }
    arguments |= change
    positional = [arguments.pop(name) for name in ("originals", "mixed", "labels")]
    with pytest.raises(error, match=message):
        Pair.of_arrays(*positional, **arguments)


def test_no_image_at_all():
    no_images = np.zeros((0, 8, 8, 3), np.uint8)
    with pytest.raises(InputError, match="at least one"):
        Pair.of_arrays(no_images, no_images, [], block=4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mixed": random_images(6, 8, 9, 3)}, "mixed is at least one image of 8 x 8"),
        ({"mixed_labels": np.zeros(2, np.int64)}, "and 2 labels"),
        (
            {"match": np.zeros(2, np.int64)},
            r"match is one original for each mixed image, got \(2,\)",
        ),
    ],
)
def test_parts_of_a_pair_that_do_not_fit_each_other(change, message):
    pair = Pair.of_arrays(random_images(6, 8, 8, 3), random_images(6, 8, 8, 3), [0] * 6, block=4)
    with pytest.raises(InputError, match=message):
        replace(pair, **change)
