"""A pair of sets from two folders: the originals, and what `blockmix mix` made of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from blockmix.datasets.decode import resized
from blockmix.datasets.folder.destination import RECORD
from blockmix.datasets.folder.image_folder import FileSample, ImageFolder
from blockmix.datasets.interfaces import BadImageError
from blockmix.errors import InputError
from blockmix.forecasting.forecast import forecast
from blockmix.grid import BlockGrid
from blockmix.privacy.sets.pair import Pair, Pixels, Positions
from blockmix.probability import check_probability
from blockmix.support.arguments import whole_number
from blockmix.support.progress import Progress

_MOST_BYTES = 8 << 30  # of pixels of both sets together


@dataclass(frozen=True)
class Record:
    """What a report needs of ``blockmix.json``, checked."""

    grid: BlockGrid
    grey: bool
    names_kept: bool
    parameters: Mapping[str, Any]  # "sources", "rounds", "probability"
    labels: Mapping[str, int]  # mixed images of each
    smallest_cohorts: Mapping[str, int]
    cohorts: int
    private: bool

    @classmethod
    def read(cls, mixed: Path) -> Record:
        """Read the record of a folder.

        Raises
        ------
        InputError
            If there is none, or it is not such as blockmix writes.
        """
        path = mixed / RECORD
        try:
            return cls._of(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise InputError(
                f"{mixed} is not a finished result of blockmix: it holds no {RECORD}"
            ) from None
        except (
            OSError,
            LookupError,
            ValueError,
            TypeError,
            AttributeError,
            OverflowError,
        ) as error:
            why = f"it lacks {error}" if isinstance(error, KeyError) else error
            raise InputError(f"{path} is not such as blockmix writes: {why}") from None
        except RecursionError:
            raise InputError(f"{path} is not such as blockmix writes") from None

    @classmethod
    def _of(cls, told: Any) -> Record:
        edges = [
            [whole_number("an edge of the grid", edge, 0, 2**31) for edge in told["grid"][name]]
            for name in ("row_edges", "col_edges")
        ]
        parameters = {
            name: told["parameters"][name] for name in ("sources", "rounds", "probability")
        }
        forecast(2**31, **parameters)  # which checks them
        parameters["probability"] = check_probability(parameters["probability"])
        return cls(
            grid=BlockGrid(tuple(edges[0]), tuple(edges[1])),
            grey=told["files"]["grey"] is True,
            names_kept=told["files"]["names"] == "keep",
            parameters=parameters,
            labels=_counts(told["labels"]),
            smallest_cohorts=_counts(told["smallest_cohorts"]),
            cohorts=whole_number("cohorts", told["cohorts"], 1, 2**31),
            private=told["private"] is True,
        )


class Loaded(NamedTuple):
    """A pair of folders in memory."""

    pair: Pair
    record: Record
    names: list[str]  # of the original files, below their labels
    mixed: Path
    left_out: int  # originals that cannot be read, or that have no mixed image


def load(originals: Path, mixed: Path, progress: Progress) -> Loaded:
    """Read both folders, every image as it was mixed: resized, grey or colour.

    Originals that cannot be read were left out of the mixing too, and so are those without a mixed
    image of their name, where names were kept.

    Raises
    ------
    InputError
        If ``mixed`` holds no finished result of blockmix, or labels or sizes do not go together.
    WorkError
        If a mixed image cannot be read.
    """
    found, record = ImageFolder(originals).samples(), Record.read(mixed)
    after = ImageFolder(mixed).samples()
    counts = Counter(image.label for image in after)
    if counts != record.labels:
        raise InputError(
            f"{mixed} does not hold the images that its {RECORD} names: {dict(counts)} instead of "
            f"{dict(record.labels)}"
        )
    names = sorted({image.label for image in found})
    unknown = sorted(counts.keys() - set(names))
    if unknown:
        raise InputError(f"{mixed} has a label {unknown[0]!r} that {originals} lacks")
    found = [image for image in found if image.label in counts]
    before = _of_these_names(found, after) if record.names_kept else found
    _check_memory(len(before) + len(after), record)
    pixels, bad = _read(before, record, progress, resize=True)
    if bad:
        kept = [number for number in range(len(before)) if number not in bad]
        before, pixels = [before[number] for number in kept], pixels[kept]
    _check_counts(before, counts)
    mixed_pixels, bad = _read(after, record, progress, resize=False)
    if bad:
        raise next(iter(bad.values()))
    pair = Pair(
        originals=pixels,
        mixed=mixed_pixels,
        labels=_numbers(before, names),
        mixed_labels=_numbers(after, names),
        names=tuple(names),
        grid=record.grid,
        match=_match(before, after) if record.names_kept else None,
        cohorts=record.smallest_cohorts,
    )
    return Loaded(pair, record, [image.name for image in before], mixed, len(found) - len(before))


def _check_memory(images: int, record: Record) -> None:
    each = record.grid.height * record.grid.width * (1 if record.grey else 3)
    if images * each > _MOST_BYTES:
        raise InputError(
            f"both sets need {images * each / 2**30:.0f} GiB in memory, more than "
            f"{_MOST_BYTES >> 30}: report on some of the labels"
        )


def _check_counts(before: list[FileSample], mixed: Mapping[str, int]) -> None:
    """Refuse a set of which originals are missing: it would seem better than it is."""
    there = Counter(image.label for image in before)
    for label, count in mixed.items():
        if there[label] < count:
            raise InputError(
                f"label {label!r} has {there[label]} originals that can be read for {count} mixed "
                "images: are these the originals of that set, and all of them?"
            )


def _counts(told: Mapping[str, Any]) -> dict[str, int]:
    return {label: whole_number("a count", count, 1, 2**31) for label, count in told.items()}


def _read(
    images: list[FileSample], record: Record, progress: Progress, *, resize: bool
) -> tuple[Pixels, dict[int, BadImageError]]:
    """Images as they were mixed, and by position those that cannot be used, and why.

    Originals are resized; mixed images have the size.
    """
    stage = "read originals" if resize else "read mixed"
    size, grey = (record.grid.height, record.grid.width), record.grey
    channels = 1 if grey else 3
    pixels = np.empty((len(images), *size, channels), np.uint8)

    def read(number: int) -> BadImageError | None:
        try:
            image = images[number].decode(size, resize=resize, grey=grey)
        except BadImageError as error:
            return error
        pixels[number] = resized(image, size).reshape(*size, channels)
        return None

    bad = {}
    with ThreadPoolExecutor() as pool:
        for number, error in enumerate(pool.map(read, range(len(images)))):
            if error:
                bad[number] = error
            progress(stage, number + 1, len(images))
    return pixels, bad


def _numbers(images: list[FileSample], names: list[str]) -> Positions:
    number = {name: place for place, name in enumerate(names)}
    return np.array([number[image.label] for image in images], np.int64)


def _of_these_names(before: list[FileSample], after: list[FileSample]) -> list[FileSample]:
    """The originals that have a mixed image, by label and name."""
    mixed = {_stem(image) for image in after}
    return [image for image in before if _stem(image) in mixed]


def _match(before: list[FileSample], after: list[FileSample]) -> Positions:
    """By label and name, less the suffix."""
    place = {_stem(image): number for number, image in enumerate(before)}
    lacking = [image for image in after if _stem(image) not in place]
    if lacking:
        raise InputError(
            f"{lacking[0].path} has no original of its name that can be read: are these the "
            "originals of that set?"
        )
    return np.array([place[_stem(image)] for image in after], np.int64)


def _stem(image: FileSample) -> tuple[str, str]:
    return image.label, str(Path(image.name).with_suffix(""))
