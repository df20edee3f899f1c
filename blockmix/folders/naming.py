"""Names of mixed files that a destination cannot hold, or cannot tell apart, are refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path, PurePath

from blockmix.errors import InputError, Setting
from blockmix.folders import filesystem
from blockmix.folders.plan import FolderPlan
from blockmix.folders.scan import Candidate

Fold = Callable[[str], str]
Outputs = list[tuple[str, Candidate]]  # what each image becomes, below the destination


def check_names(plan: FolderPlan, root: Path, work: Path) -> None:
    """Refuse a plan whose files would not all get into ``root`` under names of their own.

    Parameters
    ----------
    plan : FolderPlan
    root : path
        A folder that exists.
    work : path
        A folder below it in which files can be made.
    """
    fold = filesystem.name_folding(work)
    if fold is not None:
        _refuse_equal_labels(plan, root, fold)
    if plan.names == "keep":
        images = sorted(image for cohort in plan.cohorts for image in cohort.members)
    else:  # all of a label are equally long, and none is like another
        images = [cohort.members[0] for cohort in plan.cohorts]
    outputs = [(plan.output(image), image) for image in images]
    way_out: tuple[str | Setting, ...] = (": name another folder, or shorten the label",)
    if plan.names == "keep":
        way_out = (
            ": shorten its name or that of its folder, or pass ",
            Setting("names", "opaque"),
        )
    _refuse_long_names(outputs, root, way_out)
    _refuse_collisions(outputs, fold or str)


def _refuse_equal_labels(plan: FolderPlan, root: Path, fold: Fold) -> None:
    first: dict[str, str] = {}
    for label in plan.record["labels"]:
        twin = first.setdefault(fold(label), label)
        if twin != label:
            raise InputError(
                f"the labels {twin!r} and {label!r} would become one folder, as the file system of "
                f"{root} takes their names for the same: rename one, or write elsewhere"
            )


def _refuse_long_names(outputs: Outputs, root: Path, way_out: tuple[str | Setting, ...]) -> None:
    name_bytes, path_bytes = filesystem.name_limits(root)
    above = len(os.fsencode(os.path.abspath(root))) + 2  # a slash, and the NUL at the end
    for output, image in outputs:
        longest = max(output.split("/"), key=lambda part: len(os.fsencode(part)))
        if len(os.fsencode(longest)) > name_bytes:
            rule = f"{longest!r} is longer than {name_bytes} bytes"
        elif above + len(os.fsencode(output)) > path_bytes:
            rule = f"the path would be longer than {path_bytes} bytes"
        else:
            continue
        raise InputError(f"{image.path} would become {output}, but in {root} {rule}", *way_out)


def _refuse_collisions(outputs: Outputs, fold: Fold) -> None:
    taken: dict[str, Candidate] = {}
    for output, image in outputs:
        first = taken.setdefault(fold(output), image)
        if first != image:
            raise _collision(first, image, output)
    for output, image in outputs:
        for folder in PurePath(output).parents:
            if fold(str(folder)) in taken:
                raise _collision(taken[fold(str(folder))], image, str(folder))


def _collision(first: Candidate, second: Candidate, path: str) -> InputError:
    return InputError(
        f"{first.path} and {second.path} would both become {path}: rename one, or pass ",
        Setting("names", "opaque"),
    )
