"""The output of other programs, such as git."""

from __future__ import annotations

import subprocess


def output_of(*command: str) -> str | None:
    """What a command prints; None if it fails or is not installed."""
    try:
        process = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return process.stdout.strip()
