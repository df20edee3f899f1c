"""`mix_shards`: a set in shards, in any store, to a mixed one, by any workers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any

from blockmix.datasets.engines.workers import open_workers
from blockmix.datasets.options import RunOptions
from blockmix.datasets.shards.formats import CONTAINERS
from blockmix.datasets.shards.shard_run import ShardRun, mix_all
from blockmix.datasets.shards.shard_summary import ShardSummary
from blockmix.datasets.shards.storage import is_local, location, shown
from blockmix.datasets.shards.urls import shard_urls, suffix_of
from blockmix.errors import InputError, InputTypeError, Setting
from blockmix.grid import Block, BlockGrid
from blockmix.key import Key
from blockmix.key_file import KeyFile
from blockmix.mixer import BlockMixer
from blockmix.support.progress import Progress, no_progress


def mix_shards(
    src: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    dst: str | os.PathLike[str],
    *,
    label: str | None = None,
    size: int | tuple[int, int] | None = None,
    block: int | Block | BlockGrid = (24, 24),
    sources: int = 10,
    rounds: int = 1,
    probability: float | str = 0.5,
    key: Key | KeyFile | None = None,
    small_classes: str = "error",
    format: str | None = None,
    quality: int | None = None,
    memory: str | int = "2GiB",
    on_error: str = "error",
    executor: Executor | str | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> ShardSummary:
    """Mix a set that lies in shards: WebDataset tar archives, or parquet files of Hugging Face.

    The unit of work is a group of shards, which is read once, mixed and written once, with a key
    of its own. What it writes depends on that key and its members alone: the bytes are the same on
    one machine and on a cluster.

    Parameters
    ----------
    src : str, path or sequence of these
        Shards: ``"set-{000..999}.tar"``, ``"set-*.parquet"``, or a folder that holds them; local,
        or URLs of any store that fsspec knows, such as ``s3://bucket/set``. Never written to.
    dst : str or path
        A new or empty folder, local or a URL.
    label : str, optional
        Where the label of a sample is. tar: the extension of its member (default ``"cls"``),
        ``"json:FIELD"``, or ``"path"`` for the folder in which it lies. parquet: the name of the
        column (default ``"label"``).
    size, block, sources, rounds, probability, small_classes, format, quality
        See `mix_folder`.
    key : Key or KeyFile, optional
        With a `KeyFile` each worker reads the key itself. Else workers get the keys of their units
        alone, and only if nobody else can read what is sent to them. Default: a fresh key, which is
        forgotten.
    memory : str or int
        The most memory that a unit may take, in each worker.
    on_error : {"error", "skip"}
        Whether an image that cannot be used stops the run, or is left out and listed.
    executor : concurrent.futures.Executor or str, optional
        Who does the work. Default: this process. ``"processes"`` or ``"processes:N"``: processes of
        this machine. ``"dask:tls://host:8786"``: a Dask cluster, by the address of its scheduler.
        ``"ray"`` or ``"ray:ADDRESS"``: a Ray cluster. Or any executor, such as that of
        ``Client.get_executor(pure=False, retries=3)``. Never changes the result.
    overwrite : bool
        Replace an earlier result in ``dst``.
    resume : bool
        Continue an interrupted run with the same key; the result is the same, byte for byte.
    progress : callable, optional
        Called as ``progress(stage, done, total)`` with the stage "check" (shards) or "mix"
        (images).

    Returns
    -------
    ShardSummary

    Raises
    ------
    InputError
        If an argument, a shard or the state of ``dst`` breaks a rule. Nothing is written then.
    WorkError
        If a shard cannot be read, or units have failed, after all others are done. With the same
        ``key`` the run can be resumed, as long as the shards stay as they are.

    Notes
    -----
    Shards are sorted, shuffled by the key, and cut into groups of the fewest shards (1, 2, 4, ...)
    with which every label in a group has ``sources + 1`` images there. Images are mixed within
    their group. Output shards are numbered by the key, and samples are sorted by opaque names: no
    order of the originals is left. Nothing but images and labels is written, in the form in which
    they were read.

    Examples
    --------
    >>> import io, tarfile
    >>> import numpy as np
    >>> from PIL import Image
    >>> import blockmix
    >>> def add(archive, name, data):
    ...     member = tarfile.TarInfo(name)
    ...     member.size = len(data)
    ...     archive.addfile(member, io.BytesIO(data))
    >>> for shard in ("set-0.tar", "set-1.tar"):
    ...     with tarfile.open(shard, "w") as archive:
    ...         for i in range(24):
    ...             image = io.BytesIO()
    ...             Image.fromarray(np.full((48, 48, 3), i, np.uint8)).save(image, "PNG")
    ...             add(archive, f"{i}.png", image.getvalue())
    ...             add(archive, f"{i}.cls", str(i % 2).encode())
    >>> summary = blockmix.mix_shards("set-{0..1}.tar", "mixed")
    >>> summary.images, summary.record["units"]
    (48, 2)
    """
    run = prepare(
        src,
        dst,
        label=label,
        size=size,
        block=block,
        sources=sources,
        rounds=rounds,
        probability=probability,
        key=key,
        small_classes=small_classes,
        format=format,
        quality=quality,
        memory=memory,
        on_error=on_error,
        overwrite=overwrite,
        resume=resume,
    )
    with open_workers(executor) as workers:
        return mix_all(run, workers, progress or no_progress)


def prepare(
    src: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    dst: str | os.PathLike[str],
    *,
    label: str | None,
    size: int | tuple[int, int] | None,
    key: Key | KeyFile | None,
    format: str | None,
    quality: int | None,
    memory: str | int,
    on_error: str,
    overwrite: bool = False,
    resume: bool = False,
    **parameters: Any,
) -> ShardRun:
    """Check the arguments of `mix_shards`; ``parameters`` are those of the mixer."""
    options = RunOptions.check(
        size=size,
        format=format,
        quality=quality,
        memory=memory,
        on_error=on_error,
    )
    if resume and key is None:
        raise InputError("resume needs the key of the run that it continues: pass key")
    if overwrite and resume:
        raise InputError(
            Setting("overwrite"), " starts anew and ", Setting("resume"), " goes on: choose one"
        )
    if label is not None and (not isinstance(label, str) or not label):
        raise InputTypeError(f"label says where labels are, as a text, got {label!r}")
    key_file = key if isinstance(key, KeyFile) else None
    mixer = BlockMixer(key=key.read() if isinstance(key, KeyFile) else key, **parameters)
    parts = [src] if isinstance(src, str | os.PathLike) else src
    if not isinstance(parts, Sequence):
        raise InputTypeError(f"src names shards, by a path, a URL or several, got {src!r}")
    urls = shard_urls([_url(part, "src") for part in parts])
    target = _url(dst, "dst")
    container = CONTAINERS[suffix_of(urls[0])]
    label = label or container.default_label
    container.check_label(label)
    inside = f"{location(target)}/"
    for url in urls:
        if location(url).startswith(inside):
            raise InputError(f"{shown(url)} lies in the destination: keep them apart")
    return ShardRun(
        urls=urls,
        dst=target,
        label=label,
        mixer=mixer,
        key_file=key_file,
        options=options,
        overwrite=overwrite,
        resume=resume,
    )


def _url(path: str | os.PathLike[str], name: str) -> str:
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str) or not text or "\0" in text:
        raise InputTypeError(f"{name} is a path or a URL, got {path!r}")
    text = text.removeprefix("file://")
    # Workers may run in other folders.
    return os.path.abspath(text) if is_local(text) else text
