"""A folder of images as a source of samples."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from blockmix.datasets.decode import decode
from blockmix.datasets.folder.enclosure import Enclosure
from blockmix.datasets.folder.layout import check_levels
from blockmix.datasets.folder.prefetch import PrefetchedJpegs
from blockmix.datasets.folder.scan import list_images
from blockmix.datasets.interfaces import Header, Sample
from blockmix.support.pixels import Pixels


class ImageFolder:
    """The images of ``root/<label>/**``, whose ids follow the order of labels and names."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)
        self.prefix = os.path.join(root, "")
        self.enclosure = Enclosure(self.root)
        self.prefetched = PrefetchedJpegs()

    def samples(self) -> list[FileSample]:
        """Return every image file.

        Raises
        ------
        InputError
            If there is no label's folder, one is empty or a link, or an image lies outside of them.
        """
        images = enumerate(list_images(self.root))
        return [FileSample(id, self, label, name) for id, (label, name) in images]

    def check(self, samples: Sequence[Sample]) -> tuple[str, ...]:
        """Refuse a folder with a level too many above its labels; return what looks like one."""
        hint = check_levels(self.root, samples)
        return (hint,) if hint else ()


class FileSample(NamedTuple):
    """A file that should be an image."""

    id: int
    folder: ImageFolder
    label: str
    name: str  # path below the label's folder

    @property
    def path(self) -> str:
        return f"{self.folder.prefix}{self.label}/{self.name}"

    def read_header(self) -> Header:
        """Look at the file, and keep a small JPEG in memory until it is decoded."""
        path = self.path
        self.folder.enclosure.check(path)
        return self.folder.prefetched.read_header(self.id, path)

    def decode(self, size: tuple[int, int], *, resize: bool, grey: bool) -> Pixels:
        """Decode the file, see `blockmix.datasets.decode.decode`."""
        path, jpeg = self.path, self.folder.prefetched.pop(self.id)
        if jpeg is None:
            self.folder.enclosure.check(path)
        return decode(path, size, resize=resize, grey=grey, jpeg=jpeg)

    def fingerprint(self) -> tuple[int, ...]:
        """Return the size of the file in bytes, and when it was modified."""
        status = os.stat(self.path)
        return status.st_size, status.st_mtime_ns
