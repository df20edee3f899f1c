"""An original and a mixed set side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.errors import InputError, InputTypeError
from blockmix.grid import Block, BlockGrid, resolve_grid
from blockmix.source_map import SourceMap

Pixels = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """Images before and after mixing, see `Pair.of_arrays`.

    Attributes
    ----------
    originals, mixed : (N, H, W, C) uint8
        The two sets. There may be originals that have no mixed image.
    labels : (N,) int64
        Of the originals.
    mixed_labels : (N,) int64
        Of the mixed images.
    names : tuple of str
        Of the labels, by number.
    grid : BlockGrid
        Of the blocks.
    match : (N,) int64, optional
        The original of each mixed image, where it is known.
    sources : (N, rows, cols) int64, optional
        The original that each block comes from, where the map is known.
    cohorts : mapping of str to int
        How many images the smallest cohort of a label has, where it was mixed in cohorts.
    """

    originals: Pixels
    mixed: Pixels
    labels: Positions
    mixed_labels: Positions
    names: tuple[str, ...]
    grid: BlockGrid
    match: Positions | None = None
    sources: Positions | None = None
    cohorts: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = (self.grid.height, self.grid.width)
        for name, images, labels in (
            ("originals", self.originals, self.labels),
            ("mixed", self.mixed, self.mixed_labels),
        ):
            if images.ndim != 4 or images.shape[1:3] != size or not len(images) == len(labels) > 0:
                raise InputError(
                    f"{name} is at least one image of {size[0]} x {size[1]}, as the grid is, with "
                    f"a label each, got {images.shape} and {len(labels)} labels"
                )
        if self.match is not None and self.match.shape != self.mixed_labels.shape:
            raise InputError(f"match is one original for each mixed image, got {self.match.shape}")

    @classmethod
    def of_arrays(
        cls,
        originals: Pixels,
        mixed: Pixels,
        labels: Sequence[Any] | npt.ArrayLike,
        *,
        block: int | Block | BlockGrid = (24, 24),
        source_map: SourceMap | None = None,
    ) -> Pair:
        """A pair of arrays, of which image i of the one became image i of the other.

        Parameters
        ----------
        originals, mixed : (N, H, W, C) or (N, H, W) uint8
            Images before and after, grey or RGB.
        labels : sequence of int or str
            One for each image.
        block : (int, int), int or BlockGrid
            With which they were mixed, in pixels; see `BlockMixer`.
        source_map : SourceMap, optional
            By which they were mixed. Without it, where blocks come from is told by their pixels.

        Raises
        ------
        InputError, InputTypeError
            If these do not go together.

        Examples
        --------
        >>> import numpy as np
        >>> from blockmix import BlockMixer, Key
        >>> from blockmix.privacy import Pair
        >>> images = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), np.uint8)
        >>> mixer = BlockMixer(block=8, sources=2, key=Key.from_seed(0))
        >>> plan = mixer.plan([0] * 6, 16, 16)
        >>> pair = Pair.of_arrays(images, plan.apply(images), [0] * 6, block=8, source_map=plan)
        >>> pair.sources.shape
        (6, 2, 2)
        """
        before, after = _pixels("originals", originals), _pixels("mixed", mixed)
        if before.shape != after.shape or not len(before):
            raise InputError(
                "originals and mixed are the same images before and after, at least one, got "
                f"{before.shape} and {after.shape}"
            )
        grid = resolve_grid(block, *before.shape[1:3])
        names, numbers = np.unique(np.asarray(labels), return_inverse=True)
        if numbers.shape != (len(before),):
            raise InputError(f"labels are one for each of {len(before)} images, got {numbers.size}")
        if source_map is not None and (len(source_map), source_map.grid) != (len(before), grid):
            raise InputError(f"source_map is of another set or grid: {source_map!r}")
        numbers = numbers.astype(np.int64)
        return cls(
            originals=before,
            mixed=after,
            labels=numbers,
            mixed_labels=numbers,
            names=tuple(map(str, names)),
            grid=grid,
            match=np.arange(len(before)),
            sources=None if source_map is None else source_map.sources.astype(np.int64),
        )

    def classes(self) -> Iterator[tuple[str, Positions, Positions]]:
        """Name, originals and mixed images, as positions, of each label that was mixed."""
        for number, name in enumerate(self.names):
            mixed = np.flatnonzero(self.mixed_labels == number)
            if len(mixed):
                yield name, np.flatnonzero(self.labels == number), mixed

    def block(self, row: int, col: int) -> tuple[slice, slice]:
        """The lines and columns of a block."""
        rows, cols = self.grid.row_edges, self.grid.col_edges
        return slice(rows[row], rows[row + 1]), slice(cols[col], cols[col + 1])


def _pixels(name: str, images: Pixels) -> Pixels:
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
        kind = getattr(images, "dtype", type(images).__name__)
        raise InputTypeError(f"{name} is a NumPy array of uint8, got {kind}")
    if images.ndim not in (3, 4):
        raise InputError(f"{name} is (N, H, W, C) or (N, H, W), got {images.shape}")
    images = images if images.ndim == 4 else images[..., None]
    if images.shape[3] not in (1, 3):
        raise InputError(f"{name} is grey or RGB, with 1 or 3 channels, got {images.shape}")
    return images
