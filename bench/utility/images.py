"""Labelled images in memory: read from a folder, with labels of its folders or of a CSV file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix import InputError
from blockmix.datasets.decode import decode, resized
from blockmix.datasets.folder.enclosure import Enclosure
from blockmix.datasets.folder.scan import files_below, list_images
from blockmix.datasets.table import read_column

FOLDERS = "folders"
_EXAMPLES = 3

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images of one size with a label each.

    Attributes
    ----------
    images : (N, H, W, 3) uint8
    labels : (N,) int64
        Indices into ``classes``.
    classes : tuple of str
        The names of the labels.
    names : tuple of str
        Paths below the folder.
    digests : tuple of str
        SHA-256 of each file.
    persons, groups : tuple of str, optional
        The person in each image; the group by which accuracy is shown.
    """

    images: Images
    labels: Labels
    classes: tuple[str, ...]
    names: tuple[str, ...]
    digests: tuple[str, ...]
    persons: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, chosen: Indices) -> LabelledImages:
        """Return some of the images."""

        def pick(values: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(values[index] for index in chosen.tolist())

        return replace(
            self,
            images=self.images[chosen],
            labels=self.labels[chosen],
            names=pick(self.names),
            digests=pick(self.digests),
            persons=self.persons and pick(self.persons),
            groups=self.groups and pick(self.groups),
        )

    def counts(self) -> dict[str, int]:
        """Return the number of images of each class."""
        numbers = np.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, numbers.tolist(), strict=True))

    def listing_sha256(self) -> str:
        """Return the digest of names, contents, labels, persons and groups of all files."""
        digest = hashlib.sha256(repr(self.classes).encode())
        nobody = (None,) * len(self)
        for entry in zip(
            self.names,
            self.digests,
            self.labels.tolist(),
            self.persons or nobody,
            self.groups or nobody,
            strict=True,
        ):
            digest.update(ascii(entry).encode())
        return digest.hexdigest()

    def describe(self) -> dict[str, Any]:
        """Return the numbers of images for a record, without names of files."""
        return {
            "count": len(self),
            "listing_sha256": self.listing_sha256(),
            "classes": self.counts(),
        }


def read_images(
    folder: Path,
    size: tuple[int, int],
    *,
    labels: str = FOLDERS,
    classes: Sequence[str] | None = None,
    person: str | None = None,
    groups: str | None = None,
) -> LabelledImages:
    """Read every image of a folder, in colour and resized.

    Parameters
    ----------
    folder : path
        ``folder/<label>/**``, or any files if labels are in a CSV file.
    size : (int, int)
        Height and width that images are resized to.
    labels : str
        "folders", or ``FILE.csv:COLUMN``.
    classes : sequence of str, optional
        The labels that may occur, in the order of their indices; by default those that occur.
    person, groups : str, optional
        Columns of the same CSV file.

    Raises
    ------
    InputError
        If images and rows do not match, a column is missing, or a label is unknown.
    WorkError
        If an image cannot be used.
    """
    file, column = _table(labels)
    names, label_names = _listing(folder, file, column)
    known = tuple(sorted(set(label_names))) if classes is None else tuple(classes)
    _refuse_unknown(label_names, known, folder)
    persons, group_names = (
        _column(value_name, column_name, names, file)
        for value_name, column_name in (("person", person), ("group", groups))
    )
    digests, pixels = _read(folder, names, size)
    index = {name: number for number, name in enumerate(known)}
    return LabelledImages(
        pixels,
        np.array([index[name] for name in label_names], np.int64),
        known,
        tuple(names),
        digests,
        persons,
        group_names,
    )


def _table(labels: str) -> tuple[str | None, str]:
    if labels == FOLDERS:
        return None, ""
    file, _, column = labels.rpartition(":")
    if not file or not column:
        raise InputError(f"labels are {FOLDERS!r} or FILE.csv:COLUMN, got {labels!r}")
    return file, column


def _column(
    value_name: str, column: str | None, names: Sequence[str], file: str | None
) -> tuple[str, ...] | None:
    if column is None:
        return None
    if file is None:
        raise InputError(
            f"the column {column!r} with the {value_name} of each image is looked up in the file "
            "of labels: give labels as FILE.csv:COLUMN"
        )
    return _of_each(names, read_column(file, column, value_name), file, column)


def _listing(folder: Path, file: str | None, column: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the names of all files below the folder, and their labels."""
    if file is None:
        images = list_images(folder)
        return [f"{label}/{name}" for label, name in images], tuple(label for label, _ in images)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder: name the folder of the images")
    names = sorted(files_below(folder))
    if not names:
        raise InputError(f"{folder} holds no image")
    by_name = read_column(file, column, "label")
    without_image = sorted(by_name.keys() - set(names))
    if without_image:
        raise InputError(
            f"{_some(without_image)} of {file}: no such image in {folder}; every row names an image"
        )
    return names, _of_each(names, by_name, file, column)


def _of_each(
    names: Sequence[str], by_name: Mapping[str, str], file: str, column: str
) -> tuple[str, ...]:
    missing = [name for name in names if name not in by_name]
    if missing:
        raise InputError(
            f"{_some(missing)}: no value in column {column!r} of {file}; every file of the folder "
            "is an image and needs a row"
        )
    return tuple(by_name[name] for name in names)


def _refuse_unknown(label_names: Sequence[str], known: Sequence[str], folder: Path) -> None:
    unknown = sorted(set(label_names) - set(known))
    if unknown:
        raise InputError(
            f"the labels of {folder} are those of the training images ({_some(known)}), got "
            f"{_some(unknown)}"
        )


def _some(values: Sequence[str]) -> str:
    shown = ", ".join(map(repr, values[:_EXAMPLES]))
    more = len(values) - _EXAMPLES
    return f"{shown} and {more:,} more" if more > 0 else shown


def _read(
    folder: Path, names: Sequence[str], size: tuple[int, int]
) -> tuple[tuple[str, ...], Images]:
    pixels = np.empty((len(names), *size, 3), np.uint8)
    enclosure = Enclosure(folder)

    def read(index: int) -> str:
        path = str(folder / names[index])
        enclosure.check(path)
        data = Path(path).read_bytes()
        image = decode(path, size, resize=True, grey=False, data=data)
        pixels[index] = resized(image, size)
        return hashlib.sha256(data).hexdigest()

    with ThreadPoolExecutor() as pool:
        return tuple(pool.map(read, range(len(names)))), pixels
