"""One pair of sets, and the reports on it, for all tests of reports."""

import pytest
from privacy_builders import report_pair

from blockmix.privacy import Pair, measure


@pytest.fixture(scope="session")
def pair():
    return report_pair()


@pytest.fixture(scope="session")
def report(pair):
    return measure(pair, sample=20)


@pytest.fixture(scope="session")
def blind(pair):
    """The report where nobody knows which image became which."""
    unknown = Pair(
        pair.originals, pair.mixed, pair.labels, pair.mixed_labels, pair.names, pair.grid
    )
    return measure(unknown, sample=20)
