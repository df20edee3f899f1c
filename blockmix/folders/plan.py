"""All decisions of a folder run, taken before the first pixel is read."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL

from blockmix import __version__
from blockmix.compiler import rule
from blockmix.errors import InputError
from blockmix.folders.cohorts import Cohort, capacity, check_memory, cut_into_cohorts
from blockmix.folders.destination import RECORD, WORK
from blockmix.folders.encode import Encoder
from blockmix.folders.expectation import expectation
from blockmix.folders.options import FolderOptions
from blockmix.folders.scan import Candidate
from blockmix.folders.survey import Survey
from blockmix.grid import BlockGrid, resolve_grid
from blockmix.key import Key
from blockmix.labels import check_sizes
from blockmix.mixer import BlockMixer


@dataclass(frozen=True)
class FolderPlan:
    """Which images are mixed together, how, and to which files."""

    mixer: BlockMixer
    size: tuple[int, int]  # (height, width) of the mixed images
    resize: bool  # or else all images have that size
    grey: bool
    encoder: Encoder
    capacity: int  # images in memory at once
    cohorts: list[Cohort]
    names: str  # "opaque" or "keep"
    record: dict[str, Any]  # see FolderSummary.record

    def output(self, image: Candidate) -> str:
        """The file that an image is mixed into, below the destination."""
        if self.names == "keep":
            return str(Path(image.label, image.name).with_suffix(self.encoder.suffix))
        digest = self.mixer.key.digest("image name", image.id.to_bytes(8, "little"))
        return f"{image.label}/{digest.hex()}{self.encoder.suffix}"

    def final_record(self, left_out: list[Candidate]) -> dict[str, Any]:
        """The record, less the images that turned out unreadable, and what is to be expected."""
        lost = Counter(image.label for image in left_out)
        labels = {label: count - lost[label] for label, count in self.record["labels"].items()}
        gone = {image.id for image in left_out}
        sizes = [
            len(cohort.members) - sum(image.id in gone for image in cohort.members)
            for cohort in self.cohorts
        ]
        return self.record | {
            "labels": labels,
            "skipped": self.record["skipped"] + len(left_out),
            "expected": expectation(self.mixer, self.record["grid"]["blocks"], sizes),
        }


def make_plan(mixer: BlockMixer, options: FolderOptions, survey: Survey) -> FolderPlan:
    """Decide, and refuse what cannot be mixed."""
    images = survey.images
    counts = Counter(image.label for image in images)
    # The draw will check each cohort; here every label that is too small is named at once.
    check_sizes(list(counts), list(counts.values()), mixer.sources, mixer.small_classes)
    for reserved in {RECORD, WORK} & counts.keys():
        raise InputError(f"a label cannot be named {reserved!r}, a name that blockmix needs")
    height, width = options.size or survey.common_size()
    grid = resolve_grid(mixer.block, height, width)
    encoder = Encoder.choose(options.format, options.quality, survey.all_jpeg)
    encoder.check_size(height, width)
    image_bytes = height * width * (1 if survey.grey else 3)
    fit = capacity(options.memory, image_bytes, grid.blocks, mixer.sources)
    cohorts = cut_into_cohorts(images, fit, mixer.key)
    check_memory(cohorts, image_bytes)
    record: dict[str, Any] = {
        "blockmix": __version__,
        "rule": rule.VERSION,
        "pillow": PIL.__version__,
        "private": mixer.key.is_private,
        "parameters": {
            "sources": mixer.sources,
            "rounds": mixer.rounds,
            "probability": mixer.probability,
            "small_classes": mixer.small_classes,
        },
        "grid": _describe(grid),
        "files": {**encoder._asdict(), "names": options.names, "grey": survey.grey},
        "cohorts": len(cohorts),
        "smallest_cohorts": _smallest(cohorts),
        "labels": dict(counts),
        "skipped": len(survey.skipped),
    }
    record["run"] = _run_id(mixer.key, record, cohorts)
    return FolderPlan(
        mixer=mixer,
        size=(height, width),
        resize=options.size is not None,
        grey=survey.grey,
        encoder=encoder,
        capacity=fit,
        cohorts=cohorts,
        names=options.names,
        record=record,
    )


def _smallest(cohorts: list[Cohort]) -> dict[str, int]:
    """Of each label: among how many images a block hides at most."""
    sizes: dict[str, int] = {}
    for cohort in cohorts:
        label, size = cohort.members[0].label, len(cohort.members)
        sizes[label] = min(size, sizes.get(label, size))
    return sizes


def _describe(grid: BlockGrid) -> dict[str, Any]:
    return {
        "height": grid.height,
        "width": grid.width,
        "rows": grid.rows,
        "cols": grid.cols,
        "blocks": grid.blocks,
        "row_edges": grid.row_edges,
        "col_edges": grid.col_edges,
    }


def _run_id(key: Key, record: dict[str, Any], cohorts: list[Cohort]) -> str:
    """By which ``resume`` knows its run: key, parameters, versions and the files of SRC.

    A keyed digest, which tells nothing of the files to whoever lacks the key.
    """
    files = []
    for cohort in cohorts:
        for image in cohort.members:
            status = os.stat(image.path)
            name = os.fsencode(image.name).hex()
            files.append((cohort.name, image.id, name, status.st_size, status.st_mtime_ns))
    return key.digest("run", json.dumps([record, files], sort_keys=True).encode()).hex()
