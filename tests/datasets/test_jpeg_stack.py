"""Small JPEGs that are encoded together are those that Pillow encodes one by one."""

import os

import numpy as np
import pytest
from builders import random_images
from hypothesis import given, settings
from hypothesis import strategies as st
from jpeg_files import alone, crops
from PIL import Image, ImageFile

from blockmix.datasets import jpeg_stack
from blockmix.datasets.encode import Encoder
from blockmix.datasets.jpeg_stack import encode_stack


@settings(max_examples=200)
@given(
    st.integers(2, 20), st.integers(1, 60), st.integers(1, 60), st.booleans(), st.integers(1, 100)
)
def test_bytes_are_those_of_images_encoded_alone(count, height, width, grey, quality):
    images = crops(count, height, width, *([] if grey else [3]))
    assert encode_stack(images, range(count), quality) == alone(images, quality)


def test_some_of_the_images_in_another_order():
    images = random_images(9, 8, 11, 3)
    assert encode_stack(images, [5, 0, 8], 95) == alone(images[[5, 0, 8]], 95)


def test_more_images_than_one_stack_holds():
    images = random_images(20, 64, 64, 3)
    files = alone(images, 50)
    assert sum(map(len, files)) > ImageFile.MAXBLOCK
    assert encode_stack(images, range(20), 50) == files


def test_images_too_high_for_one_stack():
    images = np.zeros((9, 8191, 1), np.uint8)
    assert encode_stack(images, range(9), 95) == alone(images, 95)


@pytest.mark.parametrize(
    ("images", "indices"),
    [
        (random_images(4, 8, 8, 3), [2]),
        (random_images(4, 74, 74, 3), range(4)),
        (random_images(4, 8, 8, 3), []),
    ],
    ids=["one image", "large images", "no image"],
)
def test_what_is_not_stacked(images, indices):
    assert encode_stack(images, indices, 95) is None


def test_files_that_pillow_writes_in_pieces_are_left_to_it():
    """A part that the system does not take would not show at the end."""
    images = random_images(8, 64, 64, 3)
    assert sum(map(len, alone(images, 100))) > ImageFile.MAXBLOCK
    assert encode_stack(images, range(8), 100) is None


def test_a_library_that_encodes_otherwise_is_noticed(monkeypatch):
    """Such as one that chooses its Huffman codes by the whole image."""
    save = Image.Image.save

    def optimize(image, *arguments, **options):
        return save(image, *arguments, **options, optimize=True)

    jpeg_stack._header.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "save", optimize)
        assert encode_stack(crops(4, 16, 16, 3), range(4), 95) is None
    jpeg_stack._header.cache_clear()
    assert encode_stack(crops(4, 16, 16, 3), range(4), 95) is not None


class TestEncoder:
    IMAGES = random_images(4, 8, 8, 3)

    def test_jpeg(self):
        files = Encoder("jpeg", 95).encode_small(self.IMAGES, range(4))
        assert files == alone(self.IMAGES, 95)

    @pytest.mark.parametrize("format", ["png", "webp"])
    def test_other_formats(self, format):
        assert Encoder(format, None).encode_small(self.IMAGES, range(4)) is None

    @pytest.mark.parametrize(
        "error", [OSError(24, "Too many open files"), MemoryError(), SystemError("no codec")]
    )
    def test_what_fails_is_left_to_single_images(self, monkeypatch, error):
        def fail(*_):
            raise error

        monkeypatch.setattr(os, "memfd_create", fail)
        assert Encoder("jpeg", 95).encode_small(self.IMAGES, range(4)) is None

    def test_a_system_without_files_in_memory(self, monkeypatch):
        monkeypatch.delattr(os, "memfd_create")
        assert Encoder("jpeg", 95).encode_small(self.IMAGES, range(4)) is None
