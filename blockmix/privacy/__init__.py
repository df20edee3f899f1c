"""What a mixed set gives away: `forecast` from the parameters alone, `measure` from the images.

``pair``       an original and a mixed set, side by side
``nearest``    where blocks come from, as their pixels tell it
``similarity`` SSIM and PSNR, each beside its floor
``situations`` the three situations of section VI-A, equations 8 and 9
``attacks/``   linkage, seams, reassembly, identity, releases, seeds
``checks``     near-duplicates, small labels, names and metadata
``report``     all of it
``folders``    the same of two folders
``verdict``    a sentence for each figure, and thresholds
``figures``, ``html``   the report as a page

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
