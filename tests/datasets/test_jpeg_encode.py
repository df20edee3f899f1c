"""Images encoded by simplejpeg are those that Pillow encodes."""

import types

import numpy as np
import pytest
from builders import random_images
from hypothesis import given, settings
from hypothesis import strategies as st
from jpeg_files import alone, crops

from blockmix.datasets import jpeg, jpeg_encode
from blockmix.datasets.encode import Encoder
from blockmix.datasets.jpeg_encode import encode_jpeg

needs_simplejpeg = pytest.mark.skipif(
    jpeg.simplejpeg is None, reason="simplejpeg has no wheel for this machine"
)


@needs_simplejpeg
class TestWithSimplejpeg:
    @settings(max_examples=200)
    @given(
        st.integers(1, 300), st.integers(1, 300), st.booleans(), st.booleans(), st.integers(96, 100)
    )
    def test_bytes_are_pillows(self, height, width, grey, noise, quality):
        (image,) = (random_images if noise else crops)(1, height, width, *([] if grey else [3]))
        assert encode_jpeg(image, quality) == alone([image], quality)[0]

    def test_images_that_do_not_lie_in_one_piece(self):
        image = crops(1, 40, 30, 3)[0][::-1, ::2]
        assert encode_jpeg(image, 97) == alone([np.ascontiguousarray(image)], 97)[0]

    def test_lower_qualities_are_left_to_pillow(self):
        """There simplejpeg computes less accurately."""
        assert encode_jpeg(crops(1, 40, 30, 3)[0], 95) is None

    def test_it_is_used(self, tmp_path, monkeypatch):
        image = crops(1, 40, 30, 3)[0]
        encoder, path = Encoder("jpeg", 96), tmp_path / "image.jpg"
        encode_jpeg(image, 96)  # after its trial
        monkeypatch.setattr("PIL.Image.Image.save", None)
        with open(path, "w+b", buffering=0) as file:
            encoder.save(image, file)
        monkeypatch.undo()
        assert path.read_bytes() == alone([image], 96)[0]


def test_without_simplejpeg(monkeypatch):
    monkeypatch.setattr(jpeg, "simplejpeg", None)
    assert encode_jpeg(crops(1, 40, 30, 3)[0], 96) is None


@pytest.fixture
def forgetful():
    """Trials that are remembered are those of this test alone."""
    jpeg_encode._gives_pillows_bytes.cache_clear()
    yield
    jpeg_encode._gives_pillows_bytes.cache_clear()


@pytest.mark.usefixtures("forgetful")
def test_another_library_is_noticed(monkeypatch):
    other = types.SimpleNamespace(encode_jpeg=lambda *arguments, **options: b"others")
    monkeypatch.setattr(jpeg, "simplejpeg", other)
    assert encode_jpeg(crops(1, 40, 30, 3)[0], 96) is None
