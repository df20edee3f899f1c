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
from blockmix.support.pixels import Pixels

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """Images before and after mixing, see `Pair.of_arrays`.

    Attributes
    ----------
    originals, mixed : (N, H, W, C) uint8
        The two sets. An original need not have a mixed image.
    labels : (N,) int64
        The label of each original, as an index into ``names``.
    mixed_labels : (N,) int64
        The label of each mixed image, likewise.
    names : tuple of str
        The names of the labels.
    grid : BlockGrid
        The grid of blocks.
    match : (N,) int64, optional
        The index of the original of each mixed image, if it is known.
    sources : (N, rows, cols) int64, optional
        The index of the original that each block comes from, if the map is known.
    cohorts : mapping of str to int
        The size of the smallest cohort of each label that was mixed in cohorts.
    groups : (N,) int64, optional
        The person of each original, as a number, if persons are known.
    """

    originals: Pixels
    mixed: Pixels
    labels: Indices
    mixed_labels: Indices
    names: tuple[str, ...]
    grid: BlockGrid
    match: Indices | None = None
    sources: Indices | None = None
    cohorts: Mapping[str, int] = field(default_factory=dict)
    groups: Indices | None = None

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
        if self.groups is not None and self.groups.shape != self.labels.shape:
            raise InputError(f"groups are one for each original, got {self.groups.shape}")

    @classmethod
    def of_arrays(
        cls,
        originals: Pixels,
        mixed: Pixels,
        labels: Sequence[Any] | npt.ArrayLike,
        *,
        block: int | Block | BlockGrid = (24, 24),
        source_map: SourceMap | None = None,
        groups: Sequence[Any] | npt.ArrayLike | None = None,
    ) -> Pair:
        """Return the pair of two arrays: image i of ``originals`` became image i of ``mixed``.

        Parameters
        ----------
        originals, mixed : (N, H, W, C) or (N, H, W) uint8
            The images before and after mixing, grey or RGB.
        labels : sequence of int or str
            The label of each image.
        block : (int, int), int or BlockGrid
            The block size of the mixing, in pixels; see `BlockMixer`.
        source_map : SourceMap, optional
            The map of the mixing. Without it, blocks are traced by their pixels.
        groups : sequence of int or str, optional
            The person of each image, for the measures that ask for persons.

        Raises
        ------
        InputError, InputTypeError
            If an argument breaks its rule, or the arguments do not fit each other.

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
        originals, mixed = _with_channels("originals", originals), _with_channels("mixed", mixed)
        count = len(originals)
        if originals.shape != mixed.shape or not count:
            raise InputError(
                "originals and mixed are the same images before and after, at least one, got "
                f"{originals.shape} and {mixed.shape}"
            )
        grid = resolve_grid(block, *originals.shape[1:3])
        names, label_indices = np.unique(np.asarray(labels), return_inverse=True)
        if label_indices.shape != (count,):
            raise InputError(f"labels are one for each of {count} images, got {label_indices.size}")
        if source_map is not None and (len(source_map), source_map.grid) != (count, grid):
            raise InputError(f"source_map is of another set or grid: {source_map!r}")
        label_indices = label_indices.astype(np.int64)
        return cls(
            originals=originals,
            mixed=mixed,
            labels=label_indices,
            mixed_labels=label_indices,
            names=tuple(map(str, names)),
            grid=grid,
            match=np.arange(count),
            sources=None if source_map is None else source_map.sources.astype(np.int64),
            groups=None if groups is None else group_indices(groups),
        )

    def classes(self) -> Iterator[tuple[str, Indices, Indices]]:
        """Yield the name and the indices of originals and mixed images of each mixed label."""
        for label, name in enumerate(self.names):
            mixed = np.flatnonzero(self.mixed_labels == label)
            if len(mixed):
                yield name, np.flatnonzero(self.labels == label), mixed

    def block(self, row: int, col: int) -> tuple[slice, slice]:
        """Return the lines and columns of pixels of a block."""
        rows, cols = self.grid.row_edges, self.grid.col_edges
        return slice(rows[row], rows[row + 1]), slice(cols[col], cols[col + 1])


def group_indices(groups: Sequence[Any] | npt.ArrayLike) -> Indices:
    """Return a number for the group of each image.

    Examples
    --------
    >>> group_indices(["b", "a", "b"]).tolist()
    [1, 0, 1]
    """
    return np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64)


def _with_channels(name: str, images: Pixels) -> Pixels:
    """Return images as (N, H, W, C), after checking them."""
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
        kind = getattr(images, "dtype", type(images).__name__)
        raise InputTypeError(f"{name} is a NumPy array of uint8, got {kind}")
    if images.ndim not in (3, 4):
        raise InputError(f"{name} is (N, H, W, C) or (N, H, W), got {images.shape}")
    images = images if images.ndim == 4 else images[..., None]
    if images.shape[3] not in (1, 3):
        raise InputError(f"{name} is grey or RGB, with 1 or 3 channels, got {images.shape}")
    return images
