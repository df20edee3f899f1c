"""What no mixing of blocks can help: near-duplicates, small labels, names and metadata."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from blockmix.datasets.folder.image_folder import ImageFolder
from blockmix.privacy.sets.pair import Pair, Pixels
from blockmix.privacy.sets.pictures import small_greys

# Of 64 bits: at most so many differ between two pictures of the same scene.
NEAR = 4
_HASH_SIDE = 8
_SHOWN = 10
# What Pillow tells of files that hold nothing but pixels.
_OF_EVERY_FILE = {
    *("jfif", "jfif_version", "jfif_unit", "jfif_density"),
    *("loop", "background", "timestamp", "duration"),
}


def near_duplicates(pair: Pair) -> dict[str, Any]:
    """Originals that look like another one of their label, by a difference hash.

    A person who is in a label many times is mixed with himself.

    Returns
    -------
    dict
        ``images`` that have a near-duplicate, their ``share``, and the ``pairs``.
    """
    hashes = difference_hash(pair.originals)
    images = pairs = count = 0
    for _, of_label, _ in pair.classes():
        own = hashes[of_label]
        near = [int((np.bitwise_count(own ^ one) <= NEAR).sum()) - 1 for one in own]
        images += sum(others > 0 for others in near)
        pairs += sum(near) // 2
        count += len(own)
    return {"images": images, "share": images / count, "pairs": pairs, "bits": NEAR}


def difference_hash(images: Pixels) -> npt.NDArray[np.uint64]:
    """64 bits an image: whether it becomes brighter from one of 9 x 8 fields to the next."""
    fields = small_greys(images, _HASH_SIDE, _HASH_SIDE + 1).astype(int)
    brighter = (np.diff(fields, axis=2) > 0).reshape(len(images), -1)
    weights = np.uint64(1) << np.arange(64, dtype=np.uint64)
    hashes: npt.NDArray[np.uint64] = np.where(brighter, weights, np.uint64(0)).sum(axis=1)
    return hashes


def small_labels(sizes: dict[str, int], sources: int) -> list[str]:
    """Labels whose images have fewer others than sources."""
    return [label for label, size in sizes.items() if size < sources + 1]


def look_at_files(folder: Path, originals: Iterable[str]) -> dict[str, Any]:
    """What the files of a mixed set tell beside their pixels.

    Parameters
    ----------
    folder : path
        The mixed set.
    originals : iterable of str
        Names of the original files.

    Returns
    -------
    dict
        ``files``; how many carry ``metadata`` (EXIF, comments, profiles, text); ``kept_names``, how
        many have the name of an original; ``times``, different time stamps, one if they tell
        nothing; and up to ten ``examples`` of files with metadata.
    """
    stems = {Path(name).stem for name in originals}
    files = [Path(image.path) for image in ImageFolder(folder).samples()]
    with ThreadPoolExecutor() as pool:
        told = [path for path, tells in zip(files, pool.map(_tells, files), strict=True) if tells]
    return {
        "files": len(files),
        "metadata": len(told),
        "kept_names": sum(path.stem in stems for path in files),
        "times": len({os.stat(path).st_mtime_ns for path in files}),
        "examples": [str(path.relative_to(folder)) for path in told[:_SHOWN]],
    }


def _tells(path: Path) -> bool:
    with Image.open(path) as image:
        image.load()  # a PNG may have its text behind its pixels
        return bool(set(image.info) - _OF_EVERY_FILE or image.getexif())
