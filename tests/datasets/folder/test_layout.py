"""Source folders with a level too many above the labels."""

import pytest
from builders import write_images

from blockmix import InputError, mix_folder
from blockmix.datasets.folder.image_folder import ImageFolder
from blockmix.datasets.folder.layout import check_levels


def check(src):
    return check_levels(src, ImageFolder(src).samples())


@pytest.mark.parametrize(
    "splits", [["train", "val"], ["Train", "TEST", "validation"], ["train"], ["test_set"]], ids=str
)
def test_splits_above_the_labels_are_refused(tmp_path, splits):
    for split in splits:
        write_images(tmp_path / "src" / split, {"cat": 12, "dog": 12})
    with pytest.raises(InputError) as refused:
        mix_folder(tmp_path / "src", tmp_path / "dst", block=8)
    assert "the folders below them (cat, dog) the labels" in str(refused.value)
    assert f"such as {tmp_path}/src/{min(splits)}, " in str(refused.value)
    assert not (tmp_path / "dst").exists()
    assert mix_folder(tmp_path / "src" / splits[0], tmp_path / "dst", block=8).images == 24


def test_splits_with_other_classes_each_are_refused_too(tmp_path):
    write_images(tmp_path / "train", {"cat": 1, "dog": 1})
    write_images(tmp_path / "test", {"cat": 1, "cow": 1})
    with pytest.raises(InputError, match=r"test, train in .* seem to be parts of a data set"):
        check(tmp_path)


def test_other_labels_with_equal_folders_are_asked_about(tmp_path):
    for fold in ("fold1", "fold2"):
        write_images(tmp_path / "src" / fold, {"cat": 6, "dog": 6})
    summary = mix_folder(tmp_path / "src", tmp_path / "dst", block=8)
    (note,) = summary.notes
    assert "every label (fold1, fold2) has the same folders below it (cat, dog)" in note
    assert "if each holds one person, see --groups parent" in note
    assert f"note: {note}" in str(summary)


def test_what_is_no_level_too_many(tmp_path):
    write_images(tmp_path / "splits", {"train": 1, "val": 1})  # labels, whatever their names
    assert check(tmp_path / "splits") is None
    write_images(tmp_path / "one" / "train", {"photos": 2})
    assert check(tmp_path / "one") is None
    write_images(tmp_path / "persons" / "adult", {"ann": 1, "ben": 1})
    write_images(tmp_path / "persons" / "child", {"cem": 1, "dan": 1})
    assert check(tmp_path / "persons") is None
    write_images(tmp_path / "mixed" / "train", {"steam": 1, "electric": 1})
    write_images(tmp_path / "mixed", {"car": 1})
    assert check(tmp_path / "mixed") is None


def test_many_names_are_cut_short(tmp_path):
    write_images(tmp_path / "train", dict.fromkeys("abcdef", 1))
    with pytest.raises(InputError, match=r"\(a, b, c, d, \.\.\.\) the labels"):
        check(tmp_path)
