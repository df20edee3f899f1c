"""The cases of ``make bench``: every row, from few large to many small blocks."""

import pytest

from blockmix.bench.speed.alternation import time_beside_copy
from blockmix.bench.speed.cases import TABLE, case_rows


@pytest.mark.parametrize(("case", "row"), case_rows(TABLE))
def test_row(benchmark, prepared_case, case, row):
    time_beside_copy(benchmark, prepared_case, row)
