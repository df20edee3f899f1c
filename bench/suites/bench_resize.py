"""Resizing beside Pillow; ``make bench`` runs it too."""

import pytest

from blockmix.bench.speed.resizing import IMAGES, SIDES, time_beside_pillow


@pytest.mark.parametrize("side", SIDES)
def test_resize(benchmark, one_thread, pytestconfig, side):
    time_beside_pillow(benchmark, side, max(round(IMAGES * pytestconfig.getoption("scale")), 1))
