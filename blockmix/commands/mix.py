"""``blockmix mix`` and ``keygen``.

Heavy modules are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blockmix.commands.options import (
    Block,
    ExecutorOption,
    FormatOption,
    Label,
    Probability,
    Quality,
    Rounds,
    Size,
    SmallClasses,
    SmallClassesOption,
    Sources,
    read_key_or_file,
)
from blockmix.errors import InputError
from blockmix.support import streams
from blockmix.support.progress import progress_bars

if TYPE_CHECKING:
    from blockmix.datasets.shards.shard_summary import ShardSummary
    from blockmix.datasets.summary import FolderSummary


class Names(StrEnum):
    opaque = "opaque"
    keep = "keep"


class OnError(StrEnum):
    error = "error"
    skip = "skip"


def mix(
    src: Annotated[
        str,
        typer.Argument(
            metavar="SRC",
            help="Folder that holds one folder a label; or shards, such as 'set-{000..999}.tar' or "
            "s3://bucket/set.",
        ),
    ],
    dst: Annotated[
        str,
        typer.Argument(
            metavar="DST", help="New or empty folder for the mixed images; for shards also a URL."
        ),
    ],
    size: Size = None,
    block: Block = "24x24",
    sources: Sources = 10,
    rounds: Rounds = 1,
    probability: Probability = "0.5",
    key_file: Annotated[
        Path | None,
        typer.Option(help="Key from 'blockmix keygen'. Default: a fresh key, then forgotten."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Key from an integer. NOT PRIVATE: for experiments.")
    ] = None,
    format: FormatOption = None,
    quality: Quality = None,
    names: Annotated[
        Names, typer.Option(help="Opaque file names, or keep the originals'.")
    ] = Names.opaque,
    memory: Annotated[
        str | None,
        typer.Option(
            help="Folders: budget for images in memory; larger labels mix in cohorts. Default: "
            "1GiB. Shards: the most that a worker may take. Default: 2GiB."
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Threads that read and write. Default: one a core.")
    ] = None,
    label: Label = None,
    executor: ExecutorOption = None,
    small_classes: SmallClassesOption = SmallClasses.error,
    on_error: Annotated[
        OnError, typer.Option(help="Unusable files: stop, or leave them out and list them.")
    ] = OnError.error,
    groups: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.csv:COLUMN",
            help="Blocks come from images of other groups, such as persons: a table with the "
            "columns path and COLUMN, or 'parent' for folders between label and image.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier result of blockmix in DST.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted run stopped.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no summary.")
    ] = False,
) -> None:
    """Mix a set of images: a folder, SRC/<label>/*, or shards, tar or parquet, in any store."""
    from blockmix.datasets.mix_folder import mix_folder
    from blockmix.datasets.mix_shards import mix_shards
    from blockmix.datasets.shards.urls import names_shards
    from blockmix.probability import parse_probability
    from blockmix.support.sizes import parse_pair

    if resume and key_file is None and seed is None:
        raise InputError("--resume needs the key of the run that it continues: give --key-file")
    of_shards = names_shards(src)
    mixing: dict[str, Any] = {
        "size": None if size is None else parse_pair(size, "size"),
        "block": parse_pair(block, "block"),
        "sources": sources,
        "rounds": rounds,
        "probability": parse_probability(probability),
        "key": read_key_or_file(key_file, seed, "--seed"),
        "small_classes": small_classes.value,
        "format": None if format is None else format.value,
        "quality": quality,
        "on_error": on_error.value,
        "executor": executor,
        "overwrite": overwrite,
        "resume": resume,
    }
    if memory is not None:
        mixing["memory"] = memory
    _refuse_options(
        of_shards,
        {"--names": names is Names.keep, "--workers": workers is not None, "--groups": groups},
        {"--label": label},
    )
    with progress_bars(shown=not quiet and sys.stderr.isatty()) as progress:
        summary: FolderSummary | ShardSummary
        if of_shards:
            summary = mix_shards(src, dst, label=label, progress=progress, **mixing)
        else:
            summary = mix_folder(
                src,
                dst,
                names=names.value,
                workers=workers,
                groups=groups,
                progress=progress,
                **mixing,
            )
    if not quiet:
        with streams.printing_results():
            typer.echo(summary)


def _refuse_options(
    of_shards: bool, of_folders_alone: dict[str, object], of_shards_alone: dict[str, object]
) -> None:
    """Refuse options that say nothing about this kind of set."""
    kind, other = ("shards", "folders of images") if of_shards else ("a folder of images", "shards")
    for option, given in (of_folders_alone if of_shards else of_shards_alone).items():
        if given:
            raise InputError(f"SRC is {kind}, and {option} is for {other}: leave it out")


def keygen(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New file for the key (mode 0600).")],
) -> None:
    """Write a fresh key to a new file that only its owner can read."""
    from blockmix.key import Key

    Key.generate().save(file)
    with streams.printing_results():
        typer.echo(f"wrote a new key to {file}: keep it secret, use it for one image set only")
