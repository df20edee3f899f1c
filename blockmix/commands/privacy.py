"""``blockmix forecast``, ``advise`` and ``report``.

Heavy modules are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blockmix.commands.exit_codes import MISSED
from blockmix.commands.options import Probability, Rounds, Sources, parse_numbers, read_key
from blockmix.errors import InputError
from blockmix.support import atomic, streams
from blockmix.support.arguments import new_or_empty, whole_number
from blockmix.support.progress import progress_bars
from blockmix.support.user_code import import_function

if TYPE_CHECKING:
    from blockmix.forecasting.forecast import Forecast
    from blockmix.privacy.measures.recogniser import Recogniser

ClassSize = Annotated[int, typer.Option(help="Images of the smallest label.", show_default=False)]
GroupSize = Annotated[
    int,
    typer.Option(help="Images of one person in the label, known to the mixing (mix --groups)."),
]
ShownPart = Annotated[
    float, typer.Option(help="Share of an original from which on an image shows it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def forecast(
    class_size: ClassSize,
    sources: Sources = 10,
    rounds: Rounds = 1,
    probability: Probability = "0.5",
    blocks: Annotated[
        int, typer.Option(help="Blocks of an image, in the most nearly square grid.")
    ] = 64,
    releases: Annotated[
        int, typer.Option(help="How often the set is mixed afresh and published.")
    ] = 1,
    group_size: GroupSize = 1,
    without_groups: Annotated[
        bool,
        typer.Option(
            "--without-groups",
            help="The mixing does not know persons: images of one can give each other blocks.",
        ),
    ] = False,
    shown_part: ShownPart = 0.5,
    as_json: AsJson = False,
) -> None:
    """Say what a mixing will give away, from its parameters alone."""
    from blockmix.forecasting.display import describe
    from blockmix.forecasting.forecast import forecast
    from blockmix.probability import parse_probability

    expected = forecast(
        class_size,
        sources=sources,
        rounds=rounds,
        probability=parse_probability(probability),
        blocks=blocks,
        group_size=group_size,
        grouped=not without_groups,
    )
    if as_json:
        found_share = expected.found_from_releases(releases)
        shown = {
            "releases": releases,
            "found_from_releases": found_share,
            "shown_part": shown_part,
            "images_showing": expected.images_showing(shown_part),
            "images_showing_person": expected.images_showing_person(shown_part),
        }
        typer.echo(json.dumps(_entries(expected) | shown, indent=1))
    else:
        typer.echo(describe(expected, releases, shown_part))


def advise(
    class_size: ClassSize,
    anonymity_set: Annotated[
        float | None,
        typer.Option(help="At least: 1 / the largest chance of where a block comes from."),
    ] = None,
    linked: Annotated[
        float | None,
        typer.Option(help="At most: chance that the holder of the originals links an image."),
    ] = None,
    largest_share: Annotated[
        float | None,
        typer.Option(help="At most: expected share of an image from one original, or one person."),
    ] = None,
    reassembled: Annotated[
        float | None,
        typer.Option(help="At most: share of an image put together again without any original."),
    ] = None,
    block_recognised: Annotated[
        float | None,
        typer.Option(help="At most: how often one block finds its person, as measured on faces."),
    ] = None,
    blocks: Annotated[
        str | None, typer.Option(metavar="N,N,...", help="Blocks of an image that may be taken.")
    ] = None,
    group_size: GroupSize = 1,
    as_json: AsJson = False,
) -> None:
    """Say which parameters reach a target, the mildest first."""
    from blockmix.forecasting.advice import BLOCKS, advise
    from blockmix.forecasting.display import table

    advised = advise(
        class_size,
        anonymity_set=anonymity_set,
        linked=linked,
        largest_share=largest_share,
        reassembled=reassembled,
        block_recognised=block_recognised,
        blocks=parse_numbers("blocks", blocks) or BLOCKS,
        group_size=group_size,
    )
    if as_json:
        typer.echo(json.dumps([_entries(expected) for expected in advised], indent=1))
    else:
        typer.echo(table(advised))


def _entries(expected: Forecast) -> dict[str, Any]:
    """Return a forecast for JSON: by person too where persons have several images, and its cost."""
    from blockmix.forecasting.costs import measured_cost

    persons = {"persons": asdict(expected.persons)} if expected.group_size > 1 else {}
    cost = measured_cost(expected)
    others = {"reassembled": expected.reassembled, "cost": cost and asdict(cost)}
    return asdict(expected) | persons | others


def report(
    original: Annotated[Path, typer.Argument(metavar="ORIGINAL", help="Folder that was mixed.")],
    mixed: Annotated[Path, typer.Argument(metavar="MIXED", help="What 'blockmix mix' made of it.")],
    output: Annotated[
        Path,
        typer.Option(metavar="DIR", help="New or empty folder for report.html and report.json."),
    ] = Path("blockmix-report"),
    key_file: Annotated[
        Path | None,
        typer.Option(help="Key that MIXED was mixed with: matches opaque names exactly."),
    ] = None,
    key_seed: Annotated[
        int | None, typer.Option(help="The same for a set that was mixed with --seed.")
    ] = None,
    groups: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.csv:COLUMN",
            help="Who is in which original: a table with the columns path and COLUMN, or 'parent' "
            "for folders between label and image.",
        ),
    ] = None,
    sample: Annotated[
        int, typer.Option(help="Images that similarity, seams, identity and single blocks look at.")
    ] = 500,
    seed: Annotated[int, typer.Option(help="Seed of the random choice of these images.")] = 0,
    recogniser: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:FUNCTION",
            help="From images, (N, H, W, C) uint8, to vectors, (N, D). Default: eigenfaces. With "
            "--groups it looks at single blocks too.",
        ),
    ] = None,
    samples: Annotated[
        bool, typer.Option("--samples", help="Show eight originals and what became of them.")
    ] = False,
    shown_part: ShownPart = 0.5,
    max_own_kept: Annotated[
        float | None, typer.Option(help="Threshold: share of blocks that are an image's own.")
    ] = None,
    max_linked: Annotated[
        float | None, typer.Option(help="Threshold: share of images linked to their originals.")
    ] = None,
    max_recognised: Annotated[
        float | None, typer.Option(help="Threshold: share of images recognised first.")
    ] = None,
    max_ssim: Annotated[
        float | None, typer.Option(help="Threshold: SSIM of mixed images and originals.")
    ] = None,
    max_reassembled: Annotated[
        float | None, typer.Option(help="Threshold: share of cells filled with right blocks.")
    ] = None,
    max_largest_share: Annotated[
        float | None,
        typer.Option(help="Threshold: largest share of one original in an image, on average."),
    ] = None,
    max_block_recognised: Annotated[
        float | None,
        typer.Option(help="Threshold: share of single blocks that find their person."),
    ] = None,
    min_anonymity_set: Annotated[
        float | None, typer.Option(help="Threshold: images that a block hides among, as expected.")
    ] = None,
    max_near_duplicates: Annotated[
        float | None, typer.Option(help="Threshold: share of near-duplicates within labels.")
    ] = None,
    max_metadata: Annotated[
        float | None, typer.Option(help="Threshold: share of files with metadata.")
    ] = None,
) -> None:
    """Measure what a mixed set gives away; exits with 3 if a threshold is missed."""
    from blockmix.datasets.groups import read_groups
    from blockmix.forecasting.shares import check_shown_part
    from blockmix.privacy.measures.similarity import load_skimage
    from blockmix.privacy.report.figures import load_matplotlib
    from blockmix.privacy.report.html import contact_sheet, load_jinja2, page
    from blockmix.privacy.report.measure import measure_folder_pair
    from blockmix.privacy.report.set_forecast import SetForecast
    from blockmix.privacy.report.verdict import check_thresholds, verdicts
    from blockmix.privacy.sets.folders import load

    limits = {
        "max_own_kept": max_own_kept,
        "max_linked": max_linked,
        "max_recognised": max_recognised,
        "max_ssim": max_ssim,
        "max_reassembled": max_reassembled,
        "max_largest_share": max_largest_share,
        "max_block_recognised": max_block_recognised,
        "min_anonymity_set": min_anonymity_set,
        "max_near_duplicates": max_near_duplicates,
        "max_metadata": max_metadata,
    }
    # Whatever can be refused is refused before the work.
    check_thresholds(limits)
    whole_number("sample", sample, 1, 2**31)
    whole_number("seed", seed, 0, 2**63)
    check_shown_part(shown_part)
    _check_output(output, original, mixed)
    for load_library in (load_jinja2, load_matplotlib, load_skimage):
        load_library()
    key = read_key(key_file, key_seed, "--key-seed")
    persons = read_groups(groups)
    embed = None if recogniser is None else _load_recogniser(recogniser)
    with progress_bars(shown=sys.stderr.isatty()) as progress:
        folder_pair = load(original, mixed, key, progress, persons)
        result = measure_folder_pair(
            folder_pair,
            shown_part=shown_part,
            sample=sample,
            seed=seed,
            recogniser=embed,
            progress=progress,
        )
    result["verdicts"] = verdicts(result, limits)
    sheet = None
    if samples:
        set_forecast = SetForecast.of_pair(folder_pair.pair, folder_pair.record.parameters)
        sheet = contact_sheet(folder_pair.pair, set_forecast.log_likelihood_ratio, seed)
    html = page(result, sheet)
    output.mkdir(parents=True, exist_ok=True)
    atomic.write_text(output / "report.json", json.dumps(result, indent=1) + "\n")
    atomic.write_text(output / "report.html", html)
    with streams.printing_results():
        for line in result["verdicts"]:
            typer.echo(f"{_MARKS[line['met']]}{line['text']}")
        typer.echo(f"wrote {output / 'report.html'} and report.json")
    if any(line["met"] is False for line in result["verdicts"]):
        raise typer.Exit(MISSED)


_MARKS = {None: "", True: "kept: ", False: "MISSED: "}


def _check_output(output: Path, original: Path, mixed: Path) -> None:
    """Refuse a folder with something in it, inside one of the sets, or that cannot be made."""
    new_or_empty(output)
    resolved = os.path.realpath(output)
    for folder in (original, mixed):
        if os.path.commonpath([resolved, os.path.realpath(folder)]) == os.path.realpath(folder):
            raise InputError(f"{output} lies inside {folder}: write the report elsewhere")
    ancestor = next(
        folder for folder in (output.absolute(), *output.absolute().parents) if folder.exists()
    )
    if not ancestor.is_dir() or not os.access(ancestor, os.W_OK):
        raise InputError(f"{output} cannot be made: {ancestor} is no folder that can be written to")


def _load_recogniser(name: str) -> Recogniser:
    """Return the function of this name."""
    try:
        value = import_function(name)
    except (Exception, SystemExit) as error:  # the module is foreign code
        raise InputError(
            f"--recogniser is MODULE:FUNCTION, got {name!r}: {type(error).__name__}: {error}"
        ) from None
    if not callable(value):
        raise InputError(f"--recogniser {name} is not a function")
    return value  # type: ignore[no-any-return]
