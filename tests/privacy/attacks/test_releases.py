"""Own blocks that several releases of a set show."""

import pytest

from blockmix.privacy import forecast
from blockmix.privacy.attacks.releases import releases


def test_releases_come_out_as_forecast():
    forecasts = {"a": forecast(300, blocks=64), "b": forecast(200, blocks=64)}
    for line in releases(forecasts, {"a": 300, "b": 200}):
        assert line["drawn"] == pytest.approx(line["forecast"], abs=0.01)


@pytest.mark.parametrize(
    ("size", "group_size"), [(300, 10), (300, 299), (6000, 3000), (6000, 5999)]
)
def test_groups_of_any_size(size, group_size):
    """Also such as are larger than the number of images that are drawn."""
    expected = forecast(size, group_size=group_size)
    for line in releases({"a": expected}, {"a": size}):
        assert line["drawn"] == pytest.approx(line["forecast"], abs=0.01)
