"""Groups of the samples of a run, such as persons: from a table, or from the folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.datasets.cohorts import Cohort
from blockmix.datasets.interfaces import Sample
from blockmix.datasets.table import normal_path, read_column
from blockmix.errors import InputError, InputTypeError, Setting
from blockmix.labels import check_sizes, find_runs
from blockmix.mixer import BlockMixer

PARENT = "parent"

GroupsOfPaths = Mapping[str, Any]  # from the path of an image below the source to its group


def read_groups(groups: str | Mapping[Any, Any] | None) -> str | GroupsOfPaths | None:
    """Check the option ``groups`` of `mix_folder`, and read the table that it names.

    Returns
    -------
    "parent", groups by path, or None
    """
    if groups is None or (isinstance(groups, str) and groups == PARENT):
        return groups
    if isinstance(groups, Mapping):
        if not all(isinstance(path, str | PurePath) for path in groups):
            raise InputTypeError("groups maps paths of images, below src, to their groups")
        return {normal_path(path): group for path, group in groups.items()}
    if not isinstance(groups, str):
        raise InputTypeError(
            f"groups is {PARENT!r}, 'FILE.csv:COLUMN' or a mapping of paths, "
            f"got {type(groups).__name__}"
        )
    file, _, column = groups.rpartition(":")
    if not file or not column:
        raise InputError(f"groups is {PARENT!r} or FILE.csv:COLUMN, got {groups!r}")
    return read_column(file, column)


def find_groups(
    groups: str | GroupsOfPaths | None, samples: Sequence[Sample]
) -> dict[int, Any] | None:
    """Return the group of each sample by id, or None if each is a group of its own.

    Raises
    ------
    InputError
        If a sample has no group.
    """
    if groups is None:
        return None
    if isinstance(groups, str):
        rule: tuple[str | Setting, ...] = (
            "with ",
            Setting("groups", PARENT),
            " images lie in SRC/<label>/<group>/<image>",
        )
        group_of_id = {sample.id: folder_below_label(sample) for sample in samples}
    else:
        group_of_id = {sample.id: groups.get(f"{sample.label}/{sample.name}") for sample in samples}
        rule = ("every image needs a row with its path below the source and its group",)
    missing = [sample for sample in samples if group_of_id[sample.id] is None]
    if missing:
        images = "1 image has" if len(missing) == 1 else f"{len(missing)} images have"
        raise InputError(
            f"{images} no group, such as {missing[0].label}/{missing[0].name}: ", *rule
        )
    return group_of_id


def folder_below_label(sample: Sample) -> str | None:
    """The one folder between the label's and the image, or None if there are none or several."""
    folders = sample.name.split("/")
    return folders[0] if len(folders) == 2 else None


def check_cohorts(
    cohorts: Sequence[Cohort], groups: Mapping[int, Any] | None, mixer: BlockMixer
) -> None:
    """Refuse cohorts that the draw would refuse, all of them at once."""
    cohort_of = np.repeat(np.arange(len(cohorts)), [len(cohort.members) for cohort in cohorts])
    samples = [sample for cohort in cohorts for sample in cohort.members]
    check_samples([cohort.name for cohort in cohorts], cohort_of, samples, groups, mixer)


def check_samples(
    cohort_names: Sequence[str],
    cohort_of: npt.NDArray[np.int64],
    samples: Sequence[Sample],
    groups: Mapping[int, Any] | None,
    mixer: BlockMixer,
) -> None:
    """See `check_cohorts`; ``cohort_of`` is the index of the cohort of each sample."""
    sizes = np.bincount(cohort_of, minlength=len(cohort_names)).tolist()
    runs = None
    if groups is not None:
        runs = find_runs(cohort_of, [groups[sample.id] for sample in samples])
    check_sizes(cohort_names, sizes, mixer.sources, mixer.small_classes, runs)
