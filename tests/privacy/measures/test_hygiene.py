"""What mixing cannot hide: near-duplicates, small labels, metadata."""

import os

import numpy as np
import pytest
from builders import random_images
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from blockmix.privacy import Pair
from blockmix.privacy.measures.hygiene import (
    inspect_files,
    near_duplicates,
    small_labels,
)


def test_near_duplicates():
    images = np.repeat(np.repeat(random_images(6, 8, 9, 3), 8, axis=1), 8, axis=2)
    images[3] = np.clip(images[1].astype(int) + 3, 0, 255)  # the same picture, lighter
    images[4] = images[0]
    images[5] = images[0]
    labels = ["x", "x", "x", "x", "x", "y"]  # the copy in another label does not count
    pair = Pair.of_arrays(images, images, labels, block=8)
    counts = near_duplicates(pair)
    assert (counts["images"], counts["pairs"]) == (4, 2)
    assert counts["share"] == pytest.approx(4 / 6)


def test_small_labels():
    assert small_labels({"a": 11, "b": 10, "c": 2}, sources=10) == ["b", "c"]


@pytest.fixture
def clean(tmp_path):
    """A folder of files without metadata, as blockmix writes them."""
    for number, pixels in enumerate(random_images(4, 8, 8, 3)):
        suffix = (".jpg", ".png", ".webp", ".jpg")[number]
        path = tmp_path / "mixed" / "cat" / f"{number}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        os.utime(path, (0, 0))
    return tmp_path / "mixed"


def test_clean_files_reveal_nothing(clean):
    assert inspect_files(clean, ["photo.jpg"]) == {
        "files": 4,
        "metadata": 0,
        "kept_names": 0,
        "times": 1,
        "examples": [],
    }


def test_metadata_names_and_times_are_counted(clean):
    pixels = Image.fromarray(random_images(8, 8, 3))
    exif = Image.Exif()
    exif[271] = "maker"
    pixels.save(clean / "cat" / "0.jpg", exif=exif)
    pixels.save(clean / "cat" / "3.jpg", comment=b"who it is")
    text = PngInfo()
    text.add(b"tEXt", b"Author\0somebody", after_idat=True)  # after the pixels
    pixels.save(clean / "cat" / "1.png", pnginfo=text)
    pixels.save(clean / "cat" / "2.webp", icc_profile=b"profile")
    counts = inspect_files(clean, ["deep/3.png", "4.png"])
    assert (counts["metadata"], counts["kept_names"]) == (4, 1)
    assert counts["times"] > 1
    assert counts["examples"] == ["cat/0.jpg", "cat/1.png", "cat/2.webp", "cat/3.jpg"]
