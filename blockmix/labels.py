"""From labels and groups to classes: the images that may give blocks to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blockmix.arrays.containers import integer_cast, on_host
from blockmix.errors import InputError, InputTypeError, Setting

MAX_IMAGES = 2**31
SMALL_CLASSES = ("error", "clamp")


class Partition(NamedTuple):
    """The images of one call in slots: class after class.

    Within a class, groups are in the order of their lowest ids; within a group, images are in the
    order of ids. Without groups every image is a group of its own.
    """

    order: npt.NDArray[np.int32]  # (N,) index of the image in each slot
    ids: npt.NDArray[np.uint64]  # (N,) its id
    class_of_slot: npt.NDArray[np.int32]  # (N,)
    starts: npt.NDArray[np.int64]  # (classes + 1,) slot at which each class begins, and the end
    group_runs: npt.NDArray[np.int32]  # (2 * N,) or (0,), see `kernels.draw_cpu.draw_round`


class Runs(NamedTuple):
    """The images of each group within each class: a group that has two labels has two runs."""

    groups: list[Any]  # names
    run_of: npt.NDArray[np.intp]  # (N,) the run of each image
    class_of_run: npt.NDArray[np.intp]
    group_of_run: npt.NDArray[np.intp]
    sizes: npt.NDArray[np.intp]  # (runs,) number of images


def partition(
    labels: Sequence[Any] | npt.ArrayLike,
    ids: npt.ArrayLike | None,
    sources: int,
    small_classes: str,
    *,
    image_count: int | None = None,
    groups: Sequence[Any] | npt.ArrayLike | None = None,
) -> Partition:
    """Check labels, ids and groups, and sort the images into classes.

    The draw depends neither on the names of labels and groups nor on the order of classes: an
    image's choices follow from its id, and the order within a class follows from ids.
    ``image_count`` is given if it is known.
    """
    names, class_of = classes(labels, image_count=image_count)
    count = len(class_of)
    if count > MAX_IMAGES:
        raise InputError(f"one call takes at most {MAX_IMAGES} images, got {count}: split the set")
    id_array = _id_array(ids, count)
    sizes = np.bincount(class_of, minlength=len(names))
    runs = None if groups is None else find_runs(class_of, groups)
    check_sizes(names, sizes.tolist(), sources, small_classes, runs)
    if runs is None:
        order = np.lexsort((id_array, class_of)).astype(np.int32)
    else:
        lowest_ids = np.full(len(runs.sizes), np.iinfo(np.uint64).max)
        np.minimum.at(lowest_ids, runs.run_of, id_array)
        order = np.lexsort((id_array, lowest_ids[runs.run_of], class_of)).astype(np.int32)
    return Partition(
        order=order,
        ids=id_array[order],
        class_of_slot=class_of[order].astype(np.int32),
        starts=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        group_runs=np.empty(0, np.int32) if runs is None else _group_runs(runs, order),
    )


def find_runs(class_of: npt.NDArray[np.intp], groups: Sequence[Any] | npt.ArrayLike) -> Runs:
    """Check groups, one for each image, and find those within each class."""
    names, group_of = classes(groups, "groups", image_count=len(class_of))
    group_count = max(len(names), 1)
    pairs, run_of, sizes = np.unique(
        class_of * group_count + group_of, return_inverse=True, return_counts=True
    )
    return Runs(names, run_of, *np.divmod(pairs, group_count), sizes)


def _group_runs(runs: Runs, order: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """For each slot the slot at which its run begins, and the size of the run."""
    run_of_slot = runs.run_of[order]
    first_slots = np.empty(len(runs.sizes), np.int32)
    begins = np.flatnonzero(np.diff(run_of_slot, prepend=-1))
    first_slots[run_of_slot[begins]] = begins
    sizes = runs.sizes.astype(np.int32)
    return np.stack((first_slots[run_of_slot], sizes[run_of_slot]), axis=1).ravel()


def check_sizes(
    names: Sequence[Any],
    sizes: Sequence[int],
    sources: int,
    small_classes: str,
    runs: Runs | None = None,
) -> None:
    """Refuse labels with images whose pool would have too few members, or none.

    Those are labels with too few images, or, with groups, with too few outside of a group.
    """
    if runs is not None:
        _check_runs(names, sizes, sources, small_classes, runs)
        return
    needed = sources + 1 if small_classes == "error" else 2
    small = [
        f"{name!r} has {size} image{'' if size == 1 else 's'}"
        for name, size in zip(names, sizes, strict=True)
        if size < needed
    ]
    if not small:
        return
    labels = ("label " if len(small) == 1 else "labels ") + ", ".join(small)
    if small_classes == "clamp" or min(sizes) < 2:
        way_out = "a label with 1 image would be published unmixed: add images or leave it out"
        if small_classes == "error":
            way_out = f"sources={sources} needs at least {needed}; {way_out}"
        raise InputError(f"{labels}, but {way_out}")
    raise InputError(
        f"{labels}, but sources={sources} needs at least {needed}: lower sources, or pass ",
        Setting("small_classes", "clamp"),
    )


def _check_runs(
    names: Sequence[Any], sizes: Sequence[int], sources: int, small_classes: str, runs: Runs
) -> None:
    needed = sources if small_classes == "error" else 1
    candidates = np.asarray(sizes, np.intp)[runs.class_of_run] - runs.sizes
    # Classes that are too small whatever their groups are; these are not named.
    groups_by_class: dict[int, list[str]] = {
        index: [] for index, size in enumerate(sizes) if size <= needed
    }
    for run in np.flatnonzero(candidates < needed).tolist():
        index = int(runs.class_of_run[run])
        shown = f"{runs.sizes[run]} of group {runs.groups[runs.group_of_run[run]]!r}"
        if sizes[index] > needed:
            groups_by_class.setdefault(index, []).append(shown)
    if not groups_by_class:
        return
    small = []
    for index, groups in sorted(groups_by_class.items()):
        shown = f" ({', '.join(groups)})" if groups else ""
        plural = "" if sizes[index] == 1 else "s"
        small.append(f"{names[index]!r} has {sizes[index]} image{plural}{shown}")
    labels = ("label " if len(small) == 1 else "labels ") + ", ".join(small)
    rule = f"sources={sources} needs at least {sources} of other groups for each image"
    if min(sizes) < 2 or candidates.min() < 1:
        way_out = (
            "an image with none of another group in its label would be published unmixed: add "
            "images or leave it out"
        )
        if small_classes == "error":
            way_out = f"{rule}; {way_out}"
        raise InputError(f"{labels}, but {way_out}")
    raise InputError(
        f"{labels}, but {rule}: lower sources, or pass ", Setting("small_classes", "clamp")
    )


def classes(
    labels: Sequence[Any] | npt.ArrayLike, name: str = "labels", *, image_count: int | None = None
) -> tuple[list[Any], npt.NDArray[np.intp]]:
    """The distinct labels, and the index of the label of each image; also of groups.

    ``name`` is "labels" or "groups", for messages.
    """
    array = as_array(labels, name)
    if image_count not in (None, len(array)):
        raise InputError(
            f"there must be one {name[:-1]} for each image, got {len(array)} {name} for "
            f"{image_count} images"
        )
    if array.dtype.kind not in "biuUSTO":
        # Without the name of a library before it.
        dtype = str(getattr(labels, "dtype", array.dtype)).rpartition(".")[2]
        raise InputTypeError(
            f"{name} are integers or strings, got {dtype}: convert them, for example with "
            f"{name}.{integer_cast(labels)}"
        )
    if array.dtype.kind != "O":
        names, class_of = np.unique(array, return_inverse=True)
        return names.tolist(), class_of
    kinds = {_kind(label) for label in array}
    if len(kinds) > 1 or not kinds <= {"integer", "string", "bytes"}:
        raise InputTypeError(
            f"{name} are integers or strings, all of one kind, got {', '.join(sorted(kinds))}"
        )
    distinct = sorted(set(array.tolist()))
    index_of = {label: index for index, label in enumerate(distinct)}
    return distinct, np.fromiter((index_of[label] for label in array), np.intp, len(array))


def as_array(values: Sequence[Any] | npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """The values as a 1-D array, in which Python values keep their type.

    NumPy alone would turn [1, "a"] into strings, [-1, 2**63] into floats, and cut NULs off the ends
    of strings, without a warning.
    """
    values = on_host(values, name)
    try:
        array = np.asarray(values) if hasattr(values, "dtype") else _objects(values)
    except Exception as error:  # other libraries raise errors of any kind
        raise InputTypeError(f"{name} cannot be read as a 1-D sequence: {error}") from None
    if isinstance(values, np.ma.MaskedArray):
        raise InputTypeError(f"{name} is a masked array, whose mask would be lost: fill it")
    if array.ndim != 1:
        way_out = ""
        if array.ndim == 2 and array.shape[1] == 1:
            way_out = f": pass {name}.reshape(-1)"
        elif array.ndim == 2 and name == "labels":
            way_out = (
                ": mix before one-hot or soft labels are made of them, or pass their argmax(1)"
            )
        raise InputError(f"{name} are 1-D, one for each image, got shape {array.shape}{way_out}")
    return array


def _objects(values: Any) -> npt.NDArray[Any]:
    if isinstance(values, (str, bytes)):
        raise InputTypeError("got one string")
    items = list(values)
    array = np.empty(len(items), object)
    array[:] = items
    return array


def _kind(label: object) -> str:
    if isinstance(label, (bool, int, np.integer, np.bool_)):
        return "integer"
    if isinstance(label, str):
        return "string"
    return type(label).__name__


def _id_array(ids: npt.ArrayLike | None, count: int) -> npt.NDArray[np.uint64]:
    if ids is None:
        return np.arange(count, dtype=np.uint64)
    array = as_array(ids, "ids")
    if len(array) != count:
        raise InputError(f"there must be one id for each of {count} labels, got {len(array)} ids")
    if array.dtype.kind not in "iu" and not all(_kind(number) == "integer" for number in array):
        raise InputTypeError("ids are integers from 0 to 2**64 - 1")
    if count and not 0 <= array.min() <= array.max() < 2**64:
        raise InputError("ids are integers from 0 to 2**64 - 1")
    if len(np.unique(array)) != count:
        raise InputError("ids must differ: two images with one id would be mixed alike")
    return array.astype(np.uint64)
