"""``blockmix demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blockmix.commands.app import app
from blockmix.support import streams


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="New or empty folder to work in.")
    ] = Path("blockmix-demo"),
) -> None:
    """Mix the 100 faces and 100 other patches that ship inside scikit-image."""
    from blockmix.commands.demo_images import contact_sheet, write_originals

    originals, mixed = folder / "originals", folder / "mixed"
    write_originals(originals)
    arguments = [str(originals), str(mixed), "--size", "96x96", "--block", "12x12"]
    arguments += ["--names", "keep"]  # so that the sheet can show before and after side by side
    with streams.printing_results():
        typer.echo(f"$ blockmix mix {' '.join(arguments)}")
    app(["mix", *arguments], standalone_mode=False)
    sheet = folder / "before-after.png"
    contact_sheet(originals, mixed, sheet)
    with streams.printing_results():
        typer.echo(f"look at {sheet}: originals above, mixed below")
