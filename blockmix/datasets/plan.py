"""All decisions of a run, taken before the first pixel is read."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import PIL

from blockmix import __version__
from blockmix.compiler import rule
from blockmix.datasets.cohorts import Cohort, capacity, check_memory, cut_into_cohorts
from blockmix.datasets.encode import Encoder
from blockmix.datasets.expectation import expectation
from blockmix.datasets.group_hint import sample_to_compare
from blockmix.datasets.groups import check_cohorts, find_groups
from blockmix.datasets.interfaces import Sample
from blockmix.datasets.jpeg import codec_version
from blockmix.datasets.opaque_names import opaque_name, originals_digest
from blockmix.datasets.options import RunOptions
from blockmix.datasets.survey import Survey
from blockmix.errors import InputError, Setting
from blockmix.grid import BlockGrid, resolve_grid
from blockmix.key import Key
from blockmix.mixer import BlockMixer
from blockmix.support.pixels import Pixels


@dataclass(frozen=True)
class RunPlan:
    """Which images are mixed together, how, and to which files."""

    mixer: BlockMixer
    options: RunOptions
    size: tuple[int, int]  # (height, width) of the mixed images
    grey: bool
    encoder: Encoder
    capacity: int  # the most images in one load
    cohorts: list[Cohort]
    groups: dict[int, Any] | None  # of samples by id; None if each is a group of its own
    compared: frozenset[int]  # ids of the images whose likeness may hint at groups
    record: dict[str, Any]  # see FolderSummary.record

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the pixels of one mixed image."""
        return (*self.size, *(() if self.grey else (3,)))

    def decode(self, sample: Sample) -> Pixels:
        """Decode a sample as the run needs it; it may still have another size."""
        return sample.decode(self.size, resize=self.options.size is not None, grey=self.grey)

    def output(self, sample: Sample) -> str:
        """Return the file, below the destination, that a sample is mixed into."""
        if self.options.names == "keep":
            return str(PurePath(sample.label, sample.name).with_suffix(self.encoder.suffix))
        return f"{sample.label}/{opaque_name(self.mixer.key, sample.id)}{self.encoder.suffix}"

    def distinct_outputs(self) -> list[tuple[str, Sample]]:
        """Return the outputs whose names can be too long or collide, each with its sample.

        Opaque names of one label are equally long and differ, so that one of them is enough.
        """
        samples = [cohort.members[0] for cohort in self.cohorts]
        if self.options.names == "keep":
            samples = [sample for cohort in self.cohorts for sample in cohort.members]
            samples.sort(key=lambda sample: sample.id)
        return [(self.output(sample), sample) for sample in samples]

    def final_record(self, left_out: Iterable[Sample]) -> dict[str, Any]:
        """Return the record without unreadable images, with the forecast added."""
        label_of_id = {sample.id: sample.label for sample in left_out}
        losses = Counter(label_of_id.values())
        labels = {label: count - losses[label] for label, count in self.record["labels"].items()}
        sizes = [
            sum(sample.id not in label_of_id for sample in cohort.members)
            for cohort in self.cohorts
        ]
        return self.record | {
            "labels": labels,
            "skipped": self.record["skipped"] + len(label_of_id),
            "smallest_cohorts": _smallest_cohorts(self.cohorts, sizes),
            "expected": expectation(
                self.mixer, self.record["grid"]["blocks"], sizes, self._group_sizes(label_of_id)
            ),
        }

    def _group_sizes(self, left_out: Container[int]) -> list[list[int]] | None:
        """Return how many images each group of each cohort has, without those left out."""
        groups = self.groups
        if groups is None:
            return None
        return [
            list(Counter(groups[s.id] for s in cohort.members if s.id not in left_out).values())
            for cohort in self.cohorts
        ]


def make_plan(
    mixer: BlockMixer, options: RunOptions, samples: Sequence[Sample], survey: Survey
) -> RunPlan:
    """Decide, and refuse what cannot be mixed. ``samples`` are all of the source."""
    images = survey.images
    counts = Counter(image.label for image in images)
    groups = find_groups(options.groups, images)
    # The draw will check each cohort; here every label that is too small is named at once.
    check_cohorts(cut_into_cohorts(images, len(images), mixer.key), groups, mixer)
    height, width = options.size or survey.common_size()
    grid = resolve_grid(mixer.block, height, width)
    encoder = Encoder.choose(options.format, options.quality, survey.all_jpeg)
    encoder.check_size(height, width)
    image_bytes = height * width * (1 if survey.grey else 3)
    fit = capacity(options.memory, image_bytes, grid.blocks, mixer.sources)
    cohorts = cut_into_cohorts(images, fit, mixer.key)
    if groups is not None:
        try:
            check_cohorts(cohorts, groups, mixer)
        except InputError as error:
            more_memory = ("; with more ", Setting("memory"), " labels are cut into fewer cohorts")
            raise InputError(*error.args, *more_memory) from None
    check_memory(cohorts, image_bytes)
    record: dict[str, Any] = {
        "blockmix": __version__,
        "rule": rule.VERSION,
        "pillow": PIL.__version__,
        "simplejpeg": codec_version(),
        "private": mixer.key.is_private,
        "parameters": mixing_parameters(mixer) | {"groups": groups is not None},
        "grid": grid_record(grid),
        "files": {**encoder._asdict(), "names": options.names, "grey": survey.grey},
        "cohorts": len(cohorts),
        "smallest_cohorts": _smallest_cohorts(cohorts, [len(cohort.members) for cohort in cohorts]),
        "labels": dict(counts),
        "skipped": len(survey.skipped),
        "originals": originals_digest(mixer.key, samples),
    }
    record["run"] = _run_id(mixer.key, record, cohorts, groups)
    return RunPlan(
        mixer=mixer,
        options=options,
        size=(height, width),
        grey=survey.grey,
        encoder=encoder,
        capacity=fit,
        cohorts=cohorts,
        groups=groups,
        compared=sample_to_compare(images) if groups is None else frozenset(),
        record=record,
    )


def _smallest_cohorts(cohorts: list[Cohort], sizes: list[int]) -> dict[str, int]:
    """Return by label how many images the smallest cohort has, among which a block hides."""
    smallest: dict[str, int] = {}
    for cohort, size in zip(cohorts, sizes, strict=True):
        label = cohort.members[0].label
        smallest[label] = min(size, smallest.get(label, size))
    return smallest


def mixing_parameters(mixer: BlockMixer) -> dict[str, Any]:
    """Return the parameters of a mixer, as it takes them, but for its key, block and layout."""
    return {
        "sources": mixer.sources,
        "rounds": mixer.rounds,
        "probability": mixer.probability,
        "small_classes": mixer.small_classes,
    }


def grid_record(grid: BlockGrid) -> dict[str, Any]:
    """Return a grid as records hold it."""
    return {
        "height": grid.height,
        "width": grid.width,
        "rows": grid.rows,
        "cols": grid.cols,
        "blocks": grid.blocks,
        "row_edges": grid.row_edges,
        "col_edges": grid.col_edges,
    }


def _run_id(
    key: Key, record: dict[str, Any], cohorts: list[Cohort], groups: dict[int, Any] | None
) -> str:
    """Return what ``resume`` knows its run by: key, parameters, versions, files of SRC and groups.

    It is a keyed digest, which reveals nothing of the files to those who lack the key.
    """
    files = [
        (cohort.name, sample.id, os.fsencode(sample.name).hex(), *sample.fingerprint())
        for cohort in cohorts
        for sample in cohort.members
    ]
    content: list[Any] = [record, files]
    if groups is not None:
        # Numbers instead of names, which make no difference.
        numbers: dict[Any, int] = {}
        members = (sample for cohort in cohorts for sample in cohort.members)
        content.append([numbers.setdefault(groups[sample.id], len(numbers)) for sample in members])
    return key.digest("run", json.dumps(content, sort_keys=True).encode()).hex()
