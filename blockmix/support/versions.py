"""Versions of libraries, which may be missing."""

from __future__ import annotations

from importlib import metadata


def version(name: str) -> str:
    """Of a library, where it is installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
