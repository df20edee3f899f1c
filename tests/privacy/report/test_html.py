"""The report as a page."""

import re
from html.parser import HTMLParser

from blockmix.privacy import page
from blockmix.privacy.report.forecasts import forecasts, log_likelihood_ratios
from blockmix.privacy.report.html import contact_sheet

DEFAULTS = {"sources": 10, "rounds": 1, "probability": 0.5}


class Reader(HTMLParser):
    """What a browser would load, and whether tags are closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.loads = [], []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "img", "link", "br"):
            self.open.append(tag)
        self.loads += [
            value
            for name, value in attributes
            if name in ("src", "href", "xlink:href") and not value.startswith(("#", "data:"))
        ]

    def handle_endtag(self, tag):
        if tag in self.open:
            assert self.open.pop() == tag


def test_the_page_needs_nothing_else(report, pair):
    reader = Reader()
    reader.feed(
        page(report, contact_sheet(pair, log_likelihood_ratios(forecasts(pair, DEFAULTS)), 0))
    )
    assert reader.open == []
    assert reader.loads == []


def test_the_page_says_what_was_measured(report):
    text = page(report)
    for figure in (
        f"{report['linkage']['by_blocks']['value']:.1%}",
        f"{report['situations']['erased']:.1%}",
        f"{report['forecast']['erased']:.1%}",
        f"{report['similarity']['ssim']['value']:.3f}",
    ):
        assert figure in text
    assert text.count("<svg") == 4
    assert not re.search("\\bsecure\\b|\\banonymous\\b", text)
    assert "none against an attacker with other knowledge" in text


def test_originals_are_shown_on_request_only(report, pair):
    assert "data:image" not in page(report)
    assert "data:image/png;base64," in page(
        report, contact_sheet(pair, log_likelihood_ratios(forecasts(pair, DEFAULTS)), 0)
    )


def test_names_of_labels_cannot_break_the_page(report):
    files = {"metadata": 1, "files": 4, "kept_names": 0, "times": 1, "examples": ["<script>2"]}
    files |= {"cohorts": 2, "private": True, "left_out": 0}
    text = page(report | {"small_labels": ["<script>alert(1)</script>"], "files": files})
    assert "<script" not in text
    assert text.count("&lt;script&gt;") == 2


def test_the_page_of_a_report_without_a_match(blind):
    text = page(blind)
    assert "names of the mixed images are opaque" in text
    assert "Linkage by blocks" not in text
