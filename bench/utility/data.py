"""What a run trains and tests on: sets that are apart, without the same people in both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix import InputError
from blockmix.bench.utility.images import FOLDERS, Indices, LabelledImages, read_images
from blockmix.privacy.measures.hygiene import NEAR_BITS, difference_hash

TEST_SHARE = 0.2  # of all images, where no test images are given

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Data:
    """Training images, test images, and training images that are held out, if any.

    ``left_out`` counts the training images that are left out because a test image shows the same.
    """

    train: LabelledImages
    test: LabelledImages
    validation: LabelledImages | None
    left_out: dict[str, int]

    def describe(self) -> dict[str, Any]:
        """Return the numbers of images for a record, without names of files."""
        counts = self.test.counts()
        return {
            "train": self.train.describe(),
            "test": self.test.describe(),
            "validation": self.validation and self.validation.describe(),
            "size": list(self.train.images.shape[1:3]),
            "left_out": self.left_out,
            "majority": max(counts.values()) / len(self.test),
        }


def read_data(
    train: Path,
    size: tuple[int, int],
    *,
    labels: str = FOLDERS,
    test: Path | None = None,
    test_labels: str | None = None,
    person: str | None = None,
    groups: str | None = None,
    validation: float = 0.0,
) -> Data:
    """Read and split a set; see `read_images` and `split`.

    Without ``test``, a fifth of the images of each label is taken for testing, or of the persons.
    """
    if test is None and test_labels is not None:
        raise InputError(f"labels of test images are given, {test_labels}, but no test images")
    if test is not None and test_labels is None and labels != FOLDERS:
        raise InputError(
            f"labels of training images are in {labels}: give those of the test images likewise"
        )
    training = read_images(
        train, size, labels=labels, person=person, groups=None if test else groups
    )
    if test is None:
        chosen = _held_out_some(training, TEST_SHARE, "tested on")
        testing = training.take(np.flatnonzero(chosen))
        training = training.take(np.flatnonzero(~chosen))
    else:
        testing = read_images(
            test,
            size,
            labels=test_labels or FOLDERS,
            classes=training.classes,
            person=person,
            groups=groups,
        )
    return split(training, testing, validation=validation)


def split(train: LabelledImages, test: LabelledImages, *, validation: float = 0.0) -> Data:
    """Make sure that nothing in the test set is known from training.

    Training images of a person in the test set, and near-duplicates of a test image, are left out.

    Raises
    ------
    InputError
        If a test image is among the training images, training has one label only, or nothing can
        be held out of so few images.
    """
    _refuse_leak(train, test)
    known = set(test.persons or ())
    same_person = np.array([person in known for person in train.persons or ()] or [False])
    similar = _near(train, test) & ~same_person
    rest = train.take(np.flatnonzero(~(same_person | similar)))
    kept_out = _held_out_some(rest, validation, "held out")
    training = rest.take(np.flatnonzero(~kept_out))
    _refuse_missing_labels(training)
    return Data(
        training,
        test,
        rest.take(np.flatnonzero(kept_out)) if validation else None,
        {"near_duplicates": int(similar.sum()), "persons_in_test": int(same_person.sum())},
    )


def held_out(images: LabelledImages, share: float) -> Mask:
    """Choose a share of the images of each label, or of all persons; the same ones every time."""
    chosen = np.zeros(len(images), bool)
    rng = np.random.default_rng(0)
    if images.persons is None:
        chosen[choose_share(images.labels, share, rng)] = True
        return chosen
    names, person_of = np.unique(images.persons, return_inverse=True)
    persons = rng.permutation(len(names))
    sizes = np.bincount(person_of)[persons]
    # As many whole persons as have this share of the images together.
    last = np.searchsorted(np.cumsum(sizes), share * len(images), side="right")
    return np.isin(person_of, persons[:last])


def _held_out_some(images: LabelledImages, share: float, purpose: str) -> Mask:
    chosen = held_out(images, share)
    if share and not chosen.any():
        unit = "of each label" if images.persons is None else "by whole persons"
        raise InputError(
            f"{share:.0%} of {len(images):,} images are {purpose}, {unit}, but that is none: give "
            "more images"
        )
    return chosen


def choose_share(labels: Indices, share: float, rng: np.random.Generator) -> Indices:
    """Choose a share of the images of each label at random, in their order."""
    chosen = [
        rng.permutation(members)[: round(share * len(members))]
        for members in (np.flatnonzero(labels == label) for label in np.unique(labels))
    ]
    return np.sort(np.concatenate(chosen))


def _refuse_leak(train: LabelledImages, test: LabelledImages) -> None:
    training = dict(zip(train.digests, train.names, strict=True))
    for digest, name in zip(test.digests, test.names, strict=True):
        if digest in training:
            count = sum(digest in training for digest in test.digests)
            raise InputError(
                f"no test image is trained on, but {count:,} of them are training images too, such "
                f"as {name}, which is {training[digest]}: remove one of each two"
            )


def _near(train: LabelledImages, test: LabelledImages) -> Mask:
    """Find the training images that look like a test image, whatever their labels."""
    hashes = difference_hash(train.images)
    near = np.zeros(len(train), bool)
    for test_hash in np.unique(difference_hash(test.images)):
        near |= np.bitwise_count(hashes ^ test_hash) <= NEAR_BITS
    return near


def _refuse_missing_labels(train: LabelledImages) -> None:
    counts = train.counts()
    if len(counts) < 2:
        raise InputError(f"training needs two labels or more, got {next(iter(counts))!r} alone")
    missing = [name for name, count in counts.items() if not count]
    if missing:
        raise InputError(
            f"training needs images of every label, but all of {missing[0]!r} are left out or held "
            "out: add images of it, or leave the label out"
        )
