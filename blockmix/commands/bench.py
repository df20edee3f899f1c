"""``blockmix bench curves``, ``compare`` and ``plot``.

Heavy modules are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blockmix.commands.exit_codes import MISSED
from blockmix.commands.options import parse_numbers
from blockmix.errors import InputError
from blockmix.support import streams
from blockmix.support.arguments import new_or_empty

if TYPE_CHECKING:
    from blockmix.bench.curves.run import RunEvents
    from blockmix.bench.curves.step import Step

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Measure running times on this machine, draw them, and compare records.",
)

WIDTH = 112  # of a table where output is not a terminal


class Regime(StrEnum):
    both = "both"
    files = "files"
    arrays = "arrays"


class Device(StrEnum):
    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


@app.command()
def curves(
    images: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Images to measure on, one folder a label. Default: generated images.",
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="New or empty folder for the record and figures; during the run, also for copies "
            "of the images and for mixed images.",
        ),
    ] = Path("blockmix-curves"),
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer points: under two minutes on two cores.")
    ] = False,
    regime: Annotated[
        Regime, typer.Option(help="Whole runs on files, mixing alone on arrays, or both in turn.")
    ] = Regime.both,
    device: Annotated[
        Device, typer.Option(help="Where arrays are mixed; files are mixed on the CPU.")
    ] = Device.auto,
    threads: Annotated[
        int | None, typer.Option(help="Threads of everything that is measured. Default: all.")
    ] = None,
    counts: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...", help="Numbers of images, instead of 1,000 to 5,000 or more."
        ),
    ] = None,
    blocks: Annotated[
        str | None,
        typer.Option(metavar="N,N,...", help="Numbers of blocks, instead of 4 to 1,024."),
    ] = None,
) -> None:
    """Time mixing against the number of images and of blocks: the paper's Figures 14 and 15.

    Writes curves.json, and figure-14, figure-15 and ratios as PNG and SVG.
    """
    from rich.console import Console

    from blockmix.bench.common import drawing
    from blockmix.bench.common.records import load_jsonschema
    from blockmix.bench.curves import figures, records, tables
    from blockmix.bench.curves.plan import FULL, QUICK
    from blockmix.bench.curves.run import Options, run

    options = Options(
        images=images,
        plan=QUICK if quick else FULL,
        counts=parse_numbers("counts", counts) or None,
        blocks=parse_numbers("blocks", blocks) or None,
        regimes=("files", "arrays") if regime is Regime.both else (regime.value,),
        device=device.value,
        threads=threads,
    )
    # Missing libraries are reported now, not after the measurements.
    drawing.load_matplotlib()
    load_jsonschema()
    with _output_folder(output), _live_table(Console(stderr=True)) as progress:
        record = run(options, output, progress)
    records.save(record, output / records.NAME)
    figure_paths = figures.draw(record, output)
    console = _console()
    with streams.printing_results():
        for name in options.regimes:
            numbers = sorted({row["blocks"] for row in record["rows"]})
            console.print(tables.running_times(name, record["rows"], numbers))
        for table in tables.summary(record):
            console.print(table)
        for point in record["left_out"]:
            console.print(f"left out: {point}", markup=False)
        console.print(
            f"\ntook {record['seconds']:.0f} s; look at {output / records.NAME} and "
            f"{', '.join(path.name for path in figure_paths if path.suffix == '.png')}",
            markup=False,
            soft_wrap=True,
        )


@app.command()
def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD.json", help="Record of an earlier run.")],
    new: Annotated[Path, typer.Argument(metavar="NEW.json", help="Record of a later run.")],
    threshold: Annotated[
        float, typer.Option(help="How much slower counts as a regression: 0.1 is ten per cent.")
    ] = 0.1,
    absolute: Annotated[
        bool,
        typer.Option(
            "--absolute", help="Compare images a second instead of shares of a copy or ceiling."
        ),
    ] = False,
) -> None:
    """Show what changed between two records beyond the spread; exit with 3 on a regression."""
    from blockmix.bench.curves import compare as comparison
    from blockmix.bench.curves import records

    if not 0 <= threshold < 1:
        raise InputError(f"--threshold is at least 0 and below 1, got {threshold}")
    before, after = records.load(old), records.load(new)
    changes = comparison.compare(before, after, absolute=absolute)
    console = _console()
    console.print(comparison.table(changes, threshold, absolute=absolute))
    for warning in comparison.warnings(before, after):
        console.print(f"note: {warning}", markup=False, soft_wrap=True)
    slower = sum(change.is_slower(threshold) for change in changes)
    faster = sum(change.is_faster(threshold) for change in changes)
    console.print(
        f"\n{len(changes)} points: {slower} slower and {faster} faster by more than "
        f"{threshold:.0%} and beyond the spread"
    )
    if slower:
        raise typer.Exit(MISSED)


@app.command()
def plot(
    result: Annotated[
        Path, typer.Argument(metavar="RESULT.json", help="Record of 'curves' or 'utility'.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the figures. Default: beside the record."),
    ] = None,
) -> None:
    """Draw the figures of a record again."""
    from blockmix.bench.common.records import kind_of, read
    from blockmix.bench.curves import figures as curves_figures
    from blockmix.bench.curves.records import CURVES
    from blockmix.bench.utility import figures as utility_figures
    from blockmix.bench.utility.records import UTILITY

    drawers = {CURVES: curves_figures.draw, UTILITY: utility_figures.draw}
    record = read(result)
    kind = kind_of(record, drawers, str(result))
    kind.check(record, str(result))
    folder = output or result.parent
    folder.mkdir(parents=True, exist_ok=True)
    for path in drawers[kind](record, folder):
        typer.echo(path)


@contextmanager
def _output_folder(output: Path) -> Iterator[None]:
    """Make the folder, which must be new or empty; remove a new one if the run fails."""
    new_or_empty(output)
    is_new = not output.exists()
    output.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if is_new:
            with suppress(OSError):  # so that the error that ended the run is shown
                output.rmdir()
        raise


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)


@contextmanager
def _live_table(console: Any) -> Iterator[RunEvents]:
    """On a terminal, the table as it fills, the present step, and the remaining time."""
    from blockmix.bench.curves.run import RunEvents

    if not console.is_terminal:
        yield RunEvents(lambda steps: None, lambda step: None, lambda step, row: None)
        return
    from rich import progress
    from rich.console import Group
    from rich.live import Live

    from blockmix.bench.curves import tables

    bars = progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TextColumn("{task.percentage:.0f} %"),
        progress.TimeRemainingColumn(),
        # Steps differ in length, so the rate of the last few would mislead.
        speed_estimate_period=120,
        console=console,
    )
    rows: list[dict[str, Any]] = []
    blocks: list[int] = []
    with Live(bars, console=console, transient=True) as live:
        task = bars.add_task("preparing images", total=None)

        def planned(steps: Sequence[Step]) -> None:
            blocks[:] = sorted({step.blocks for step in steps})
            bars.reset(task, total=sum(step.estimated_seconds for step in steps))

        def started(step: Step) -> None:
            description = f"{step.regime}: {step.row}, {step.images:,} images, {step.blocks} blocks"
            bars.update(task, description=description)

        def measured(step: Step, row: dict[str, Any]) -> None:
            rows.append(row)
            bars.update(task, advance=step.estimated_seconds)
            live.update(Group(tables.running_times(step.regime, rows, blocks), bars))

        yield RunEvents(planned, started, measured)
