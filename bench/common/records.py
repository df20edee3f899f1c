"""Records: JSON files that follow a schema, which explains each part."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blockmix import InputError
from blockmix.support import atomic
from blockmix.support.extras import load as load_extra


@dataclass(frozen=True)
class RecordFormat:
    """A kind of record.

    Attributes
    ----------
    name : str
        The entry ``format`` of its records.
    schema : Path
        The file of its JSON schema.
    """

    name: str
    schema: Path

    def check(self, record: Any, name: str) -> None:
        """Refuse a record that does not follow the schema, and say where."""
        schema = json.loads(self.schema.read_text(encoding="utf-8"))
        version = schema["properties"]["version"]["const"]
        if isinstance(record, dict) and record.get("format") == self.name:
            found = record.get("version")
            if isinstance(found, int) and found != version:
                raise InputError(
                    f"{name} is of version {found}, but this blockmix reads version {version}: "
                    "measure anew"
                )
        validator = load_jsonschema().Draft202012Validator(schema)
        errors = sorted(validator.iter_errors(record), key=lambda error: len(error.path))
        if errors:
            location = errors[0].json_path
            raise InputError(
                f"{name} is not a record of blockmix bench: {location}: {errors[0].message}"
            )

    def load(self, path: Path) -> dict[str, Any]:
        """Read a record."""
        record = read(path)
        self.check(record, str(path))
        return dict(record)

    def save(self, record: dict[str, Any], path: Path) -> None:
        """Write a record, whole or not at all."""
        self.check(record, "the new record")
        write(record, path)


def kind_of(record: Any, kinds: Iterable[RecordFormat], name: str) -> RecordFormat:
    """Return the one of some kinds that a record is of, or refuse it."""
    by_name = {kind.name: kind for kind in kinds}
    found = record.get("format") if isinstance(record, dict) else None
    if found not in by_name:
        known = ", ".join(map(repr, by_name))
        raise InputError(
            f"{name} is not a record of blockmix bench that can be drawn: its format is {found!r}, "
            f"known are {known}"
        )
    return by_name[found]


def load_jsonschema() -> Any:
    """The library, or an error that says how to get it."""
    return load_extra("jsonschema", "records are checked by jsonschema", "plot")


def read(path: Path) -> Any:
    """Read a file of JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from None


def write(record: dict[str, Any], path: Path) -> None:
    """Write JSON, whole or not at all."""
    atomic.write_text(path, json.dumps(record, indent=1) + "\n")
