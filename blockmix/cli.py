"""The command line: ``blockmix mix``, ``keygen``, ``demo``, ``info``.

Heavy modules are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from blockmix import __version__
from blockmix.errors import BlockmixError, InputError, Setting
from blockmix.support import streams
from blockmix.support.progress import progress_bars
from blockmix.support.text import one_line

if TYPE_CHECKING:
    from blockmix.key import Key

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    # A traceback with local variables could show a key.
    pretty_exceptions_enable=False,
)

WRONG_USE = 2
FAILED_WORK = 1
INTERRUPTED = 130
# Set to anything, a fault of blockmix itself shows its traceback (without values, which could be a
# key).
TRACEBACK = "BLOCKMIX_TRACEBACK"


class Format(StrEnum):
    jpeg = "jpeg"
    png = "png"
    webp = "webp"


class Names(StrEnum):
    opaque = "opaque"
    keep = "keep"


class SmallClasses(StrEnum):
    error = "error"
    clamp = "clamp"


class OnError(StrEnum):
    error = "error"
    skip = "skip"


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"blockmix {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Pixel block mixing: train on a labelled image set without showing the people in it."""


@app.command()
def mix(
    src: Annotated[
        Path, typer.Argument(metavar="SRC", help="Folder that holds one folder a label.")
    ],
    dst: Annotated[
        Path, typer.Argument(metavar="DST", help="New or empty folder for the mixed images.")
    ],
    size: Annotated[
        str | None,
        typer.Option(help="HEIGHTxWIDTH to resize to; without it all images must have one size."),
    ] = None,
    block: Annotated[str, typer.Option(help="HEIGHTxWIDTH of a block in pixels.")] = "24x24",
    sources: Annotated[int, typer.Option(help="Images of the same label picked for one.")] = 10,
    rounds: Annotated[int, typer.Option(help="How often the whole set is mixed.")] = 1,
    probability: Annotated[
        str,
        typer.Option(
            help="Chance that a block is replaced in one round, or 'balanced': "
            "sources / (sources + 1)."
        ),
    ] = "0.5",
    key_file: Annotated[
        Path | None,
        typer.Option(help="Key from 'blockmix keygen'. Default: a fresh key, then forgotten."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Key from an integer. NOT PRIVATE: for experiments.")
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option(help="Default: JPEG if every image is JPEG, else PNG.", show_default=False),
    ] = None,
    quality: Annotated[
        int | None,
        typer.Option(help="1 to 100. JPEG: default 95. WebP: without loss unless given."),
    ] = None,
    names: Annotated[
        Names, typer.Option(help="Opaque file names, or keep the originals'.")
    ] = Names.opaque,
    memory: Annotated[
        str, typer.Option(help="Budget for images in memory; larger labels mix in cohorts.")
    ] = "1GiB",
    workers: Annotated[
        int | None, typer.Option(help="Threads that read and write. Default: one a core.")
    ] = None,
    small_classes: Annotated[
        SmallClasses,
        typer.Option(help="Labels of fewer than sources + 1 images: refuse, or mix them all."),
    ] = SmallClasses.error,
    on_error: Annotated[
        OnError, typer.Option(help="Unusable files: stop, or leave them out and list them.")
    ] = OnError.error,
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
    """Mix a folder of images: SRC/<label>/* becomes DST/<label>/*."""
    from blockmix.folders.mix_folder import mix_folder
    from blockmix.probability import parse_probability
    from blockmix.support.sizes import parse_pair

    if resume and key_file is None and seed is None:
        raise InputError("--resume needs the key of the run that it continues: give --key-file")
    key = _key(key_file, seed)
    with progress_bars(shown=not quiet and sys.stderr.isatty()) as progress:
        summary = mix_folder(
            src,
            dst,
            size=None if size is None else parse_pair(size, "size"),
            block=parse_pair(block, "block"),
            sources=sources,
            rounds=rounds,
            probability=parse_probability(probability),
            key=key,
            small_classes=small_classes.value,
            format=None if format is None else format.value,
            quality=quality,
            names=names.value,
            memory=memory,
            workers=workers,
            on_error=on_error.value,
            overwrite=overwrite,
            resume=resume,
            progress=progress,
        )
    if not quiet:
        with streams.telling():
            typer.echo(summary)


@app.command()
def keygen(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New file for the key (mode 0600).")],
) -> None:
    """Write a fresh key to a new file that only its owner can read."""
    from blockmix.key import Key

    Key.generate().save(file)
    with streams.telling():
        typer.echo(f"wrote a new key to {file}: keep it secret, use it for one image set only")


@app.command()
def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="New or empty folder to work in.")
    ] = Path("blockmix-demo"),
) -> None:
    """Mix the 100 faces and 100 other patches that ship inside scikit-image."""
    from blockmix.demo import contact_sheet, write_originals

    originals, mixed = folder / "originals", folder / "mixed"
    write_originals(originals)
    arguments = [str(originals), str(mixed), "--size", "96x96", "--block", "12x12"]
    arguments += ["--names", "keep"]  # so that the sheet can show before and after side by side
    with streams.telling():
        typer.echo(f"$ blockmix mix {' '.join(arguments)}")
    app(["mix", *arguments], standalone_mode=False)
    sheet = folder / "before-after.png"
    contact_sheet(originals, mixed, sheet)
    with streams.telling():
        typer.echo(f"look at {sheet}: originals above, mixed below")


@app.command()
def info() -> None:
    """Show versions, the backends found, threads and the threading layer."""
    from blockmix.info import report

    typer.echo(report())


def main() -> NoReturn:
    """Run the command line: one clear line for whatever ends it, never a traceback."""
    streams.prepare()
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        _fail(error.format_message(), error.exit_code)
    except InputError as error:
        _fail(error.spelled(_option), WRONG_USE)
    except BlockmixError as error:
        _fail(error.spelled(_option), FAILED_WORK)
    except OSError as error:
        _fail(f"{error.filename or 'output'}: {error.strerror or error}", FAILED_WORK)
    except MemoryError as error:
        _fail(f"out of memory: {error}", FAILED_WORK)
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        _fail(_unexpected(error), FAILED_WORK)
    if code == INTERRUPTED:  # typer has caught the KeyboardInterrupt
        _fail("interrupted", INTERRUPTED)
    sys.exit(code)


def _fail(message: str, code: int) -> NoReturn:
    """End with one line."""
    streams.settle()
    if message:  # not where the help was shown instead
        _complain(message)
    sys.exit(code)


def _complain(message: str) -> None:
    with suppress(OSError):  # of a stream that nobody can read
        typer.echo(f"blockmix: {one_line(message)}", err=True)


def _option(setting: Setting) -> str:
    return f"--{setting.name.replace('_', '-')} {setting.value}"


def _unexpected(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"unexpected {type(error).__name__} at {frame.filename}:{frame.lineno}: {error}. Please "
        f"report it, with all that is shown when {TRACEBACK}=1 is set"
    )


def _key(key_file: Path | None, seed: int | None) -> Key | None:
    from blockmix.key import Key

    if key_file is not None and seed is not None:
        raise InputError("--key-file and --seed exclude each other")
    if seed is not None:
        return Key.from_seed(seed)
    if key_file is None:
        return None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        key = Key.from_file(key_file)
    for warning in caught:
        _complain(f"warning: {warning.message}")
    return key
