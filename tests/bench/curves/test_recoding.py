"""What runs on files are measured against."""

import numpy as np
import pytest
from PIL import Image

from blockmix import Key, mix_folder
from blockmix.bench.common import faces, originals
from blockmix.bench.curves.recoding import (
    read_resized_fast,
    recode,
    recode_by_pillow,
    time_recoding,
)


@pytest.fixture(params=[224, 1152, 1153, 2400])
def photograph(request, tmp_path):
    """A JPEG file; some are decoded at a fraction of their size."""
    path = tmp_path / "photographs" / "a" / "face.jpg"
    path.parent.mkdir(parents=True)
    Image.fromarray(faces.face(0, 0)).resize((request.param,) * 2).save(path)
    return path


def recoded(one, path):
    """What a function makes of a file."""
    with open(path.with_suffix(".out"), "w+b", buffering=0) as file:
        one(path, file)
        file.seek(0)
        return file.read()


def test_the_ceiling_and_pillow_write_what_a_run_writes(photograph, tmp_path):
    source, mixed = photograph.parent.parent, tmp_path / "mixed"
    (source / "a" / "again.jpg").write_bytes(photograph.read_bytes())
    key = Key.from_seed(0)
    mix_folder(source, mixed, size=192, block=24, sources=1, probability=0, format="jpeg", key=key)
    written = {path.read_bytes() for path in mixed.rglob("*.jpg")}
    assert written == {recoded(recode, photograph)} == {recoded(recode_by_pillow, photograph)}


@pytest.mark.parametrize(
    ("photograph", "is_whole"),
    [(224, True), (1152, False), (1153, True), (2400, False)],
    indirect=["photograph"],
)
def test_only_large_images_are_decoded_smaller(photograph, is_whole):
    pixels = np.asarray(originals.read_resized(photograph))
    assert np.array_equal(pixels, np.asarray(read_resized_fast(photograph))) == is_whole


def test_every_image_is_recoded():
    recoded = []

    def one(path, file):
        assert not file.read()
        file.write(b"something")
        recoded.append(path)

    assert time_recoding(one, list(range(37)), 2) > 0
    assert sorted(recoded) == list(range(37))
