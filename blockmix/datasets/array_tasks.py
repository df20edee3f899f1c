"""An array in a file mixed by other processes, here or in a cluster.

A task is one tile of one load. What travels are paths, parameters and numbers: no pixel, and
neither label nor id. Workers find those, as numbers, in a file beside the one that they write to.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from blockmix import __version__
from blockmix.arrays.batch import open_images
from blockmix.compiler import rule, threads_limited
from blockmix.datasets.array_file import as_bytes, open_array, private_array, write_images
from blockmix.datasets.engines.carried_key import CarriedKey
from blockmix.datasets.engines.tasks import Failure, run_tasks
from blockmix.datasets.engines.workers import Workers
from blockmix.datasets.tile_mixing import mixed_tiles
from blockmix.datasets.tiles import Load, Tile
from blockmix.errors import WorkError
from blockmix.key_file import KeyFile
from blockmix.mixer import BlockMixer
from blockmix.support.text import count

# What decides about the bytes, beside the arguments.
_VERSIONS = (("blockmix", __version__), ("rule", rule.VERSION))


class ArrayJob(NamedTuple):
    """What all tasks of a call have in common."""

    src: str
    shape: tuple[int, ...]  # of src
    dtype: np.dtype[Any]
    parameters: dict[str, Any]  # of the mixer, without key
    key: KeyFile | CarriedKey
    versions: tuple[tuple[str, Any], ...]  # of the machine that asks


class TileJob(NamedTuple):
    """A tile of a load."""

    array: ArrayJob
    part: str  # the file to write to
    members: str  # the file of a `member_table`
    begin: int  # see `Load`
    end: int
    tile: Tile


class TileTasks:
    """The mixing of one array by workers that share its file and the folder of the new one."""

    def __init__(
        self,
        workers: Workers,
        mixer: BlockMixer,
        key_file: KeyFile | None,
        src: Path,
        images: npt.NDArray[Any],
    ) -> None:
        workers.check_key(key_file)
        self._workers = workers
        self._job = ArrayJob(
            src=os.path.abspath(src),
            shape=images.shape,
            dtype=images.dtype,
            parameters={
                item.name: getattr(mixer, item.name) for item in fields(mixer) if item.name != "key"
            },
            key=key_file or CarriedKey(mixer.key),
            versions=_VERSIONS,
        )

    def mix(
        self,
        loads: Sequence[Load],
        members: npt.NDArray[np.void],
        part: Path,
        on_mixed: Callable[[int], None],
    ) -> None:
        """Mix all loads into a file; ``on_mixed`` gets the blocks of each tile that is done."""
        failures = []
        with private_array(part.parent, members) as member_file:
            jobs = self._jobs(loads, part, member_file)
            for _, result in run_tasks(self._workers, mix_tile, jobs):
                if isinstance(result, Failure):
                    failures.append(result.reason)
                else:
                    on_mixed(result)
        if failures:
            raise WorkError(
                f"{failures[0]} ({count(len(failures), 'task')} failed): remove the cause, then "
                "call again"
            )

    def _jobs(self, loads: Sequence[Load], part: Path, member_file: Path) -> Iterator[TileJob]:
        for load in loads:
            for tile in load.tiles:
                yield TileJob(self._job, str(part), str(member_file), load.begin, load.end, tile)


def mix_tile(job: TileJob) -> int:
    """Mix a tile in one thread, write it to its place, and return its number of blocks."""
    array = job.array
    if array.versions != _VERSIONS:
        raise WorkError(
            f"this worker has {_shown(_VERSIONS)}, not {_shown(array.versions)}, and would give "
            "other bytes: install the same version on all machines"
        )
    images = open_array(Path(array.src))
    if (images.shape, images.dtype) != (array.shape, array.dtype):
        raise WorkError(
            f"a worker sees another array in {array.src}: all workers need the same file at the "
            "same path"
        )
    mixer = BlockMixer(key=array.key.read(), **array.parameters)
    batch = open_images(as_bytes(images), mixer.layout)
    members = np.array(open_array(Path(job.members))[job.begin : job.end])
    with threads_limited(1):
        ((index, mixed, blocks),) = mixed_tiles(mixer, batch, members, [job.tile])
    try:
        write_images(Path(job.part), array.shape, index, mixed)
    except OSError as error:
        raise WorkError(f"a worker cannot write {job.part}: {error.strerror or error}") from None
    return blocks


def _shown(versions: tuple[tuple[str, Any], ...]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions)
