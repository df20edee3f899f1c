"""How long seeds last."""

import pytest

from blockmix.privacy.attacks.seeds import seed_search


def test_seeds():
    made = seed_search()
    assert made["bits"] == 32
    assert made["hours"] == pytest.approx(2**32 / made["seeds_per_second"] / 3600)
    assert made["fresh_key_years_power_of_ten"] > 50
