"""``blockmix plan`` and ``status``: what a run would do, and how far one is."""

from __future__ import annotations

import sys
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
    read_key,
)
from blockmix.errors import InputError
from blockmix.support import streams
from blockmix.support.progress import Progress, progress_bars
from blockmix.support.sizes import show_memory
from blockmix.support.text import count

if TYPE_CHECKING:
    from blockmix.datasets.plan import RunPlan
    from blockmix.datasets.shards.shard_plan import ShardPlan


def plan(
    src: Annotated[
        str, typer.Argument(metavar="SRC", help="A folder of images or shards, as 'mix' takes it.")
    ],
    size: Size = None,
    block: Block = "24x24",
    sources: Sources = 10,
    rounds: Rounds = 1,
    probability: Probability = "0.5",
    key_file: Annotated[
        Path | None,
        typer.Option(help="Key of the run: it decides which shards are mixed together."),
    ] = None,
    format: FormatOption = None,
    quality: Quality = None,
    small_classes: SmallClassesOption = SmallClasses.error,
    memory: Annotated[
        str | None, typer.Option(help="As 'mix' takes it. Default: 1GiB, for shards 2GiB.")
    ] = None,
    label: Label = None,
    executor: ExecutorOption = None,
) -> None:
    """Show what 'mix' would do: units, memory, and what to expect of privacy. Writes nothing."""
    from blockmix.datasets.shards.urls import names_shards
    from blockmix.probability import parse_probability
    from blockmix.support.sizes import parse_pair

    mixing: dict[str, Any] = {
        "block": parse_pair(block, "block"),
        "sources": sources,
        "rounds": rounds,
        "probability": parse_probability(probability),
        "key": read_key(key_file, None, "--seed"),
        "small_classes": small_classes.value,
    }
    options: dict[str, Any] = {
        "size": None if size is None else parse_pair(size, "size"),
        "format": None if format is None else format.value,
        "quality": quality,
        "on_error": "skip",
    }
    with progress_bars(shown=sys.stderr.isatty()) as progress:
        if names_shards(src):
            lines = _of_shards(src, label, memory, executor, mixing, options, progress)
        elif label is not None or executor is not None:
            raise InputError(
                "SRC is a folder of images, which this process looks at, and which has no --label: "
                "leave --label and --executor out"
            )
        else:
            lines = _of_folder(src, memory, mixing, options, progress)
    with streams.printing_results():
        typer.echo("\n".join(lines))


def status(
    dst: Annotated[
        str, typer.Argument(metavar="DST", help="Destination of a run on shards: folder or URL.")
    ],
) -> None:
    """Show how far a run on shards is: units done, failed and left."""
    from blockmix.datasets.shards.state import RunState

    state = RunState(dst)
    content = state.read()
    if content is None:
        record = state.record()
        if record is None or not isinstance(record.get("shards"), dict):
            raise InputError(f"{dst} holds no run on shards: name the destination of one")
        images = sum(record["labels"].values())
        lines = [f"complete: {count(images, 'image')}, {count(record['units'], 'unit')}"]
    else:
        units = len(content["facts"]["units"])
        done, failed = state.done(), state.failed()
        images = sum(marker["images"] for marker in done.values())
        driver = state.lease.holder()
        lines = [
            f"{count(units, 'unit')}: {len(done)} done, {len(failed)} failed, "
            f"{units - len(done) - len(failed)} left",
            f"images: {images} of {sum(content['record']['labels'].values())}",
            f"driven by {driver}" if driver else "nobody drives it: go on with 'mix --resume'",
        ]
        lines += [f"unit {number} failed: {reason}" for number, reason in sorted(failed.items())]
    with streams.printing_results():
        typer.echo("\n".join(lines))


def _of_shards(
    src: str,
    label: str | None,
    memory: str | None,
    executor: str | None,
    mixing: dict[str, Any],
    options: dict[str, Any],
    progress: Progress,
) -> list[str]:
    from blockmix.datasets.engines.workers import open_workers
    from blockmix.datasets.mix_shards import prepare
    from blockmix.datasets.shards.shard_run import plan_shards

    run = prepare(src, "-", label=label, memory=memory or "2GiB", **options, **mixing)
    with open_workers(executor) as workers:
        shard_plan = plan_shards(run, workers, progress)
    facts = shard_plan.facts
    shards = sorted({len(unit) for unit in facts.units})
    return [
        f"{count(len(facts.sizes), 'shard')}, {show_memory(sum(facts.sizes))}, "
        f"{_images(shard_plan)}",
        f"{count(len(facts.units), 'unit')} of {_range(shards)} "
        f"{'shard' if shards == [1] else 'shards'}; a worker takes up to "
        f"{show_memory(shard_plan.memory)}",
        *_common(shard_plan),
    ]


def _of_folder(
    src: str,
    memory: str | None,
    mixing: dict[str, Any],
    options: dict[str, Any],
    progress: Progress,
) -> list[str]:
    from blockmix.datasets.mix_folder import plan_folder

    folder_plan = plan_folder(src, memory=memory or "1GiB", progress=progress, **options, **mixing)
    sizes = sorted({cohort.size for cohort in folder_plan.cohorts})
    return [
        _images(folder_plan),
        f"{count(len(folder_plan.cohorts), 'cohort')} of {_range(sizes)} images",
        *_common(folder_plan),
    ]


def _images(plan: RunPlan | ShardPlan) -> str:
    labels = plan.record["labels"]
    text = f"{count(sum(labels.values()), 'image')} of {count(len(labels), 'label')}"
    skipped = plan.record["skipped"]
    return text + (f"; {skipped} cannot be used" if skipped else "")


def _common(plan: RunPlan | ShardPlan) -> list[str]:
    """Return what is shown of every plan."""
    from blockmix.datasets.expectation import describe

    smallest = plan.record["smallest_cohorts"]
    label = min(smallest, key=lambda name: smallest[name])
    return [
        f"mixed together are at least {count(smallest[label], 'image')} (label {label!r}): among "
        "so many a block hides",
        "each {height} x {width}, in {rows} x {cols} = {blocks} blocks".format(
            **plan.record["grid"]
        ),
        describe(plan.record["expected"]),
    ]


def _range(numbers: list[int]) -> str:
    """Return rising numbers as a range, for people."""
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
