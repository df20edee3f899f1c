"""Every case can be mixed, at any scale."""

import numpy as np
import pytest

from blockmix.bench.speed.cases import CASES, FULL, TABLE
from blockmix.bench.speed.rows import ROWS


def test_every_case_has_a_name_and_an_even_grid():
    assert len(CASES) == len(TABLE) + len(FULL)
    for case in CASES.values():
        height, width = case.height_and_width
        block_height, block_width = np.broadcast_to(case.block, 2)
        assert height % block_height == width % block_width == 0
        assert set(case.rows) <= set(ROWS)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_case_can_be_mixed_at_any_scale(case):
    for factor in (1e-6, 0.01, 1):
        scaled = case.scaled(factor)
        counts = np.bincount(scaled.label_array(), minlength=scaled.labels)
        assert len(counts) == scaled.labels
        assert counts.min() > 10
    assert case.scaled(1) == case
