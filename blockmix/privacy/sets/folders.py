"""A pair of sets from two folders: the originals, and what `blockmix mix` made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePath
from typing import NamedTuple

import numpy as np

from blockmix.datasets.decode import resized
from blockmix.datasets.folder.destination import RECORD
from blockmix.datasets.folder.image_folder import FileSample, ImageFolder
from blockmix.datasets.groups import GroupsOfPaths, find_groups
from blockmix.datasets.interfaces import BadImageError
from blockmix.datasets.opaque_names import opaque_name, originals_digest
from blockmix.errors import InputError
from blockmix.key import Key
from blockmix.privacy.sets.pair import Indices, Pair, group_indices
from blockmix.privacy.sets.record import Record
from blockmix.support.pixels import Pixels
from blockmix.support.progress import Progress

_MAX_PIXEL_BYTES = 8 << 30  # of both sets together
# From an original to the label and the name, without suffix, of its mixed image.
StemFunction = Callable[[FileSample], tuple[str, str]]


class FolderPair(NamedTuple):
    """A pair of sets in memory, and the folders that it was read from."""

    pair: Pair
    record: Record
    names: list[str]  # of the original files, below the folders of their labels
    mixed: Path
    left_out: int  # number of originals that cannot be read or have no mixed image


def load(
    originals: Path,
    mixed: Path,
    key: Key | None,
    progress: Progress,
    groups: str | GroupsOfPaths | None = None,
) -> FolderPair:
    """Read both folders, every image as it was mixed: resized, grey or colour.

    Originals that cannot be read are left out, as the mixing left them out too. If names were kept,
    or follow from ``key``, originals without a mixed image of their name are also left out, and
    mixed images are in the order of their originals. ``groups`` says who is in which original, as
    `blockmix.datasets.groups.read_groups` returns it.

    Raises
    ------
    InputError
        If ``mixed`` holds no finished result of blockmix, the two folders do not belong together,
        the names of ``mixed`` do not follow from ``key``, or an original has no group.
    WorkError
        If a mixed image cannot be read.
    """
    all_originals, record = ImageFolder(originals).samples(), Record.read(mixed)
    mixed_files = ImageFolder(mixed).samples()
    counts = Counter(file.label for file in mixed_files)
    if counts != record.labels:
        raise InputError(
            f"{mixed} does not hold the images that its {RECORD} names: {dict(counts)} instead of "
            f"{dict(record.labels)}"
        )
    label_names = sorted({file.label for file in all_originals})
    unknown_labels = sorted(counts.keys() - set(label_names))
    if unknown_labels:
        raise InputError(f"{mixed} has a label {unknown_labels[0]!r} that {originals} lacks")
    samples = [file for file in all_originals if file.label in counts]
    files, mixed_stem = samples, _stem_function(record, key)
    if key is not None:
        _check_originals(mixed, mixed_files, record, key, all_originals)
    if mixed_stem is not None:
        files = _with_mixed_image(samples, mixed_stem, mixed_files)
    _check_memory(len(files) + len(mixed_files), record)
    group_of = find_groups(groups, files)
    persons = None if group_of is None else group_indices([group_of[file.id] for file in files])
    pixels, errors = _read(files, record, progress, resize=True)
    if errors:
        readable = [index for index in range(len(files)) if index not in errors]
        files, pixels = [files[index] for index in readable], pixels[readable]
        persons = None if persons is None else persons[readable]
    _check_counts(files, counts)
    match = None
    if mixed_stem is not None:
        match = _match_by_name(files, mixed_stem, mixed_files)
        order = np.argsort(match, kind="stable")
        mixed_files, match = [mixed_files[index] for index in order], match[order]
    mixed_pixels, errors = _read(mixed_files, record, progress, resize=False)
    if errors:
        raise next(iter(errors.values()))
    pair = Pair(
        originals=pixels,
        mixed=mixed_pixels,
        labels=_label_indices(files, label_names),
        mixed_labels=_label_indices(mixed_files, label_names),
        names=tuple(label_names),
        grid=record.grid,
        match=match,
        cohorts=record.smallest_cohorts,
        groups=persons,
    )
    names = [file.name for file in files]
    return FolderPair(pair, record, names, mixed, len(samples) - len(files))


def _stem_function(record: Record, key: Key | None) -> StemFunction | None:
    """Return how the mixed image of an original is named; None if nobody can tell."""
    if record.names_kept:
        return _stem
    return None if key is None else lambda file: (file.label, opaque_name(key, file.id))


def _check_originals(
    mixed: Path,
    mixed_files: list[FileSample],
    record: Record,
    key: Key,
    originals: list[FileSample],
) -> None:
    """Refuse a key that is not the run's, and originals that are not those of the run."""
    if originals_digest(key, originals) == record.originals:
        return
    names = {opaque_name(key, file.id) for file in originals}
    if not record.names_kept and any(PurePath(file.name).stem in names for file in mixed_files):
        raise InputError(
            f"a file of the originals was added, removed or renamed since {mixed} was mixed, and a "
            "key names images by the position of their originals: give the folder as it was; "
            "without a key, images are matched by content"
        )
    raise InputError(
        f"{mixed} was not mixed from these originals with this key: give the key of the run that "
        "wrote it, and the originals of that run; without a key, images are matched by "
        + ("name" if record.names_kept else "content")
    )


def _check_memory(images: int, record: Record) -> None:
    image_bytes = record.grid.height * record.grid.width * (1 if record.grey else 3)
    if images * image_bytes > _MAX_PIXEL_BYTES:
        raise InputError(
            f"both sets need {images * image_bytes / 2**30:.0f} GiB in memory, more than "
            f"{_MAX_PIXEL_BYTES >> 30}: report on some of the labels"
        )


def _check_counts(originals: list[FileSample], mixed_counts: Mapping[str, int]) -> None:
    """Refuse a set that lacks originals, which would seem better protected than it is."""
    counts = Counter(file.label for file in originals)
    for label, mixed_count in mixed_counts.items():
        if counts[label] < mixed_count:
            raise InputError(
                f"label {label!r} has {counts[label]} originals that can be read for {mixed_count} "
                "mixed images: are these the originals of that set, and all of them?"
            )


def _read(
    files: list[FileSample],
    record: Record,
    progress: Progress,
    *,
    resize: bool,
) -> tuple[Pixels, dict[int, BadImageError]]:
    """Return the images as they were mixed, and for each unusable one its index and its error.

    Originals are resized; mixed images have the right size already.
    """
    stage = "read originals" if resize else "read mixed"
    size, grey = (record.grid.height, record.grid.width), record.grey
    channels = 1 if grey else 3
    pixels = np.empty((len(files), *size, channels), np.uint8)

    def read(index: int) -> BadImageError | None:
        try:
            image = files[index].decode(size, resize=resize, grey=grey)
        except BadImageError as error:
            return error
        pixels[index] = resized(image, size).reshape(*size, channels)
        return None

    errors = {}
    with ThreadPoolExecutor() as pool:
        for index, error in enumerate(pool.map(read, range(len(files)))):
            if error:
                errors[index] = error
            progress(stage, index + 1, len(files))
    return pixels, errors


def _label_indices(files: list[FileSample], label_names: list[str]) -> Indices:
    index = {name: number for number, name in enumerate(label_names)}
    return np.array([index[file.label] for file in files], np.int64)


def _with_mixed_image(
    originals: list[FileSample], mixed_stem: StemFunction, mixed: list[FileSample]
) -> list[FileSample]:
    """Return the originals that have a mixed image of their label and name."""
    mixed_stems = {_stem(file) for file in mixed}
    return [file for file in originals if mixed_stem(file) in mixed_stems]


def _match_by_name(
    originals: list[FileSample], mixed_stem: StemFunction, mixed: list[FileSample]
) -> Indices:
    """Return the index of the original of each mixed image, by label and name."""
    index = {mixed_stem(file): number for number, file in enumerate(originals)}
    unmatched = [file for file in mixed if _stem(file) not in index]
    if unmatched:
        raise InputError(
            f"{unmatched[0].path} has no original of its name that can be read: are these the "
            "originals of that set?"
        )
    return np.array([index[_stem(file)] for file in mixed], np.int64)


def _stem(file: FileSample) -> tuple[str, str]:
    """Return the label and the name of an image file without its suffix."""
    return file.label, str(Path(file.name).with_suffix(""))
