"""The application that all commands belong to: how it starts, and how it ends."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from blockmix import __version__
from blockmix.commands.exit_codes import FAILED_WORK, INTERRUPTED, WRONG_USE
from blockmix.errors import BlockmixError, InputError, Setting
from blockmix.support import streams
from blockmix.support.text import one_line

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    # A traceback with local variables could show a key.
    pretty_exceptions_enable=False,
)

# If this variable is set, an unexpected error shows its traceback (without values, which could be a
# key).
TRACEBACK = "BLOCKMIX_TRACEBACK"


def _show_version(requested: bool) -> None:
    if requested:
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


def main() -> NoReturn:
    """Run the command line, which ends with one clear line for every error, never a traceback."""
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
    if message:  # empty if the help was shown instead
        print_error(message)
    sys.exit(code)


def print_error(message: str) -> None:
    """Print a line to standard error."""
    with suppress(OSError):  # standard error may be closed or full
        typer.echo(f"blockmix: {one_line(message)}", err=True)


def _option(setting: Setting) -> str:
    option = f"--{setting.name.replace('_', '-')}"
    return option if setting.value in (None, True) else f"{option} {setting.value}"


def _unexpected(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"unexpected {type(error).__name__} at {frame.filename}:{frame.lineno}: {error}. Please "
        f"report it, with all that is shown when {TRACEBACK}=1 is set"
    )
