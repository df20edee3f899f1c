"""Links that lead out of the source folder, and what is not a file, are refused."""

import os

import pytest
from builders import write_images

from blockmix.datasets.folder.enclosure import Enclosure
from blockmix.datasets.folder.image_folder import ImageFolder
from blockmix.datasets.interfaces import BadImageError


@pytest.fixture
def src(tmp_path):
    write_images(tmp_path / "src", {"a": 2, "b": 1})
    write_images(tmp_path / "outside", {"c": 1})
    return tmp_path / "src"


def check(src, link):
    (sample,) = [sample for sample in ImageFolder(src).samples() if sample.path == str(link)]
    Enclosure(src).check(sample.path)


def test_to_a_file_inside(src):
    (src / "a" / "link.png").symlink_to(src / "b" / "000.png")
    check(src, src / "a" / "link.png")


def test_to_a_file_outside(src):
    (src / "a" / "link.png").symlink_to(src / "../outside/c/000.png")
    with pytest.raises(BadImageError, match="leads out of the source folder"):
        check(src, src / "a" / "link.png")


@pytest.mark.parametrize("target", ["../outside/c", "b"])
def test_to_a_folder(src, target):
    (src / "a" / "link").symlink_to(src / target)
    with pytest.raises(BadImageError, match=r"leads out|link to a folder"):
        check(src, src / "a" / "link")


def test_to_nothing(src):
    (src / "a" / "link.png").symlink_to(src / "gone.png")
    with pytest.raises(BadImageError, match="nor a link to one"):
        check(src, src / "a" / "link.png")


def test_beside_files_of_a_folder_that_is_known(src):
    (src / "a" / "link.png").symlink_to(src / "../outside/c/000.png")
    enclosure = Enclosure(src)
    enclosure.check(str(src / "a" / "000.png"))
    with pytest.raises(BadImageError, match="leads out of the source folder"):
        enclosure.check(str(src / "a" / "link.png"))


def test_the_source_folder_is_a_link(src):
    (src / "../same").symlink_to(src)
    for sample in ImageFolder(src / "../same").samples():
        Enclosure(src / "../same").check(sample.path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs mkfifo")
def test_what_is_not_a_file_is_not_opened(src):
    os.mkfifo(src / "a" / "pipe.png")
    with pytest.raises(BadImageError, match="not a regular file"):
        check(src, src / "a" / "pipe.png")


def test_it_is_checked_again_when_a_file_is_decoded(src):
    """Between the two looks, a file can be replaced by a link."""
    sample = ImageFolder(src).samples()[0]
    sample.read_header()
    os.remove(sample.path)
    os.symlink("../../outside/c/000.png", sample.path)
    with pytest.raises(BadImageError, match="leads out of the source folder"):
        sample.decode((16, 16), resize=False, grey=False)
