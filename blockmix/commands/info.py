"""``blockmix info``."""

from __future__ import annotations

import typer


def info() -> None:
    """Show versions, the backends found, threads and the threading layer."""
    from blockmix.commands.system_report import report

    typer.echo(report())
