"""A record of utility: JSON that follows ``schema.json``, which explains each part."""

from __future__ import annotations

from pathlib import Path

from blockmix.bench.common.records import RecordFormat

UTILITY = RecordFormat("blockmix bench utility", Path(__file__).with_name("schema.json"))
NAME = "utility.json"

check, load, save = UTILITY.check, UTILITY.load, UTILITY.save
