"""`mix_folder`, the main job: a folder of images to a mixed one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from blockmix.datasets.engines.workers import open_workers
from blockmix.datasets.folder.destination import Destination
from blockmix.datasets.folder.image_folder import ImageFolder
from blockmix.datasets.folder.remote import RemoteEngine
from blockmix.datasets.options import RunOptions
from blockmix.datasets.pillow_warnings import collecting
from blockmix.datasets.plan import RunPlan, make_plan
from blockmix.datasets.run import run
from blockmix.datasets.summary import FolderSummary
from blockmix.datasets.survey import survey
from blockmix.errors import InputError, InputTypeError, WorkError
from blockmix.grid import Block, BlockGrid
from blockmix.key import Key
from blockmix.key_file import KeyFile
from blockmix.mixer import BlockMixer
from blockmix.support.progress import Progress, no_progress


def mix_folder(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] | None = None,
    block: int | Block | BlockGrid = (24, 24),
    sources: int = 10,
    rounds: int = 1,
    probability: float | str = 0.5,
    key: Key | KeyFile | None = None,
    small_classes: str = "error",
    format: str | None = None,
    quality: int | None = None,
    names: str = "opaque",
    memory: str | int = "1GiB",
    workers: int | None = None,
    on_error: str = "error",
    groups: str | Mapping[Any, Any] | None = None,
    executor: Executor | str | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> FolderSummary:
    """Mix a folder of images: ``SRC/<label>/*`` becomes ``DST/<label>/<opaque name>.<suffix>``.

    Parameters
    ----------
    src : path
        One folder for each label, with images in it or below it. Never written to.
    dst : path
        A new or empty folder.
    size : (int, int) or int, optional
        Height and width in pixels to which every image is resized (Lanczos). Without it all
        images must have one size.
    block, sources, rounds, probability, key, small_classes
        See `BlockMixer`. Without a key the run uses a fresh one and forgets it, so that nobody can
        repeat or undo the run.
    format : {"jpeg", "png", "webp"}, optional
        Format of the mixed images. Default: JPEG if every image is JPEG, else PNG.
    quality : int, optional
        1 to 100. JPEG: default 95, always without chroma subsampling. WebP: lossless unless given.
    names : {"opaque", "keep"}
        ``"opaque"`` names follow from the key and reveal nothing; ``"keep"`` keeps path and stem.
    memory : str or int
        Budget for images in memory, such as ``"512MiB"``. A label that does not fit is mixed in
        cohorts, so that another budget can give another result. The interpreter, the list of files
        (some hundred bytes each), one decoded photograph a worker, and up to 64 MiB of files that
        wait to be decoded come on top.
    workers : int, optional
        Threads that read and write; default: one a core. Never changes the result.
    on_error : {"error", "skip"}
        Whether a file that cannot be used stops the run, or is left out and listed.
    groups : "parent", "FILE.csv:COLUMN" or mapping of path to int or str, optional
        Which images belong together, such as those of one person: in each round an image gets
        blocks only from images of its label that belong to other groups. ``"parent"``: the folder
        between label and image, in ``SRC/<label>/<group>/<image>``. A table has a header, the path
        of each image below ``src`` in a column ``path`` or ``file``, and its group in ``COLUMN``.
        Where a label is mixed in cohorts, every cohort needs enough images of other groups. After
        several rounds see `BlockMixer.__call__`.
    executor : concurrent.futures.Executor or str, optional
        Who mixes the cohorts, see `mix_shards`; without one the threads of this process. Workers
        need ``src`` and ``dst`` at the same paths, and, unless they are processes of this machine,
        a `KeyFile`. Never changes the result.
    overwrite : bool
        Replace an earlier result of blockmix in ``dst``.
    resume : bool
        Continue an interrupted run with the same key; the result is the same, byte for byte.
    progress : callable, optional
        Called as ``progress(stage, done, total)`` with the stage "check", "read" or "write".

    Returns
    -------
    FolderSummary

    Raises
    ------
    InputError
        If an argument, the layout of ``src`` or the state of ``dst`` breaks a rule. Nothing is
        written then.
    WorkError
        If a file cannot be used (see ``on_error``) or written. The files in ``dst`` are complete.
        With the same ``key`` the run can be resumed, as long as the files of ``src`` stay as they
        are; a file that cannot be used is then left out with ``on_error="skip"``.

    Notes
    -----
    An image's choices follow from the key, its position in the sorted list of ``src`` and its
    cohort. Each file of ``dst`` appears complete or not at all, even if the process dies (a loss of
    power can leave empty files), and without metadata. All files carry one time stamp, which
    differs from run to run.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> import blockmix
    >>> for label in ("cat", "dog"):
    ...     Path("originals", label).mkdir(parents=True)
    ...     for i in range(12):
    ...         pixels = np.full((48, 48, 3), i, np.uint8)
    ...         Image.fromarray(pixels).save(f"originals/{label}/{i}.png")
    >>> summary = blockmix.mix_folder("originals", "mixed")
    >>> summary.images, sorted(path.name for path in Path("mixed").iterdir())
    (24, ['blockmix.json', 'cat', 'dog'])
    """
    options = RunOptions.check(
        size=size,
        format=format,
        quality=quality,
        names=names,
        memory=memory,
        workers=workers,
        on_error=on_error,
        groups=groups,
    )
    if resume and key is None:
        raise InputError("resume needs the key of the run that it continues: pass key")
    mixer = BlockMixer(
        block=block,
        sources=sources,
        rounds=rounds,
        probability=probability,
        key=key.read() if isinstance(key, KeyFile) else key,
        small_classes=small_classes,
    )
    for name, folder in (("src", src), ("dst", dst)):
        if not isinstance(folder, str | os.PathLike) or not os.fspath(folder):
            raise InputTypeError(f"{name} is the path of a folder, got {folder!r}")
    progress = progress or no_progress
    source = ImageFolder(src)
    destination = Destination(Path(dst), source.root, overwrite=overwrite, resume=resume)
    try:
        with open_workers(executor) as remote_workers:
            engine = None
            if not remote_workers.is_here:
                key_file = key if isinstance(key, KeyFile) else None
                engine = RemoteEngine(remote_workers, source.root, destination, key_file, progress)
            return run(source, destination, mixer, options, progress, engine)
    except OSError as error:  # of folders; files that cannot be read or written have their own
        raise WorkError(f"{error.filename or dst}: {error.strerror or error}") from error


def plan_folder(
    src: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] | None,
    format: str | None,
    quality: int | None,
    memory: str | int,
    on_error: str,
    progress: Progress,
    **parameters: Any,
) -> RunPlan:
    """Return what `mix_folder` would do; ``parameters`` are those of the mixer."""
    options = RunOptions.check(
        size=size,
        format=format,
        quality=quality,
        memory=memory,
        on_error=on_error,
    )
    source = ImageFolder(src)
    samples = source.samples()
    source.check(samples)
    with ThreadPoolExecutor(options.workers, "blockmix") as pool, collecting():
        usable = survey(pool, samples, options.on_error, progress)
    plan = make_plan(BlockMixer(**parameters), options, samples, usable)
    return replace(plan, record=plan.final_record([]))
