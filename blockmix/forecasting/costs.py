"""What mixing cost in accuracy, as far as it was measured: one example, for orientation.

``make pages`` writes ``costs.json`` from a record of ``blockmix bench utility``. It holds what one
model lost on one set of images, so it says only roughly what to expect elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from math import isclose
from pathlib import Path
from typing import Any

from blockmix.forecasting.forecast import Forecast

COSTS = Path(__file__).with_name("costs.json")


@dataclass(frozen=True)
class Cost:
    """What training on a mixed set cost.

    Attributes
    ----------
    points_lost : float
        By how many points the accuracy on unmixed test images was below that of training on
        originals.
    low, high : float or None
        The ends of its 95 % interval over seeds; None for one seed.
    measured_on : str
        Images and model.
    """

    points_lost: float
    low: float | None
    high: float | None
    measured_on: str


def measured_cost(forecast: Forecast, path: Path = COSTS) -> Cost | None:
    """Return what the parameters of a forecast cost where that was measured, else None.

    The size of the label is not compared: the example has one size.

    Examples
    --------
    >>> from blockmix.privacy import forecast
    >>> measured_cost(forecast(1500, sources=7, blocks=9)) is None
    True
    """
    example = _example(path)
    for cost in example["costs"]:
        same = all(
            cost[name] == getattr(forecast, name) for name in ("sources", "rounds", "blocks")
        )
        if same and isclose(cost["probability"], forecast.probability, abs_tol=1e-6):
            lost = cost["points_lost"]
            return Cost(lost["value"], lost["low"], lost["high"], example["measured_on"])
    return None


@cache
def _example(path: Path) -> dict[str, Any]:
    """Return the content of a file, which is read once for all rows of a table."""
    return dict(json.loads(path.read_text(encoding="utf-8")))
