"""Refuse source folders with a level too many above the labels, whose classes would all mix."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from blockmix.datasets.interfaces import Sample
from blockmix.errors import InputError

# Folders of these names, in lower case, are parts of a data set and not labels.
_SPLITS = {
    *("train", "training", "val", "valid", "validation", "dev", "eval", "test", "testing"),
    *("train_set", "val_set", "test_set", "trainset", "valset", "testset"),
}


def check_levels(src: Path, samples: Iterable[Sample]) -> str | None:
    """Refuse ``src`` if train, val and so on lie above the labels.

    Folders below a label are allowed, and mixed as one. If all labels have the same ones, return a
    line that asks whether those are the labels.

    Raises
    ------
    InputError
        If every label has the name of a split, and holds at least two folders and nothing else.
    """
    folders: dict[str, set[str]] = {}
    for sample in samples:
        folder, slash, _ = sample.name.partition("/")
        folders.setdefault(sample.label, set()).add(folder if slash else "")
    if any(len(names) < 2 or "" in names for names in folders.values()):
        return None
    first = next(iter(folders))
    subfolders = _shortened(folders[first])
    if all(label.lower() in _SPLITS for label in folders):
        raise InputError(
            f"{_shortened(folders)} in {src} seem to be parts of a data set, and the folders below "
            f"them ({subfolders}) the labels, all of which would be mixed with each other: mix "
            f"each part on its own, such as {src / first}, or give the folders other names"
        )
    if len(folders) > 1 and all(names == folders[first] for names in folders.values()):
        return (
            f"every label ({_shortened(folders)}) has the same folders below it ({subfolders}), "
            f"whose images were mixed with each other: if these are the labels, mix {src / first} "
            "and the others each on its own; if each holds one person, see --groups parent"
        )
    return None


def _shortened(names: Iterable[str]) -> str:
    names = sorted(names)
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
