"""Several photographs each of persons, in grey, at the paper's size."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blockmix.bench.common.paper import SIDE
from blockmix.datasets.decode import resized
from blockmix.datasets.folder.image_folder import ImageFolder


class Photographs(NamedTuple):
    """Photographs (N, 192, 192) with the person in each, and a digest of their listing."""

    images: npt.NDArray[np.uint8]
    persons: list[str]
    listing_sha256: str

    @classmethod
    def from_folder(cls, folder: Path) -> Photographs:
        """Read ``folder/<person>/*``."""
        samples, size = ImageFolder(folder).samples(), (SIDE, SIDE)
        listing = "".join(f"{sample.label}/{sample.name}\n" for sample in samples)
        return cls(
            np.stack([resized(s.decode(size, resize=True, grey=True), size) for s in samples]),
            [sample.label for sample in samples],
            hashlib.sha256(listing.encode()).hexdigest(),
        )

    def describe(self) -> dict[str, Any]:
        """Counts for a record, which names nobody."""
        return {
            "count": len(self.images),
            "persons": len(set(self.persons)),
            "listing_sha256": self.listing_sha256,
        }
