"""What a mixed set gives away: `forecast` from the parameters alone, `measure` from the images.

What follows from parameters alone is in `blockmix.forecasting`, and named here too.
"""

from blockmix.forecasting.advice import advise
from blockmix.forecasting.forecast import Forecast, forecast
from blockmix.privacy.html import page
from blockmix.privacy.pair import Pair
from blockmix.privacy.report import measure
from blockmix.privacy.verdict import verdicts
from blockmix.probability import balanced

__all__ = ["Forecast", "Pair", "advise", "balanced", "forecast", "measure", "page", "verdicts"]
