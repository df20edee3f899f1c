"""The images that the curves are measured on; labels take turns, so that any first part is fair."""

from __future__ import annotations

import shutil
from concurrent.futures import Executor
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from blockmix import InputError
from blockmix.bench.common import faces
from blockmix.bench.common.paper import SIDE, SOURCES
from blockmix.datasets.folder.image_folder import FileSample, ImageFolder

GENERATED_LABELS = 2  # as in the paper's first data set


class Originals(NamedTuple):
    """Files of images."""

    paths: list[Path]
    labels: int
    kind: str  # "folder" or "generated"

    def copy_to(self, folder: Path, count: int) -> list[Path]:
        """Copy the first files into ``folder/<label>/``; gives the copies, in order."""
        copies = []
        for index, path in enumerate(self.paths[:count]):
            copy = folder / f"label{index % self.labels:03}" / f"{index:06}{path.suffix.lower()}"
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            copies.append(copy)
        return copies

    def bytes(self, count: int) -> int:
        """Of the first files."""
        return sum(path.stat().st_size for path in self.paths[:count])

    def pixels(self, count: int, pool: Executor) -> npt.NDArray[np.uint8]:
        """So many images of the paper's size, (count, 192, 192, 3); they repeat if they must."""
        result = np.empty((count, SIDE, SIDE, 3), np.uint8)
        own = min(count, len(self.paths))
        for index, image in enumerate(pool.map(resized_file, self.paths[:own])):
            result[index] = image
        for begin in range(own, count, own):
            result[begin : begin + own] = result[: min(own, count - begin)]
        return result

    def describe(self) -> dict[str, Any]:
        """What a record may tell of the images: no path, no name."""
        some = self.paths[:100]
        with Image.open(some[0]) as first:
            width, height = first.size
        return {
            "kind": self.kind,
            "count": len(self.paths),
            "labels": self.labels,
            "stored_size": [height, width],
            "median_file_bytes": int(median(path.stat().st_size for path in some)),
        }


def resized_file(path: Path) -> Image.Image:
    """An image of the paper's size, in colour, as a plain program reads it."""
    with Image.open(path) as image:
        return image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def from_folder(folder: Path, most: int) -> Originals:
    """Up to ``most`` images of ``folder/<label>/**``, as many of each label.

    Raises
    ------
    InputError
        If there is no folder, or a label has too few images to be mixed.
    WorkError
        If one of the images cannot be used.
    """
    by_label: dict[str, list[FileSample]] = {}
    for sample in ImageFolder(folder).samples():
        by_label.setdefault(sample.label, []).append(sample)
    each = min(len(samples) for samples in by_label.values())
    if each < SOURCES + 1:
        raise InputError(
            f"a label of {folder} has {each} images, but {SOURCES} sources need {SOURCES + 1}"
        )
    each = min(each, max(-(-most // len(by_label)), SOURCES + 1))
    chosen = [samples[number] for number in range(each) for samples in by_label.values()]
    for sample in chosen:
        sample.read_header()
    return Originals([Path(sample.path) for sample in chosen], len(by_label), "folder")


def generated(folder: Path, count: int) -> Originals:
    """So many pictures, written below ``folder``."""
    count += -count % GENERATED_LABELS
    paths = faces.write_faces(folder, count, GENERATED_LABELS)
    return Originals(paths, GENERATED_LABELS, "generated")
