"""`mix_file`: an array in a file to a mixed one, in bounded memory.

Each label is read, mixed and written alone, or several small ones at once. Of a label that does not
fit, a *tile* is: the same blocks of all its images, whole rows of them if possible.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.arrays.batch import Batch, open_images
from blockmix.datasets.array_file import new_array, open_array
from blockmix.datasets.tiles import Load, cut_into_loads
from blockmix.errors import InputError, InputTypeError, Setting
from blockmix.grid import Block, BlockGrid, resolve_grid
from blockmix.key import Key
from blockmix.labels import Partition, as_array, partition
from blockmix.mixer import BlockMixer
from blockmix.source_map import SourceMap
from blockmix.support.progress import Progress, no_progress
from blockmix.support.sizes import parse_memory


def mix_file(
    src: str | os.PathLike[str],
    labels: Sequence[Any] | npt.ArrayLike,
    dst: str | os.PathLike[str],
    *,
    block: int | Block | BlockGrid = (24, 24),
    sources: int = 10,
    rounds: int = 1,
    probability: float | str = 0.5,
    key: Key | None = None,
    layout: str = "NHWC",
    small_classes: str = "error",
    ids: npt.ArrayLike | None = None,
    groups: Sequence[Any] | npt.ArrayLike | None = None,
    memory: str | int = "1GiB",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> None:
    """Mix images in a ``.npy`` file, which may be larger than the memory, into another one.

    The mixed images are those that `mix` gives for the same arguments, byte for byte, whatever
    the memory.

    Parameters
    ----------
    src : path
        A file that ``numpy.save`` wrote: (N, H, W, C), (N, C, H, W) with ``layout="NCHW"``, or
        (N, H, W), in C order; uint8 or any other dtype of fixed size. Never written to.
    labels : sequence of int or str
        One for each image.
    dst : path
        A new file, in a folder that exists. A link is followed.
    block, sources, rounds, probability, key, layout, small_classes
        See `BlockMixer`. Without a key the call uses a fresh one and forgets it.
    ids, groups
        See `BlockMixer.__call__`.
    memory : str or int
        Budget for images and maps in memory, such as ``"512MiB"``. Labels and ids, 3 MiB a thread,
        some 80 bytes for every line of every block of an image, the interpreter and what the system
        keeps of files come on top. It decides about speed alone: each image is read and written at
        once if its label fits, else in some rows or columns of blocks at a time.
    overwrite : bool
        Replace ``dst`` if it exists.
    progress : callable, optional
        Called as ``progress("mix", done, total)`` with numbers of blocks.

    Raises
    ------
    InputError
        If an argument breaks its rule, ``src`` is no such file, ``dst`` exists, or a block of all
        images of a label does not fit into ``memory``. Nothing is written then.
    WorkError
        If ``dst`` cannot be written, such as for a full disk, or has appeared meanwhile.

    Notes
    -----
    ``dst`` appears complete or not at all: until then it is a file beside it, named
    ``.<random>.part``, which is left over if the process is killed. The system kills it if another
    program cuts off ``src`` meanwhile.

    Examples
    --------
    >>> import numpy as np
    >>> import blockmix
    >>> images = np.random.default_rng(0).integers(0, 256, (60, 48, 48, 3), np.uint8)
    >>> np.save("images.npy", images)
    >>> key = blockmix.Key.from_seed(0)
    >>> blockmix.mix_file("images.npy", ["cat", "dog"] * 30, "mixed.npy", key=key)
    >>> mixed = np.load("mixed.npy", mmap_mode="r")
    >>> np.array_equal(mixed, blockmix.mix(images, ["cat", "dog"] * 30, key=key))
    True
    """
    mixer = BlockMixer(
        block=block,
        sources=sources,
        rounds=rounds,
        probability=probability,
        key=key,
        layout=layout,
        small_classes=small_classes,
    )
    budget = parse_memory(memory)
    source, target = _path(src, "src"), _path(dst, "dst")
    images = open_array(source)
    _check_target(source, target, overwrite=overwrite)
    batch = open_images(_as_bytes(images), layout)
    grid = resolve_grid(mixer.block, batch.height, batch.width)
    labels = as_array(labels, "labels")
    groups = None if groups is None else as_array(groups, "groups")
    parts = partition(labels, ids, sources, small_classes, image_count=len(images), groups=groups)
    loads = list(cut_into_loads(parts, labels, batch, grid, budget))
    with new_array(
        Path(os.path.realpath(target)), images.shape, images.dtype, overwrite=overwrite
    ) as mixed:
        work = _Work(mixer, grid, batch, parts, groups, progress or no_progress)
        for load in loads:
            work.mix(load, _as_bytes(mixed))


class _Work:
    """The mixing of one file."""

    def __init__(
        self,
        mixer: BlockMixer,
        grid: BlockGrid,
        batch: Batch,
        parts: Partition,
        groups: npt.NDArray[Any] | None,
        progress: Progress,
    ) -> None:
        self._mixer, self._grid, self._batch, self._progress = mixer, grid, batch, progress
        self._class_of = np.empty_like(parts.class_of_slot)
        self._class_of[parts.order] = parts.class_of_slot
        self._ids = np.empty_like(parts.ids)
        self._ids[parts.order] = parts.ids
        self._groups = groups
        self._done = 0

    def mix(self, load: Load, mixed: npt.NDArray[Any]) -> None:
        """Mix the images of a load."""
        chosen, grid = load.images, self._grid
        source_map = self._mixer.plan(
            self._class_of[chosen],
            grid.height,
            grid.width,
            ids=self._ids[chosen],
            groups=None if self._groups is None else self._groups[chosen],
        )
        sources = source_map.sources if len(load.tiles) > 1 else None
        for tile in load.tiles:
            if sources is not None:
                source_map = SourceMap(sources[:, tile.rows, tile.cols], tile.grid(grid))
            index: tuple[Any, ...] = (chosen, *tile.pixels(grid, self._batch.layout))
            mixed[index] = source_map.apply(self._batch.view[index], layout=self._mixer.layout)
            self._done += len(chosen) * source_map.grid.blocks
            self._progress("mix", self._done, len(self._batch.view) * grid.blocks)


def _path(path: str | os.PathLike[str], name: str) -> Path:
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str) or not text or "\0" in text:
        raise InputTypeError(f"{name} is the path of a file, got {path!r}")
    return Path(text)


def _as_bytes(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """View items of several fields as one field of bytes: NumPy copies nothing between fields."""
    dtype = array.dtype
    return array if dtype.fields is None else array.view(np.dtype((np.void, dtype.itemsize)))


def _check_target(source: Path, target: Path, *, overwrite: bool) -> None:
    try:
        status = os.stat(target)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror}. Name another") from None
    else:
        if os.path.samestat(status, os.stat(source)):
            raise InputError(f"src and dst are one file, {target}: name another dst")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{target} is a folder or a device: name a file")
    if os.path.lexists(target) and not overwrite:
        raise InputError(f"{target} exists: name a new file, or pass ", Setting("overwrite", True))
    if not target.parent.is_dir():
        raise InputError(f"{target.parent} is not a folder: make it first")
