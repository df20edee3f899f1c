"""The images to measure on: generated, or from a folder, labels in turns."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from builders import write_images

from blockmix import InputError, WorkError
from blockmix.bench.common import faces, originals


def test_faces_are_smooth_distinct_and_reproducible():
    picture = faces.face(0, 0)
    assert picture.shape == (224, 224, 3)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, faces.face(0, 0))
    assert not np.array_equal(picture, faces.face(0, 1))
    assert not np.array_equal(picture, faces.face(1, 0))
    steps = np.abs(np.diff(picture.astype(int), axis=0))
    assert steps.mean() < 8  # of random bytes it is 85
    assert picture.std() > 10


def test_generated_files(tmp_path):
    generated = originals.generate(tmp_path, 5)
    assert len(generated.paths) == 6  # equally many of each label
    assert [path.parent.name for path in generated.paths] == ["label0", "label1"] * 3
    description = generated.describe()
    assert description["kind"] == "generated"
    assert description["stored_size"] == [224, 224]
    assert 10_000 < description["median_file_bytes"] < 60_000


@pytest.fixture
def folder(tmp_path):
    return write_images(tmp_path / "photos", {"b": 14, "a": 12}, size=(20, 30))


def test_a_folder_gives_equally_many_images_of_each_label(folder):
    images = originals.from_folder(folder, 1000)
    assert (images.labels, len(images.paths)) == (2, 24)
    assert [path.parent.name for path in images.paths] == ["a", "b"] * 12
    assert len(originals.from_folder(folder, 23).paths) == 24
    assert len(originals.from_folder(folder, 5).paths) == 22  # fewer could not be mixed
    assert str(folder) not in str(images.describe())


def test_copies_have_folders_of_labels_and_equal_bytes(folder, tmp_path):
    images = originals.from_folder(folder, 1000)
    copies = images.copy_to(tmp_path / "copies", 5)
    assert [path.parent.name for path in copies] == ["label000", "label001"] * 2 + ["label000"]
    for path, copy in zip(images.paths, copies, strict=False):
        assert path.read_bytes() == copy.read_bytes()


def test_pixels_repeat_in_step_with_the_labels(folder):
    images = originals.from_folder(folder, 1000)
    with ThreadPoolExecutor(2) as pool:
        pixels = images.pixels(61, pool)
        assert np.array_equal(pixels[:7], images.pixels(7, pool))
    assert np.array_equal(pixels, np.tile(pixels[:24], (3, 1, 1, 1))[:61])
    assert np.array_equal(pixels[5], np.asarray(originals.read_resized(images.paths[5])))


def test_a_file_that_cannot_be_used_is_named(folder):
    (folder / "a" / "zzz.png").write_bytes(b"not an image")
    (folder / "b" / "zzz.png").write_bytes(b"not an image")
    with pytest.raises(WorkError, match=r"photos/a/zzz.png"):
        originals.from_folder(folder, 1000)


@pytest.mark.parametrize(
    ("labels", "message"),
    [({}, "holds no folder for a label"), ({"a": 12, "b": 10}, "has 10 images, but 10 sources")],
)
def test_folders_that_cannot_be_measured(tmp_path, labels, message):
    write_images(tmp_path, labels)
    with pytest.raises(InputError, match=message):
        originals.from_folder(tmp_path, 100)


def test_no_folder(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        originals.from_folder(tmp_path / "photos", 100)
