"""The images to measure on. Labels take turns, so that the first images are of all labels."""

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
    """Image files, labels in turns."""

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
        """Size of the first files."""
        return sum(path.stat().st_size for path in self.paths[:count])

    def pixels(self, count: int, pool: Executor) -> npt.NDArray[np.uint8]:
        """Images of the paper's size, (count, 192, 192, 3), repeated if there are too few files."""
        result = np.empty((count, SIDE, SIDE, 3), np.uint8)
        distinct = min(count, len(self.paths))
        for index, image in enumerate(pool.map(read_resized, self.paths[:distinct])):
            result[index] = image
        for begin in range(distinct, count, distinct):
            result[begin : begin + distinct] = result[: min(distinct, count - begin)]
        return result

    def describe(self) -> dict[str, Any]:
        """Properties of the images for a record, without paths and names."""
        sample = self.paths[:100]
        with Image.open(sample[0]) as first:
            width, height = first.size
        return {
            "kind": self.kind,
            "count": len(self.paths),
            "labels": self.labels,
            "stored_size": [height, width],
            "median_file_bytes": int(median(path.stat().st_size for path in sample)),
        }


def read_resized(path: Path) -> Image.Image:
    """Open an image in colour, in the paper's size, without any optimisation."""
    with Image.open(path) as image:
        return image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def from_folder(folder: Path, limit: int) -> Originals:
    """About ``limit`` images of ``folder/<label>/**``, equally many of each label.

    Raises
    ------
    InputError
        If the folder is missing, or a label has too few images to be mixed.
    WorkError
        If an image cannot be used.
    """
    by_label: dict[str, list[FileSample]] = {}
    for sample in ImageFolder(folder).samples():
        by_label.setdefault(sample.label, []).append(sample)
    per_label = min(len(samples) for samples in by_label.values())
    if per_label < SOURCES + 1:
        raise InputError(
            f"a label of {folder} has {per_label} images, but {SOURCES} sources need {SOURCES + 1}"
        )
    per_label = min(per_label, max(-(-limit // len(by_label)), SOURCES + 1))
    chosen = [samples[index] for index in range(per_label) for samples in by_label.values()]
    for sample in chosen:
        sample.read_header()
    return Originals([Path(sample.path) for sample in chosen], len(by_label), "folder")


def generate(folder: Path, count: int) -> Originals:
    """Write at least ``count`` pictures below a folder, equally many of each label."""
    count += -count % GENERATED_LABELS
    paths = faces.write_faces(folder, count, GENERATED_LABELS)
    return Originals(paths, GENERATED_LABELS, "generated")
