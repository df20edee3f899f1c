"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import Any

import numpy as np

from blockmix.privacy.measures.nearest import LogLikelihoodRatio, find_nearest
from blockmix.privacy.report.figures import figures
from blockmix.privacy.report.verdict import verdicts
from blockmix.privacy.sets.pair import Pair
from blockmix.privacy.sets.pictures import picture
from blockmix.support.extras import load
from blockmix.support.progress import no_progress

_SAMPLES = 8


def page(report: dict[str, Any], samples: str | None = None) -> str:
    """The page.

    Parameters
    ----------
    report : dict
        What `measure` gives; its ``verdicts``, if it has them, and otherwise those without
        thresholds.
    samples : str, optional
        A contact sheet, see `contact_sheet`.

    Returns
    -------
    str
        HTML with everything in it: no script, no link to follow, nothing to load.

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
            figures=figures(report),
            samples=samples,
        )
    )


def load_jinja2() -> Any:
    """The library, or an error that says how to get it."""
    return load("jinja2", "the page of a report is made by jinja2", "report")


def contact_sheet(pair: Pair, log_likelihood_ratio: LogLikelihoodRatio, seed: int) -> str:
    """Originals above, mixed below: a PNG as a data address. Shows originals.

    Where the match is not known, the original is the one that the blocks point to.
    """
    chosen = np.random.default_rng(seed).permutation(len(pair.mixed))[:_SAMPLES]
    few = replace(
        pair, mixed=pair.mixed[chosen], mixed_labels=pair.mixed_labels[chosen], match=None
    )
    match = (
        find_nearest(few, log_likelihood_ratio, no_progress).by_blocks
        if pair.match is None
        else pair.match[chosen]
    )
    rows = [np.concatenate(list(images), axis=1) for images in (pair.originals[match], few.mixed)]
    sheet = np.concatenate(rows, axis=0)
    memory = io.BytesIO()
    picture(sheet).save(memory, "PNG")
    return "data:image/png;base64," + base64.b64encode(memory.getvalue()).decode()


def _percent(value: float | None, digits: int = 0) -> str:
    return "not measured" if value is None else f"{value:.{digits}%}"


def _interval(figure: dict[str, float | None] | None, digits: int = 1) -> str:
    if figure is None or figure["low"] is None:
        return ""
    return f"{figure['low']:.{digits}%} to {figure['high']:.{digits}%}"
