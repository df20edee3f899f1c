"""What a mixed set gives away: `forecast` from the parameters alone, `measure` from the images.

`blockmix.forecasting` holds `forecast` and `advise`, which need no images.
"""

from blockmix.forecasting.advice import advise
from blockmix.forecasting.forecast import Forecast, forecast
from blockmix.forecasting.persons import PersonForecast
from blockmix.privacy.report.html import page
from blockmix.privacy.report.measure import measure, measure_folders
from blockmix.privacy.report.verdict import verdicts
from blockmix.privacy.sets.pair import Pair
from blockmix.probability import balanced

__all__ = [
    "Forecast",
    "Pair",
    "PersonForecast",
    "advise",
    "balanced",
    "forecast",
    "measure",
    "measure_folders",
    "page",
    "verdicts",
]
