"""Which files count as images of a set, and which folders are refused."""

import pytest
from builders import write_images

from blockmix import InputError
from blockmix.datasets.folder.image_folder import ImageFolder
from blockmix.datasets.folder.scan import list_images


def names(src):
    return [f"{label}:{name}" for label, name in list_images(src)]


def test_candidates_are_sorted_and_numbered(tmp_path):
    write_images(tmp_path, {"b": 2, "a": 1})
    (tmp_path / "b" / "deep" / "er").mkdir(parents=True)
    (tmp_path / "b" / "deep" / "er" / "x.png").touch()
    assert names(tmp_path) == ["a:000.png", "b:000.png", "b:001.png", "b:deep/er/x.png"]
    assert [sample.id for sample in ImageFolder(tmp_path).samples()] == [0, 1, 2, 3]


def test_hidden_files_and_litter_are_passed_over(tmp_path):
    write_images(tmp_path, {"a": 1})
    for litter in (".DS_Store", "a/.DS_Store", "a/Thumbs.db", "a/desktop.ini"):
        (tmp_path / litter).touch()
    (tmp_path / ".git").mkdir()
    (tmp_path / "a" / ".cache").mkdir()
    (tmp_path / "a" / ".cache" / "x.png").touch()
    assert names(tmp_path) == ["a:000.png"]


@pytest.mark.parametrize(
    "folder", ["@eaDir", "@EADIR", "#recycle", "@Recycle", "__MACOSX", "$RECYCLE.BIN", "~snapshot"]
)
def test_folders_of_litter_are_passed_over(tmp_path, folder):
    """Such as thumbnails that a NAS keeps beside each image."""
    write_images(tmp_path, {"a": 1})
    for folder_above in ("", "a/", "a/deep/"):
        (tmp_path / folder_above / folder / "000.png").mkdir(parents=True)
        (tmp_path / folder_above / folder / "000.png" / "SYNOPHOTO_THUMB_XL.jpg").touch()
    assert names(tmp_path) == ["a:000.png"]


@pytest.mark.parametrize("name", ["thumbs.db", "THUMBS.DB", "Desktop.ini", "Icon\r", "Picasa.ini"])
def test_files_of_litter_are_passed_over_whatever_their_case(tmp_path, name):
    write_images(tmp_path, {"a": 1})
    (tmp_path / "a" / name).touch()
    assert names(tmp_path) == ["a:000.png"]


def test_every_other_file_counts(tmp_path):
    """An image in a format that is not read must be missed here, not in training."""
    write_images(tmp_path, {"a": 1})
    (tmp_path / "a" / "photo.heic").touch()
    assert names(tmp_path) == ["a:000.png", "a:photo.heic"]


def test_files_beside_the_labels_may_lie_there_unless_they_are_images(tmp_path):
    write_images(tmp_path, {"a": 1})
    (tmp_path / "README.txt").touch()
    assert names(tmp_path) == ["a:000.png"]
    (tmp_path / "stray.JPG").touch()
    with pytest.raises(InputError, match=r"stray\.JPG lies outside any label"):
        list_images(tmp_path)


def test_no_label(tmp_path):
    with pytest.raises(InputError, match="holds no folder for a label"):
        list_images(tmp_path)
    (tmp_path / "a.png").touch()
    with pytest.raises(InputError, match="holds images but no folder for a label"):
        list_images(tmp_path)


def test_an_empty_label(tmp_path):
    write_images(tmp_path, {"a": 1, "b": 0})
    with pytest.raises(InputError, match="the label 'b' has no images"):
        list_images(tmp_path)


def test_no_folder(tmp_path):
    with pytest.raises(InputError, match="nowhere is not a folder"):
        list_images(tmp_path / "nowhere")


class TestLinks:
    @pytest.fixture
    def src(self, tmp_path):
        write_images(tmp_path / "src", {"a": 2, "b": 1})
        write_images(tmp_path / "outside", {"c": 1})
        return tmp_path / "src"

    @pytest.mark.parametrize("target", ["../outside/c", "a", "a/.."])
    def test_a_label_that_is_one(self, src, target):
        """To a sibling it would be mixed twice."""
        (src / "c").symlink_to(target)
        with pytest.raises(InputError, match=f"{src}/c is a link to a folder, and links to fold"):
            list_images(src)

    def test_a_label_that_is_one_to_nothing(self, src):
        """It would be missed in training only."""
        (src / "c").symlink_to("gone")
        with pytest.raises(InputError, match=f"{src}/c is a link to nothing"):
            list_images(src)

    def test_a_link_beside_the_labels_to_a_file(self, src):
        (src / "labels.csv").symlink_to("../labels.csv")
        (src / "../labels.csv").touch()
        assert names(src) == ["a:000.png", "a:001.png", "b:000.png"]
