"""What mixing cannot hide: near-duplicates, small labels, file names and metadata."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image

from blockmix.datasets.folder.image_folder import ImageFolder
from blockmix.datasets.likeness import NEAR_BITS, count_alike, difference_hash
from blockmix.privacy.sets.pair import Pair

_MAX_EXAMPLES = 10
# What Pillow reports of files that hold nothing but pixels.
_FORMAT_INFO = {
    *("jfif", "jfif_version", "jfif_unit", "jfif_density"),
    *("loop", "background", "timestamp", "duration"),
}


def near_duplicates(pair: Pair) -> dict[str, Any]:
    """Count originals that look like another one of their label, by a difference hash.

    A person who is in a label many times is mixed with themselves.

    Returns
    -------
    dict
        ``images`` that have a near-duplicate, their ``share``, and the ``pairs``.
    """
    hashes = difference_hash(pair.originals)
    images = pairs = count = 0
    for _, label_originals, _ in pair.classes():
        duplicates = count_alike(hashes[label_originals])
        images += int((duplicates > 0).sum())
        pairs += int(duplicates.sum()) // 2
        count += len(duplicates)
    return {"images": images, "share": images / count, "pairs": pairs, "bits": NEAR_BITS}


def small_labels(sizes: Mapping[str, int], sources: int) -> list[str]:
    """Return the labels that have fewer than ``sources + 1`` images."""
    return [label for label, size in sizes.items() if size < sources + 1]


def inspect_files(folder: Path, originals: Iterable[str]) -> dict[str, Any]:
    """Count what the files of a mixed set reveal besides their pixels.

    Parameters
    ----------
    folder : path
        The mixed set.
    originals : iterable of str
        Names of the original files.

    Returns
    -------
    dict
        ``files``, their number; ``metadata``, how many carry EXIF, comments, profiles or text;
        ``kept_names``, how many have the name of an original; ``times``, the number of different
        time stamps, 1 if they reveal nothing; ``examples``, up to ten files with metadata.
    """
    original_stems = {Path(name).stem for name in originals}
    files = [Path(sample.path) for sample in ImageFolder(folder).samples()]
    with ThreadPoolExecutor() as pool:
        flags = pool.map(_has_metadata, files)
        with_metadata = [path for path, flag in zip(files, flags, strict=True) if flag]
    return {
        "files": len(files),
        "metadata": len(with_metadata),
        "kept_names": sum(path.stem in original_stems for path in files),
        "times": len({os.stat(path).st_mtime_ns for path in files}),
        "examples": [str(path.relative_to(folder)) for path in with_metadata[:_MAX_EXAMPLES]],
    }


def _has_metadata(path: Path) -> bool:
    with Image.open(path) as image:
        image.load()  # a PNG may have text after its pixels
        return bool(set(image.info) - _FORMAT_INFO or image.getexif())
