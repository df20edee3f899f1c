"""The formats of shards, by the suffix of their files."""

from __future__ import annotations

from blockmix.datasets.shards.container import Container
from blockmix.datasets.shards.parquet import ParquetContainer
from blockmix.datasets.shards.tar import TarContainer

CONTAINERS: dict[str, Container] = {".tar": TarContainer(), ".parquet": ParquetContainer()}
# What decides about the bytes of a shard, beside Python.
LIBRARIES: dict[str, tuple[str, ...]] = {".tar": (), ".parquet": ("pyarrow",)}
