"""Labelled images, and sets that are apart."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from builders import random_images, write_images
from PIL import Image

from blockmix import InputError, WorkError
from blockmix.bench.utility.data import held_out, read_data, split
from blockmix.bench.utility.generated import generated_images
from blockmix.bench.utility.images import read_images

SIZE = (16, 16)


@pytest.fixture
def folder(tmp_path):
    return write_images(tmp_path / "photos", {"cat": 6, "dog": 4})


@pytest.fixture
def table(tmp_path, folder):
    """Writes a CSV file of labels: one of two for each image, in turns."""

    def write(*, column="mood", without=0, more=(), values=("calm", "wild")):
        names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))
        rows = [
            f"{name},{values[index % len(values)]},p{index // 2}"
            for index, name in enumerate(names[without:])
        ]
        file = tmp_path / "labels.csv"
        file.write_text("\n".join([f"file,{column},who", *rows, *more]) + "\n")
        return f"{file}:mood"

    return write


def test_labels_of_folders(folder):
    images = read_images(folder, SIZE)
    assert images.classes == ("cat", "dog")
    assert images.counts() == {"cat": 6, "dog": 4}
    for index, name in enumerate(images.names):
        data = (folder / name).read_bytes()
        assert images.digests[index] == hashlib.sha256(data).hexdigest()
        assert np.array_equal(images.images[index], np.asarray(Image.open(folder / name)))
        assert images.classes[images.labels[index]] == name.split("/")[0]


def test_labels_persons_and_groups_of_a_table(folder, table):
    images = read_images(folder, (8, 4), labels=table(), person="who", groups="mood")
    assert images.images.shape == (10, 8, 4, 3)
    assert images.classes == ("calm", "wild")
    assert images.labels.tolist() == [0, 1] * 5
    assert images.groups == ("calm", "wild") * 5
    assert images.persons == tuple(f"p{index // 2}" for index in range(10))


def test_images_of_a_table_need_no_folders_of_labels(tmp_path):
    for name, image in zip("ab", random_images(2, *SIZE, 3), strict=True):
        (tmp_path / "flat").mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / "flat" / f"{name}.png")
    file = tmp_path / "labels.csv"
    file.write_text("path,label\na.png,x\nb.png,y\n")
    images = read_images(tmp_path / "flat", SIZE, labels=f"{file}:label")
    assert (images.names, images.labels.tolist()) == (("a.png", "b.png"), [0, 1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"column": "other"}, "a column 'mood', got 'file', 'other', 'who'"),
        ({"without": 2}, "'cat/000.png', 'cat/001.png': no value in column 'mood' .* needs a row"),
        ({"more": ("cat/9.png,calm,p",)}, "'cat/9.png' of .*: no such image in .*photos"),
        ({"more": ("cat/000.png,wild,p",)}, "gives cat/000.png a second label: keep one"),
    ],
)
def test_tables_that_are_refused(folder, table, options, message):
    with pytest.raises(InputError, match=message):
        read_images(folder, SIZE, labels=table(**options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": "labels.csv"}, "labels are 'folders' or FILE.csv:COLUMN, got 'labels.csv'"),
        ({"labels": "absent.csv:mood"}, "cannot read absent.csv"),
        ({"groups": "race"}, "the column 'race' with the group of each image is looked up in"),
        ({"person": "who"}, "the column 'who' with the person of each image"),
        ({"classes": ["cat"]}, r"those of the training images \('cat'\), got 'dog'"),
    ],
)
def test_arguments_that_are_refused(folder, options, message):
    with pytest.raises(InputError, match=message):
        read_images(folder, SIZE, **options)


def test_a_column_of_persons_that_is_missing(folder, table):
    with pytest.raises(InputError, match="a column 'name', got 'file', 'mood', 'who'"):
        read_images(folder, SIZE, labels=table(), person="name")


def test_an_image_that_cannot_be_read_is_named(folder):
    (folder / "cat" / "000.png").write_bytes(b"no image")
    with pytest.raises(WorkError, match=r"cat/000\.png: it is not an image"):
        read_images(folder, SIZE)


def test_a_test_image_among_the_training_images_is_refused(tmp_path, folder):
    test = write_images(tmp_path / "test", {"cat": 2, "dog": 2}, seed=1)
    leaked = test / "dog" / "leaked.png"
    leaked.write_bytes((folder / "cat" / "003.png").read_bytes())
    with pytest.raises(
        InputError, match=r"1 of them .*such as dog/leaked\.png, which is cat/003\.png: remove"
    ):
        read_data(folder, SIZE, test=test)
    leaked.unlink()
    assert len(read_data(folder, SIZE, test=test).train) == 10


def test_near_duplicates_of_test_images_are_left_out(train, test_images):
    images = train.images.copy()
    copied = test_images.images[5]
    images[7] = np.clip(copied.astype(int) + 3, 0, 255)  # under another label, too
    images[8] = copied
    data = split(replace(train, images=images), test_images)
    assert data.left_out == {"near_duplicates": 2, "persons_in_test": 0}
    assert data.train.names == tuple(
        name for index, name in enumerate(train.names) if index not in (7, 8)
    )


def test_persons_of_test_images_are_left_out(train, test_images):
    persons = tuple(f"p{index % 12}" for index in range(len(train)))
    data = split(
        replace(train, persons=persons),
        replace(test_images, persons=("p3",) * 15 + ("stranger",) * 15),
    )
    assert data.left_out == {"near_duplicates": 0, "persons_in_test": 4}
    assert "p3" not in data.train.persons
    assert len(data.train) == len(train) - 4


def test_a_share_of_each_label_is_held_out(train, test_images):
    data = split(train, test_images, validation=0.25)
    assert data.validation.counts() == dict.fromkeys(train.classes, 6)
    assert sorted(data.train.names + data.validation.names) == sorted(train.names)
    again = split(train, test_images, validation=0.25)
    assert again.validation.names == data.validation.names


def test_whole_persons_are_held_out(train):
    persons = tuple(f"p{index // 5}" for index in range(len(train)))
    chosen = held_out(replace(train, persons=persons), 0.3)
    names = np.array(persons)
    assert 0.1 < chosen.mean() <= 0.3
    assert not set(names[chosen]) & set(names[~chosen])


def test_without_test_images_a_fifth_is_taken(folder, table):
    data = read_data(folder, SIZE)
    assert data.test.counts() == {"cat": 1, "dog": 1}
    assert len(data.train) == 8
    by_person = read_data(folder, SIZE, labels=table(), person="who", groups="mood")
    assert len(by_person.test) == 2
    assert not set(by_person.test.persons) & set(by_person.train.persons)
    assert by_person.test.groups is not None


def test_labels_of_test_images_go_with_those_of_training_images(folder, table):
    with pytest.raises(InputError, match=r"labels of test images are given, x\.csv:y, but no test"):
        read_data(folder, SIZE, test_labels="x.csv:y")
    with pytest.raises(InputError, match="give those of the test images likewise"):
        read_data(folder, SIZE, labels=table(), test=folder)


def test_one_label_is_refused(tmp_path, folder, table):
    with pytest.raises(InputError, match="two labels or more, got 'calm' alone"):
        read_data(folder, SIZE, labels=table(values=("calm",)))


def test_a_label_that_is_left_out_as_a_whole_is_refused(train, test_images):
    images = train.images.copy()
    images[train.labels == 1] = test_images.images[0]
    with pytest.raises(InputError, match="but all of 'brighter below' are left out"):
        split(replace(train, images=images), test_images)


def test_an_empty_test_set_is_refused(tmp_path, folder, table):
    with pytest.raises(InputError, match="20% of 10 images are tested on, by whole persons, but"):
        read_data(folder, SIZE, labels=table(), person="mood")
    few = write_images(tmp_path / "few", {"cat": 2, "dog": 2})
    with pytest.raises(InputError, match="20% of 4 images are tested on, of each label, but that"):
        read_data(few, SIZE)


def test_nothing_held_out_is_refused(train, test_images):
    with pytest.raises(InputError, match="1% of 48 images are held out, of each label, but that"):
        split(train, test_images, validation=0.01)
    one_person = replace(train, persons=("p",) * len(train))
    with pytest.raises(InputError, match="10% of 48 images are held out, by whole persons, but"):
        split(one_person, test_images, validation=0.1)


def test_a_label_whose_persons_are_all_held_out_is_refused(train, test_images):
    persons = np.where(train.labels == 1, "first", "second")
    labelled = replace(train, persons=tuple(persons.tolist()))
    with pytest.raises(InputError, match=r"all of 'brighter (above|below)' are left out or held"):
        split(labelled, test_images, validation=0.5)


def test_description(data):
    description = data.describe()
    assert description["majority"] == pytest.approx(2 / 3)
    assert description["size"] == [32, 32]
    assert description["test"]["classes"] == {"brighter above": 20, "brighter below": 10}
    assert description["validation"] is None


def test_the_listing_depends_on_everything_but_the_pixels(train):
    changed = [
        replace(train, names=train.names[::-1]),
        replace(train, digests=train.digests[::-1]),
        replace(train, labels=1 - train.labels),
        replace(train, groups=None),
        replace(train, persons=train.names),
        replace(train, classes=("a", "b")),
    ]
    assert len({images.listing_sha256() for images in (train, *changed)}) == 7


def test_generated_images_are_the_same_every_time():
    first, again = (generated_images(8, SIZE, seed=3) for _ in range(2))
    assert np.array_equal(first.images, again.images)
    halves = first.images.astype(float).mean(axis=(2, 3))
    assert ((halves[:, :8].mean(1) > halves[:, 8:].mean(1)) == (first.labels == 0)).all()
