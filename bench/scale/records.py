"""A record of scaling: JSON that follows ``schema.json``, which explains each part."""

from __future__ import annotations

from pathlib import Path

from blockmix.bench.common.records import RecordFormat

SCALE = RecordFormat("blockmix bench scale", Path(__file__).with_name("schema.json"))
NAME = "scale.json"

check, load, save = SCALE.check, SCALE.load, SCALE.save
