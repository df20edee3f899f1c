"""The report as a self-contained page."""

import re
from html.parser import HTMLParser

import pytest

from blockmix.privacy import page
from blockmix.privacy.report.html import contact_sheet
from blockmix.privacy.report.set_forecast import SetForecast

DEFAULTS = {"sources": 10, "rounds": 1, "probability": 0.5}


@pytest.fixture
def sheet(pair):
    expected = SetForecast.of_pair(pair, DEFAULTS)
    return contact_sheet(pair, expected.log_likelihood_ratio, seed=0)


class Reader(HTMLParser):
    """Collects what a browser would load, and checks that tags are closed in order."""

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


def test_the_page_loads_nothing(report, sheet):
    reader = Reader()
    reader.feed(page(report, sheet))
    assert reader.open == []
    assert reader.loads == []


def test_the_page_shows_what_was_measured(report):
    text = page(report)
    for value in (
        f"{report['linkage']['by_blocks']['value']:.1%}",
        f"{report['situations']['erased']:.1%}",
        f"{report['forecast']['erased']:.1%}",
        f"{report['similarity']['ssim']['value']:.3f}",
    ):
        assert value in text
    assert text.count("<svg") == 4
    assert not re.search("\\bsecure\\b|\\banonymous\\b", text)
    assert "none against an attacker with other knowledge" in text


def test_originals_are_shown_on_request_only(report, sheet):
    assert "data:image" not in page(report)
    assert "data:image/png;base64," in page(report, sheet)


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
