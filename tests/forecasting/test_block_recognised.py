"""How often a block finds its person, as measured: the figures are those of the record."""

import json
from pathlib import Path

import pytest

from blockmix.forecasting.single_block import MEASURED, block_recognised
from blockmix.privacy import forecast

ROOT = Path(__file__).parents[2]


def test_figures_are_those_of_the_committed_record():
    (committed,) = ROOT.glob("bench/results/*-persons.json")
    rows = json.loads(committed.read_text())["rows"]
    assert {
        row["grid"]["blocks"]: row["single_block"]["right"]["value"] for row in rows
    } == MEASURED


def test_smaller_blocks_show_less():
    shares = [block_recognised(blocks) for blocks in (1, 2, 4, 32, 64, 128, 256)]
    assert shares == sorted(shares, reverse=True)
    assert block_recognised(32) == pytest.approx((MEASURED[16] + MEASURED[64]) / 2)


def test_mixing_changes_nothing():
    assert forecast(300).block_recognised == forecast(300, rounds=3).block_recognised == 0.3525
