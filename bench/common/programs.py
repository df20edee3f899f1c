"""Other programs that are asked about the machine and the checkout."""

from __future__ import annotations

import subprocess


def output_of(*command: str) -> str | None:
    """What a program prints; None if it fails or is not installed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
