"""Who is told of groups: sets of folders that may be persons, and of images that look alike."""

import shutil

import numpy as np
import pytest
from builders import write_images
from PIL import Image

from blockmix import mix_folder
from blockmix.datasets.folder.image_folder import FileSample
from blockmix.datasets.group_hint import hint_of_folders, hint_of_likeness, sample_to_compare


def samples(*names):
    pairs = [name.split("/", 1) for name in names]
    return [FileSample(number, None, label, name) for number, (label, name) in enumerate(pairs)]


def numbered(count, label="cat"):
    return samples(*(f"{label}/{number:04}.png" for number in range(count)))


PERSONS = [f"{label}/p{person}/{i}.png" for label in "xy" for person in "12" for i in range(3)]


class TestFolders:
    def test_of_persons_below_the_labels(self):
        hint = hint_of_folders(samples(*PERSONS))
        assert "most images lie in folders below their label, such as x/p1: " in hint
        assert "--groups parent" in hint

    @pytest.mark.parametrize(("beside", "hinted"), [(11, True), (12, False)])
    def test_most_images_lie_in_them(self, beside, hinted):
        names = PERSONS + [f"x/{number}.png" for number in range(beside)]
        assert (hint_of_folders(samples(*names)) is not None) is hinted

    @pytest.mark.parametrize(
        "names",
        [
            [f"{label}/images/{i}.png" for label in "xy" for i in range(9)],
            [f"x/p{i}/1.png" for i in range(9)],
            [f"x/part/p{person}/{i}.png" for person in "12" for i in range(9)],
            [f"x/{i}.png" for i in range(9)],
        ],
        ids=["one folder a label", "one image a folder", "two levels", "no folders"],
    )
    def test_that_cannot_be_persons(self, names):
        assert hint_of_folders(samples(*names)) is None


class TestSample:
    def test_of_few_images_is_all(self):
        assert sample_to_compare(numbered(256)) == set(range(256))

    def test_of_many_images_is_some_with_their_neighbours(self):
        ids = sorted(sample_to_compare(numbered(2000)))
        runs = np.array(ids).reshape(-1, 16)
        assert len(ids) == 256
        assert (runs[:, 0] == np.arange(16) * 8 * 16).all()
        assert (np.diff(runs, axis=1) == 1).all()


class TestLikeness:
    @staticmethod
    def hashes(count, alike):
        """Hashes that are far from each other, but for some that are equal."""
        rng = np.random.default_rng(0)
        values = [int(value) for value in rng.integers(0, 2**63, count)]
        return values[:-alike] + values[:1] * alike if alike else values

    @pytest.mark.parametrize(
        ("count", "alike", "hinted"),
        [(100, 4, True), (100, 3, False), (100, 0, False), (64, 63, True), (63, 62, False)],
    )
    def test_many_images_that_look_alike(self, count, alike, hinted):
        hint = hint_of_likeness(zip(numbered(count), self.hashes(count, alike), strict=True))
        assert (hint is not None) is hinted
        assert not hinted or f"{alike + 1} of {count} images" in hint

    def test_labels_are_looked_at_one_by_one(self):
        cats, dogs = numbered(50), numbered(50, "dog")
        hashes = self.hashes(50, 0)
        assert hint_of_likeness(zip(cats + dogs, hashes * 2, strict=True)) is None


@pytest.fixture
def alike(tmp_path):
    """96 pictures of 32 scenes."""
    src = write_images(tmp_path / "src", {"cat": 32})
    for path in sorted((src / "cat").iterdir()):
        for copy in "ab":
            shutil.copy(path, path.with_stem(path.stem + copy))
    return src


def test_a_run_looks_at_its_images(alike, tmp_path):
    for grey in (False, True):
        if grey:
            for path in (alike / "cat").iterdir():
                Image.open(path).convert("L").save(path)
        summary = mix_folder(alike, tmp_path / f"dst{grey}", block=8)
        (note,) = summary.notes
        assert note.startswith("96 of 96 images that were compared look like another one")
        assert str(summary).splitlines()[-1] == f"note: {note}"


def test_a_run_with_groups_is_not_told_of_them(alike, tmp_path):
    groups = {f"cat/{path.name}": path.stem[:3] for path in (alike / "cat").iterdir()}
    assert mix_folder(alike, tmp_path / "dst", block=8, groups=groups).notes == ()


def test_a_run_of_different_images_is_told_nothing(tmp_path):
    src = write_images(tmp_path / "src", {"cat": 100, "dog": 100})
    assert mix_folder(src, tmp_path / "dst", block=8).notes == ()


def test_a_run_is_told_once(tmp_path):
    """Folders of persons whose images look alike too."""
    people = {f"{label}/{label}{person}": 40 for label in ("cat", "dog") for person in "12"}
    src = write_images(tmp_path / "src", people)
    for path in src.rglob("*.png"):
        Image.new("RGB", (16, 16)).save(path)
    (note,) = mix_folder(src, tmp_path / "dst", block=8).notes
    assert "such as cat/cat1: " in note
    groups = {path.relative_to(src): path.parent.name for path in src.rglob("*.png")}
    for given in ("parent", groups):
        assert mix_folder(src, tmp_path / "dst", block=8, groups=given, overwrite=True).notes == ()
