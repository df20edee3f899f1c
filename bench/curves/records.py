"""A record of the curves: JSON that follows ``schema.json``, which explains each part."""

from __future__ import annotations

from pathlib import Path

from blockmix.bench.common.records import RecordFormat

CURVES = RecordFormat("blockmix curves", Path(__file__).with_name("schema.json"))
NAME = "curves.json"

check, load, save = CURVES.check, CURVES.load, CURVES.save
