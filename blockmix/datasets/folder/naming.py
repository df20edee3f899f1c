"""Refuse names of mixed files that a destination cannot hold, or cannot tell apart."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePath

from blockmix.datasets.folder import filesystem
from blockmix.datasets.interfaces import Sample
from blockmix.errors import InputError, Setting

Fold = Callable[[str], str]
Outputs = Sequence[tuple[str, Sample]]  # path below the destination, and its sample


def check_names(outputs: Outputs, names: str, root: Path, work: Path) -> None:
    """Refuse files that would not all get into ``root`` under names of their own.

    Parameters
    ----------
    outputs : sequence of (str, Sample)
        The file below ``root`` that each sample becomes.
    names : {"opaque", "keep"}
        See `mix_folder`.
    root : path
        A folder that exists.
    work : path
        A folder below it in which files can be made.
    """
    fold = filesystem.name_folding(work)
    if fold is not None:
        _refuse_equal_labels(dict.fromkeys(sample.label for _, sample in outputs), root, fold)
    way_out: tuple[str | Setting, ...] = (": name another folder, or shorten the label",)
    if names == "keep":
        way_out = (
            ": shorten its name or that of its folder, or pass ",
            Setting("names", "opaque"),
        )
    _refuse_long_names(outputs, root, way_out)
    _refuse_collisions(outputs, fold or str)


def _refuse_equal_labels(labels: Iterable[str], root: Path, fold: Fold) -> None:
    label_of_folder: dict[str, str] = {}
    for label in labels:
        first = label_of_folder.setdefault(fold(label), label)
        if first != label:
            raise InputError(
                f"the labels {first!r} and {label!r} would become one folder, as the file system "
                f"of {root} takes their names for the same: rename one, or write elsewhere"
            )


def _refuse_long_names(outputs: Outputs, root: Path, way_out: tuple[str | Setting, ...]) -> None:
    name_bytes, path_bytes = filesystem.name_limits(root)
    root_bytes = len(os.fsencode(os.path.abspath(root))) + 2  # a slash, and the NUL at the end
    for output, sample in outputs:
        longest = max(output.split("/"), key=lambda part: len(os.fsencode(part)))
        if len(os.fsencode(longest)) > name_bytes:
            rule = f"{longest!r} is longer than {name_bytes} bytes"
        elif root_bytes + len(os.fsencode(output)) > path_bytes:
            rule = f"the path would be longer than {path_bytes} bytes"
        else:
            continue
        raise InputError(f"{sample.path} would become {output}, but in {root} {rule}", *way_out)


def _refuse_collisions(outputs: Outputs, fold: Fold) -> None:
    sample_of_file: dict[str, Sample] = {}
    for output, sample in outputs:
        first = sample_of_file.setdefault(fold(output), sample)
        if first != sample:
            raise _collision(first, sample, output)
    for output, sample in outputs:
        for folder in map(str, PurePath(output).parents):
            if fold(folder) in sample_of_file:
                raise _collision(sample_of_file[fold(folder)], sample, folder)


def _collision(first: Sample, second: Sample, path: str) -> InputError:
    return InputError(
        f"{first.path} and {second.path} would both become {path}: rename one, or pass ",
        Setting("names", "opaque"),
    )
