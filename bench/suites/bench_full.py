"""The cases that ``make bench-full`` adds: sizes, labels, layouts and threads."""

import pytest

from blockmix.bench.speed.alternation import time_beside_copy
from blockmix.bench.speed.cases import FULL, case_rows


@pytest.mark.parametrize(("case", "row"), case_rows(FULL))
def test_row(benchmark, prepared_case, case, row):
    time_beside_copy(benchmark, prepared_case, row)
