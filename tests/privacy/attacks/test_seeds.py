"""The time to try all seeds."""

import pytest

from blockmix.privacy.attacks.seeds import seed_search


def test_seeds():
    search = seed_search()
    assert search["bits"] == 32
    assert search["hours"] == pytest.approx(2**32 / search["seeds_per_second"] / 3600)
    assert search["fresh_key_years_power_of_ten"] > 50
