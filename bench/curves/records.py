"""A record of the curves: JSON that follows ``schema.json``, which explains each part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from blockmix.bench.common import records

FORMAT = "blockmix curves"
SCHEMA = Path(__file__).with_name("schema.json")
NAME = "curves.json"


def check(record: Any, name: str) -> None:
    """Refuse a record that does not follow the schema, and say where."""
    records.check(record, SCHEMA, name)


def load(path: Path) -> dict[str, Any]:
    """Read a record."""
    record = records.read(path)
    check(record, str(path))
    return dict(record)


def save(record: dict[str, Any], path: Path) -> None:
    """Write a record, whole or not at all."""
    check(record, "the new record")
    records.write(record, path)
