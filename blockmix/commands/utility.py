"""``blockmix bench utility``.

Heavy modules are imported inside, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blockmix.commands.app import print_error
from blockmix.errors import InputError, Setting
from blockmix.support import streams
from blockmix.support.arguments import new_or_empty, whole_number
from blockmix.support.durations import parse_duration
from blockmix.support.extras import load
from blockmix.support.progress import progress_bars

if TYPE_CHECKING:
    from blockmix.bench.utility.data import Data
    from blockmix.bench.utility.plan import Plan

WIDTH = 112  # of a table where output is not a terminal


class TrainingDevice(StrEnum):
    cpu = "cpu"
    cuda = "cuda"


def utility(
    train: Annotated[
        Path | None,
        typer.Argument(
            metavar="TRAIN",
            help="Folder of the training images. Default, for the plan 'smoke': generated images.",
            show_default=False,
        ),
    ] = None,
    labels: Annotated[
        str,
        typer.Option(
            metavar="FILE.csv:COLUMN",
            help="Labels of the training images: a column of a CSV file that has a column 'path' "
            "or 'file' too. Default: one folder a label.",
        ),
    ] = "folders",
    test: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Test images, which are never mixed. Default: a fifth of the training images.",
        ),
    ] = None,
    test_labels: Annotated[
        str | None, typer.Option(metavar="FILE.csv:COLUMN", help="Labels of the test images.")
    ] = None,
    groups: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column of the same CSV file: accuracy is shown by it, too."
        ),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of both CSV files: nobody is in training and in testing.",
        ),
    ] = None,
    plan: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What is trained: smoke, quick (10 minutes on two cores), reduced or augmentation "
            "(an hour or two), frontier (several hours), paper-wiki or paper-cnbc (days on a GPU).",
        ),
    ] = "quick",
    models: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME,...",
            help="Instead of the plan's: small-resnet; ResNet50, VGG16, InceptionV3, DenseNet121 "
            "of Keras; or MODULE:FUNCTION, which is called with num_classes and returns a "
            "torch.nn.Module.",
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Runs of each way and model. Default: the plan's.")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="A time such as 60m: nothing is started that would not end in it.",
        ),
    ] = None,
    device: Annotated[
        TrainingDevice, typer.Option(help="Where models are trained.")
    ] = TrainingDevice.cpu,
    processes: Annotated[
        int | None,
        typer.Option(
            help="Runs at once, of one thread each. Default: one a core, or one on a GPU."
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder for the record and figures: new or empty, unless a run goes on.",
        ),
    ] = Path("blockmix-utility"),
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with a run: results that are there are kept."),
    ] = False,
) -> None:
    """Train models on mixed sets, test them on unmixed images: what mixing costs.

    Writes rows.jsonl and protection.jsonl as results come, and utility.json.
    """
    started = time.perf_counter()
    seconds = None if budget is None else parse_duration(budget, "--budget")
    for library in ("torch", "jsonschema", "skimage"):
        load(library, f"training and measuring need {library}", "utility")

    from blockmix.bench.utility.crew import Options
    from blockmix.bench.utility.plans import find_plan
    from blockmix.bench.utility.records import NAME
    from blockmix.bench.utility.run import run

    chosen = find_plan(plan)
    if seeds is not None:
        chosen = replace(chosen, seeds=whole_number("--seeds", seeds, 1, 10_000))
    if processes is not None:
        whole_number("--processes", processes, 1, 10_000)
    _check_output(output, resume=resume)
    data = _read(train, chosen, labels, test, test_labels, person, groups)
    output.mkdir(parents=True, exist_ok=True)
    options = Options(
        models=tuple(name.strip() for name in models.split(",")) if models else (),
        device=device.value,
        processes=processes,
        budget=None if seconds is None else seconds - (time.perf_counter() - started),
    )
    with progress_bars(shown=sys.stderr.isatty()) as progress:
        record = run(chosen, data, output, options, progress=progress, say=print_error)
    with streams.printing_results():
        _print(record)
        typer.echo(f"\nlook at {output / NAME}; draw it: blockmix bench plot {output / NAME}")


def _read(
    train: Path | None,
    plan: Plan,
    labels: str,
    test: Path | None,
    test_labels: str | None,
    person: str | None,
    groups: str | None,
) -> Data:
    from blockmix.bench.utility.data import read_data
    from blockmix.bench.utility.generated import generated_data

    if train is not None:
        return read_data(
            train,
            plan.size,
            labels=labels,
            test=test,
            test_labels=test_labels,
            person=person,
            groups=groups,
            validation=plan.validation,
        )
    if plan.name != "smoke":
        raise InputError(
            f"the plan {plan.name} needs a folder of training images: name one, or try --plan smoke"
        )
    return generated_data(plan.size, plan.validation)


def _check_output(output: Path, *, resume: bool) -> None:
    """Refuse a folder with results, unless they are gone on with, and one with anything else."""
    from blockmix.bench.utility.crew import IMAGES
    from blockmix.bench.utility.records import NAME
    from blockmix.bench.utility.run import PROTECTION, ROWS

    if not any((output / name).exists() for name in (ROWS, PROTECTION, NAME, IMAGES)):
        new_or_empty(output)
    elif not resume:
        raise InputError(
            f"{output} holds results of an earlier run: name a new folder, or go on with ",
            Setting("resume", True),
        )


def _print(record: dict[str, Any]) -> None:
    """The mean accuracy of each way, beside what it protects."""
    from rich.console import Console
    from rich.table import Table

    from blockmix.bench.utility.results import AXES, gather
    from blockmix.bench.utility.tables import points

    table = Table("training set", "model", "seeds", "accuracy", *AXES, box=None)
    for result in gather(record):
        given_away = [result.protection(axis) for axis in AXES]
        table.add_row(
            result.name,
            result.model,
            str(len(result.counted)),
            points(result.mean("accuracy")),
            *("-" if value is None else f"{value['value']:.0%}" for value in given_away),
        )
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    console.print(table)
    majority = record["data"]["majority"]
    console.print(f"\nthe largest class alone: {majority:.1%} of test images", markup=False)
