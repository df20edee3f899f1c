"""The report as one self-contained HTML page."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import Any

import numpy as np

from blockmix.privacy.measures.nearest import LogLikelihoodRatio, find_nearest
from blockmix.privacy.measures.statistics import Estimate
from blockmix.privacy.report.figures import draw_figures
from blockmix.privacy.report.verdict import verdicts
from blockmix.privacy.sets.pair import Pair
from blockmix.support.extras import load
from blockmix.support.pictures import picture
from blockmix.support.progress import no_progress

_SAMPLES = 8


def page(report: dict[str, Any], samples: str | None = None) -> str:
    """Return a report as an HTML page.

    Parameters
    ----------
    report : dict
        A report of `measure`. Without ``verdicts`` in it, the page shows those without thresholds.
    samples : str, optional
        A contact sheet, see `contact_sheet`.

    Returns
    -------
    str
        HTML with everything in it: no script, no link, nothing to load.

    Examples
    --------
    >>> import numpy as np
    >>> from blockmix import BlockMixer, Key
    >>> from blockmix.privacy import Pair, measure, page
    >>> images = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)
    >>> mixer = BlockMixer(block=8, key=Key.from_seed(0))
    >>> pair = Pair.of_arrays(images, mixer(images, [0] * 40), [0] * 40, block=8)
    >>> page(measure(pair))[:15]
    '<!doctype html>'
    """
    jinja2 = load_jinja2()
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("blockmix.privacy.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": _percent, "interval": _interval}
    return str(
        environment.get_template("report.html").render(
            report=report,
            verdicts=report.get("verdicts") or verdicts(report, {}),
            figures=draw_figures(report),
            samples=samples,
        )
    )


def load_jinja2() -> Any:
    """Return the library, or raise an error that says how to install it."""
    return load("jinja2", "the page of a report is made by jinja2", "report")


def contact_sheet(pair: Pair, log_likelihood_ratio: LogLikelihoodRatio, seed: int) -> str:
    """Return a PNG as a data URL: originals above, their mixed images below.

    If the match is not known, the originals are those that the blocks point to.
    """
    chosen = np.random.default_rng(seed).permutation(len(pair.mixed))[:_SAMPLES]
    samples = replace(
        pair, mixed=pair.mixed[chosen], mixed_labels=pair.mixed_labels[chosen], match=None
    )
    match = (
        find_nearest(samples, log_likelihood_ratio, no_progress).by_blocks
        if pair.match is None
        else pair.match[chosen]
    )
    rows = (pair.originals[match], samples.mixed)
    sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)
    png = io.BytesIO()
    picture(sheet).save(png, "PNG")
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()


def _percent(value: float | None, digits: int = 0) -> str:
    return "not measured" if value is None else f"{value:.{digits}%}"


def _interval(estimate: Estimate | None, digits: int = 1) -> str:
    if estimate is None or estimate["low"] is None:
        return ""
    return f"{estimate['low']:.{digits}%} to {estimate['high']:.{digits}%}"
