"""The checkout that the benchmarks lie in, and its commit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from blockmix.bench.common.programs import output_of

ROOT = Path(__file__).resolve().parents[2]


def commit() -> dict[str, Any] | None:
    """The commit, and whether files differ from it; None outside of a checkout."""
    if not (ROOT / ".git").exists():
        return None
    name = output_of("git", "-C", str(ROOT), "rev-parse", "HEAD")
    changes = output_of("git", "-C", str(ROOT), "status", "--porcelain")
    return None if name is None else {"id": name, "dirty": changes != ""}
