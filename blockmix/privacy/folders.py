"""A pair of sets from two folders: the originals, and what `blockmix mix` made of them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from blockmix.errors import InputError
from blockmix.folders.codec import decode, resized
from blockmix.folders.destination import RECORD
from blockmix.folders.scan import Candidate, find_candidates
from blockmix.grid import BlockGrid
from blockmix.privacy.attacks.identity import Recogniser
from blockmix.privacy.checks import look_at_files
from blockmix.privacy.pair import Pair, Pixels, Positions
from blockmix.privacy.report import measure
from blockmix.progress import Progress

_MOST_BYTES = 8 << 30  # of pixels of both sets together


_NEEDED = {
    "grid": ("row_edges", "col_edges"),
    "files": ("grey", "names"),
    "parameters": ("sources", "rounds", "probability"),
}


class Loaded(NamedTuple):
    """A pair of folders in memory."""

    pair: Pair
    record: dict[str, Any]  # blockmix.json
    names: list[str]  # of the original files, below their labels
    mixed: Path


def load(originals: Path, mixed: Path, progress: Progress) -> Loaded:
    """Read both folders, every image as it was mixed: resized, grey or colour.

    Raises
    ------
    InputError
        If ``mixed`` holds no finished result of blockmix, or labels or sizes do not go together.
    WorkError
        If a file cannot be read.
    """
    before, record = find_candidates(originals), _record(mixed)
    grid = BlockGrid(record["grid"]["row_edges"], record["grid"]["col_edges"])
    after = find_candidates(mixed)
    names = sorted({image.label for image in before})
    unknown = sorted({image.label for image in after} - set(names))
    if unknown:
        raise InputError(f"{mixed} has a label {unknown[0]!r} that {originals} lacks")
    grey = bool(record["files"]["grey"])
    size = (grid.height, grid.width)
    needed = (len(before) + len(after)) * grid.height * grid.width * (1 if grey else 3)
    if needed > _MOST_BYTES:
        raise InputError(
            f"both sets need {needed / 2**30:.0f} GiB in memory, more than {_MOST_BYTES >> 30}: "
            "report on some of the labels"
        )
    pair = Pair(
        originals=_read(before, size, grey, "read originals", progress),
        mixed=_read(after, size, grey, "read mixed", progress),
        labels=_numbers(before, names),
        mixed_labels=_numbers(after, names),
        names=tuple(names),
        grid=grid,
        match=_match(before, after) if record["files"]["names"] == "keep" else None,
    )
    return Loaded(pair, record, [image.name for image in before], mixed)


def report_on(
    loaded: Loaded,
    *,
    sample: int,
    seed: int,
    recogniser: Recogniser | None,
    progress: Progress,
) -> dict[str, Any]:
    """`measure` a pair of folders, and look at the files of the mixed one."""
    given = loaded.record["parameters"]
    made = measure(
        loaded.pair,
        **{name: given[name] for name in ("sources", "rounds", "probability")},
        sample=sample,
        seed=seed,
        recogniser=recogniser,
        progress=progress,
    )
    made["files"] = look_at_files(loaded.mixed, loaded.names)
    made["files"] |= {"cohorts": loaded.record["cohorts"], "private": loaded.record["private"]}
    return made


def _record(mixed: Path) -> dict[str, Any]:
    try:
        record = json.loads((mixed / RECORD).read_text(encoding="utf-8"))
        for part, names in _NEEDED.items():
            for name in names:
                record[part][name]
        record["cohorts"], record["private"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"{mixed} is not a finished result of blockmix: it holds no readable {RECORD}"
        ) from None
    return dict(record)


def _read(
    images: list[Candidate], size: tuple[int, int], grey: bool, stage: str, progress: Progress
) -> Pixels:
    channels = 1 if grey else 3
    pixels = np.empty((len(images), *size, channels), np.uint8)

    def read(number: int) -> None:
        image = decode(images[number].path, size, resize=True, grey=grey)
        pixels[number] = resized(image, size).reshape(*size, channels)

    with ThreadPoolExecutor() as pool:
        for number, _ in enumerate(pool.map(read, range(len(images))), start=1):
            progress(stage, number, len(images))
    return pixels


def _numbers(images: list[Candidate], names: list[str]) -> Positions:
    number = {name: place for place, name in enumerate(names)}
    return np.array([number[image.label] for image in images], np.int64)


def _match(before: list[Candidate], after: list[Candidate]) -> Positions:
    """By label and name, less the suffix."""
    place = {(image.label, _stem(image)): number for number, image in enumerate(before)}
    lacking = [image for image in after if (image.label, _stem(image)) not in place]
    if lacking:
        raise InputError(
            f"{lacking[0].path} has no original of its name: are these the originals of that set?"
        )
    return np.array([place[image.label, _stem(image)] for image in after], np.int64)


def _stem(image: Candidate) -> str:
    return str(Path(image.name).with_suffix(""))
