"""`mix_file`: an array in a file to a mixed one, in bounded memory.

Each label is read, mixed and written alone, or several small ones at once. Of a label that does not
fit, a *tile* is: the same blocks of all its images, whole rows of them if possible. Other processes
can do that too, each a tile at a time.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.arrays.batch import Batch, open_images
from blockmix.datasets.array_file import as_bytes, new_array, open_array
from blockmix.datasets.array_tasks import TileTasks
from blockmix.datasets.cohorts import LOAD_BYTES
from blockmix.datasets.engines.workers import open_workers
from blockmix.datasets.tile_mixing import member_table, mixed_tiles
from blockmix.datasets.tiles import Load, cut_into_loads
from blockmix.errors import InputError, InputTypeError, Setting
from blockmix.grid import Block, BlockGrid, resolve_grid
from blockmix.key import Key
from blockmix.key_file import KeyFile
from blockmix.labels import as_array, partition
from blockmix.mixer import BlockMixer
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
    key: Key | KeyFile | None = None,
    layout: str = "NHWC",
    small_classes: str = "error",
    ids: npt.ArrayLike | None = None,
    groups: Sequence[Any] | npt.ArrayLike | None = None,
    memory: str | int = "1GiB",
    executor: Executor | str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> None:
    """Mix images in a ``.npy`` file, which may be larger than the memory, into another one.

    The mixed images are those that `mix` gives for the same arguments, byte for byte, whatever
    the memory and whoever does the work.

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
        See `BlockMixer`. Without a key the call uses a fresh one and forgets it. A `KeyFile` is
        read here, and by each worker itself.
    ids, groups
        See `BlockMixer.__call__`.
    memory : str or int
        Budget for images and maps in memory, such as ``"512MiB"``. Labels and ids, 3 MiB a thread,
        some 80 bytes for every line of every block of an image, the interpreter and what the system
        keeps of files come on top. It decides about speed alone: each image is read and written at
        once if its label fits, else in some rows or columns of blocks at a time. With ``executor``
        each worker takes that much.
    executor : concurrent.futures.Executor or str, optional
        Who mixes, see `mix_shards`; without one the threads of this process. A task is a label that
        fits into ``memory``, several small ones, or some rows of blocks of one that does not fit:
        lower ``memory`` where few large labels would leave workers idle. Workers need ``src`` and
        the folder of ``dst`` at the same paths, and, unless they are processes of this machine, a
        `KeyFile`. Never changes the result.
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
        If ``dst`` cannot be written, such as for a full disk, or has appeared meanwhile, or if
        tasks of workers have failed.

    Notes
    -----
    ``dst`` appears complete or not at all: until then it is a file beside it, named
    ``.<random>.part``, which is left over if the process is killed. The system kills it if another
    program cuts off ``src`` meanwhile.

    With ``executor`` there is a second such file, with mode 0600, from which workers take the
    class, id and group of each image as numbers; so they must run as the same user. Each writes the
    bytes of its own images and blocks alone, in no order. On one machine that is exact; a network
    file system has to keep apart what several machines write to one page of a file.

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
        key=key.read() if isinstance(key, KeyFile) else key,
        layout=layout,
        small_classes=small_classes,
    )
    budget = parse_memory(memory)
    source, target = _path(src, "src"), _path(dst, "dst")
    images = open_array(source)
    _check_target(source, target, overwrite=overwrite)
    batch = open_images(as_bytes(images), layout)
    grid = resolve_grid(mixer.block, batch.height, batch.width)
    labels = as_array(labels, "labels")
    groups = None if groups is None else as_array(groups, "groups")
    parts = partition(labels, ids, sources, small_classes, image_count=len(images), groups=groups)
    # One process mixes as much at once as fits; for many, small labels are tasks of their own.
    together = budget if executor is None else min(budget, LOAD_BYTES)
    loads = list(cut_into_loads(parts, labels, batch, grid, budget, together))
    members = member_table(loads, parts, groups)
    report, done, total = progress or no_progress, 0, len(images) * grid.blocks

    def on_mixed(blocks: int) -> None:
        nonlocal done
        done += blocks
        report("mix", done, total)

    with open_workers(executor) as workers:
        tasks = None
        if not workers.is_here:
            key_file = key if isinstance(key, KeyFile) else None
            tasks = TileTasks(workers, mixer, key_file, source, images)
        with new_array(
            Path(os.path.realpath(target)), images.shape, images.dtype, overwrite=overwrite
        ) as (mixed, part):
            if tasks is None:
                _mix_here(mixer, batch, loads, members, as_bytes(mixed), on_mixed)
            else:
                tasks.mix(loads, members, part, on_mixed)


def _mix_here(
    mixer: BlockMixer,
    batch: Batch,
    loads: Sequence[Load],
    members: npt.NDArray[np.void],
    mixed: npt.NDArray[Any],
    on_mixed: Callable[[int], None],
) -> None:
    """Mix all loads into an array, by all threads of this process."""
    for load in loads:
        rows = members[load.begin : load.end]
        for index, pixels, blocks in mixed_tiles(mixer, batch, rows, load.tiles):
            mixed[index] = pixels
            on_mixed(blocks)


def _path(path: str | os.PathLike[str], name: str) -> Path:
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str) or not text or "\0" in text:
        raise InputTypeError(f"{name} is the path of a file, got {path!r}")
    return Path(text)


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
