"""Own blocks that several releases of a set show."""

import pytest

from blockmix.privacy import forecast
from blockmix.privacy.attacks.releases import releases


def test_releases_come_out_as_forecast():
    forecasts = {"a": forecast(300, blocks=64), "b": forecast(200, blocks=64)}
    for line in releases(forecasts, {"a": 300, "b": 200}):
        assert line["drawn"] == pytest.approx(line["forecast"], abs=0.01)
