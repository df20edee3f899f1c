"""A small file that appears complete or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write or replace a file; what is not valid text becomes question marks."""
    passing = path.with_name(f".{path.name}.part")
    passing.write_bytes(text.encode("utf-8", "replace"))
    os.replace(passing, path)
