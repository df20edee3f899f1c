"""Similarity, the situations of section VI-A, and what no mixing can help."""

import os
from math import factorial, log10

import numpy as np
import pytest
from builders import random_images
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from blockmix import BlockGrid, SourceMap
from blockmix.privacy import Pair
from blockmix.privacy.checks import difference_hash, look_at_files, near_duplicates, small_labels
from blockmix.privacy.nearest import UNKNOWN
from blockmix.privacy.similarity import psnr, similarity, ssim
from blockmix.privacy.situations import situations
from blockmix.support.progress import no_progress


def swapped():
    """Three images of 1 x 2 blocks: block 0 goes round, block 1 is twice that of image 0."""
    images = random_images(3, 12, 24, 3)
    sources = np.array([[[1, 0]], [[2, 0]], [[0, 2]]], np.int32)
    plan = SourceMap(sources, BlockGrid.even(12, 24, block=12))
    return Pair.of_arrays(images, plan.apply(images), ["x"] * 3, block=12, source_map=plan)


def test_situations_are_counted():
    pair = swapped()
    counted = situations(pair, pair.sources)
    assert counted["erased"] == counted["repeated"] == pytest.approx(1 / 6)
    assert counted["copies"][:3] == pytest.approx([1 / 6, 4 / 6, 1 / 6])
    assert counted["own_kept"] == pytest.approx(2 / 6)
    assert counted["unmixed"] == 0
    assert counted["distinct_sources"] == 2
    assert (counted["whole_places"], counted["places"]) == (1, 2)


def test_equations_8_and_9():
    images = random_images(7, 12, 48, 3)
    labels = ["x", "x", "x", "x", "y", "y", "y"]
    pair = Pair.of_arrays(images, images, labels, block=12)
    counted = situations(pair, np.broadcast_to(np.arange(7)[:, None, None], (7, 1, 4)))
    assert counted["equation_8"] == pytest.approx(-log10(factorial(4) ** 4))
    assert counted["equation_9"] == pytest.approx(-log10(factorial(4) ** 7))
    assert counted["fixed_places"] == pytest.approx(log10((factorial(4) * factorial(3)) ** 4))
    assert (counted["own_kept"], counted["unmixed"], counted["erased"]) == (1, 1, 0)


def test_no_own_blocks_without_a_match():
    pair = swapped()
    blind = Pair(pair.originals, pair.mixed, pair.labels, pair.labels, ("x",), pair.grid)
    counted = situations(blind, pair.sources)
    assert counted["own_kept"] is counted["unmixed"] is None
    assert counted["erased"] == pytest.approx(1 / 6)


def test_where_nothing_is_known_nothing_is_said():
    pair = swapped()
    counted = situations(pair, np.full_like(pair.sources, UNKNOWN))
    for name in ("erased", "repeated", "copies", "own_kept", "unmixed"):
        assert counted[name] is None
    assert counted["told"] == counted["places"] == counted["distinct_sources"] == 0


def test_ssim_and_psnr():
    one, other = random_images(2, 32, 32, 3)
    assert ssim(one, one) == 1
    assert abs(ssim(one, other)) < 0.1
    assert psnr(one, one) == 100
    lighter = np.clip(one.astype(int) + 10, 0, 255).astype(np.uint8)
    error = ((lighter.astype(float) - one) ** 2).mean()
    assert psnr(one, lighter) == pytest.approx(10 * np.log10(255**2 / error))


def test_similarity_has_a_floor():
    images = random_images(10, 32, 32, 3)
    pair = Pair.of_arrays(images, images, [0] * 10, block=8)
    made = similarity(pair, pair.match, np.arange(6), 0, no_progress)
    assert made["images"] == 6
    assert made["ssim"] == {"value": 1, "low": 1, "high": 1}
    assert made["psnr"]["value"] == 100
    assert abs(made["ssim_floor"]["value"]) < 0.1
    assert 6 < made["psnr_floor"]["value"] < 9
    strangers = similarity(pair, np.roll(pair.match, 1), np.arange(6), 0, no_progress)
    assert strangers["ssim"]["value"] == pytest.approx(made["ssim_floor"]["value"], abs=0.05)


def test_near_duplicates():
    images = np.repeat(np.repeat(random_images(6, 8, 9, 3), 8, axis=1), 8, axis=2)
    images[3] = np.clip(images[1].astype(int) + 3, 0, 255)  # the same picture, lighter
    images[4] = images[0]
    images[5] = images[0]
    labels = ["x", "x", "x", "x", "x", "y"]  # of another label: no matter
    pair = Pair.of_arrays(images, images, labels, block=8)
    found = near_duplicates(pair)
    assert (found["images"], found["pairs"]) == (4, 2)
    assert found["share"] == pytest.approx(4 / 6)


def test_a_hash_is_of_what_is_seen():
    images = np.repeat(np.repeat(random_images(2, 8, 9), 4, axis=1), 4, axis=2)[..., None]
    larger = np.repeat(np.repeat(images, 2, axis=1), 2, axis=2)
    assert (difference_hash(images) == difference_hash(larger)).all()
    assert difference_hash(images)[0] != difference_hash(images)[1]


def test_small_labels():
    assert small_labels({"a": 11, "b": 10, "c": 2}, sources=10) == ["b", "c"]


@pytest.fixture
def clean(tmp_path):
    """A folder such as blockmix writes."""
    for number, pixels in enumerate(random_images(4, 8, 8, 3)):
        suffix = (".jpg", ".png", ".webp", ".jpg")[number]
        path = tmp_path / "mixed" / "cat" / f"{number}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        os.utime(path, (0, 0))
    return tmp_path / "mixed"


def test_clean_files_tell_nothing(clean):
    assert look_at_files(clean, ["photo.jpg"]) == {
        "files": 4,
        "metadata": 0,
        "kept_names": 0,
        "times": 1,
        "examples": [],
    }


def test_files_that_tell_are_found(clean):
    pixels = Image.fromarray(random_images(8, 8, 3))
    exif = Image.Exif()
    exif[271] = "maker"
    pixels.save(clean / "cat" / "0.jpg", exif=exif)
    pixels.save(clean / "cat" / "3.jpg", comment=b"who it is")
    text = PngInfo()
    text.add(b"tEXt", b"Author\0somebody", after_idat=True)  # behind the pixels
    pixels.save(clean / "cat" / "1.png", pnginfo=text)
    pixels.save(clean / "cat" / "2.webp", icc_profile=b"profile")
    found = look_at_files(clean, ["deep/3.png", "4.png"])
    assert (found["metadata"], found["kept_names"]) == (4, 1)
    assert found["times"] > 1
    assert found["examples"] == ["cat/0.jpg", "cat/1.png", "cat/2.webp", "cat/3.jpg"]
