"""Versions of libraries, which may be missing."""

from __future__ import annotations

from importlib import metadata


def version(name: str) -> str:
    """The version of a library, or that it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
