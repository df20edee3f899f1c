"""A small file that appears complete or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write or replace a file; characters that UTF-8 lacks become question marks."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(text.encode("utf-8", "replace"))
    os.replace(partial, path)
