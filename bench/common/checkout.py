"""The folder of the checkout that holds the benchmarks, and its commit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from blockmix.bench.common.programs import output_of

ROOT = Path(__file__).resolve().parents[2]


def commit() -> dict[str, Any] | None:
    """The commit's hash, and whether files differ from it; None outside a checkout."""
    if not (ROOT / ".git").exists():
        return None
    commit_hash = output_of("git", "-C", str(ROOT), "rev-parse", "HEAD")
    changes = output_of("git", "-C", str(ROOT), "status", "--porcelain")
    return None if commit_hash is None else {"id": commit_hash, "dirty": changes != ""}
