"""From labels to classes: which images may lend each other blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blockmix.errors import InputError, InputTypeError

MAX_IMAGES = 2**31 - 1
SMALL_CLASSES = ("error", "clamp")


class Partition(NamedTuple):
    """The images of one call, class after class, in the form that the draw takes."""

    ids: npt.NDArray[np.uint64]  # (N,) id of the image at each position
    members: npt.NDArray[np.int32]  # (N,) positions, by class, then by id
    classes: npt.NDArray[np.int32]  # (N,) class of each entry of members
    starts: npt.NDArray[np.int64]  # (classes + 1,) where each class begins in members


def partition(
    labels: Sequence[Any] | npt.ArrayLike,
    ids: npt.ArrayLike | None,
    sources: int,
    small_classes: str,
) -> Partition:
    """Check labels and ids, and sort the images into classes.

    Which label a class has does not matter to the draw, and neither does the order of classes: an
    image's choices follow from its id, and its class is in the order of ids.
    """
    array = _label_array(labels)
    count = len(array)
    if count > MAX_IMAGES:
        raise InputError(f"one call takes at most {MAX_IMAGES} images, got {count}: split the set")
    id_array = _id_array(ids, count)
    names, class_of, sizes = np.unique(array, return_inverse=True, return_counts=True)
    _check_sizes(names, sizes, sources, small_classes)
    members = np.lexsort((id_array, class_of)).astype(np.int32)
    return Partition(
        ids=id_array,
        members=members,
        classes=class_of[members].astype(np.int32),
        starts=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
    )


def _label_array(labels: Sequence[Any] | npt.ArrayLike) -> npt.NDArray[Any]:
    try:
        array = np.asarray(labels)
    except Exception as error:  # whatever a foreign sequence raises when it is converted
        raise InputTypeError(f"labels cannot be read as a 1-D sequence: {error}") from None
    if array.ndim != 1:
        raise InputError(f"labels are 1-D, one for each image, got shape {array.shape}")
    if array.size == 0:
        return array.astype(np.int64)
    # NumPy turns [1, "a"] into strings and [-1, 2**63] into floats without a word.
    converted = array.dtype.kind in "USf" and not isinstance(labels, np.ndarray)
    if array.dtype.kind == "O" or converted:
        originals = np.array(labels, object)
        kinds = {_kind(label) for label in originals}
        if kinds not in ({"integer"}, {"string"}, {"bytes"}):
            raise InputTypeError(
                f"labels are integers or strings, all of one kind, got {', '.join(sorted(kinds))}"
            )
        if kinds == {"string"}:
            return np.asarray(array, np.str_)  # sorts faster than objects
        return originals
    if array.dtype.kind not in "biuUST":
        raise InputTypeError(
            f"labels are integers or strings, got {array.dtype}: convert them, for example "
            "with labels.astype(int)"
        )
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
    array = np.asarray(ids)
    if array.ndim != 1 or len(array) != count:
        raise InputError(f"ids are 1-D, one for each of {count} labels, got shape {array.shape}")
    if array.dtype.kind not in "iu":
        array = np.array(ids, object)  # as above: the originals are exact
        if not all(_kind(number) == "integer" for number in array):
            raise InputTypeError("ids are integers from 0 to 2**64 - 1")
    if count and not 0 <= array.min() <= array.max() < 2**64:
        raise InputError("ids are integers from 0 to 2**64 - 1")
    if len(np.unique(array)) != count:
        raise InputError("ids must differ: two images with one id would be mixed alike")
    return array.astype(np.uint64)


def _check_sizes(
    names: npt.NDArray[Any], sizes: npt.NDArray[np.intp], sources: int, small_classes: str
) -> None:
    """A pool has ``sources`` other images, and nothing is published unmixed for want of others."""
    needed = sources + 1 if small_classes == "error" else 2
    small = [
        f"{name!r} has {size} image{'s' if size > 1 else ''}"
        for name, size in zip(names.tolist(), sizes.tolist(), strict=True)
        if size < needed
    ]
    if not small:
        return
    labels = ("label " if len(small) == 1 else "labels ") + ", ".join(small)
    if small_classes == "clamp" or sizes.min() == 1:
        way_out = "a label with 1 image would be published unmixed: add images or leave it out"
        if small_classes == "error":
            way_out = f"sources={sources} needs at least {needed}; {way_out}"
    else:
        way_out = (
            f"sources={sources} needs at least {needed}: lower sources, "
            "or pass small_classes='clamp'"
        )
    raise InputError(f"{labels}, but {way_out}")
