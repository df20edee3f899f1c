"""What fits into a budget, by a clock that the test sets."""

from types import SimpleNamespace

import pytest

from blockmix import InputError
from blockmix.bench.utility.clock import Clock
from blockmix.support.durations import parse_duration, show_duration

RUN, LONG_RUN = (SimpleNamespace(pace="small", work=work) for work in (10, 40))
OTHER = SimpleNamespace(pace="large", work=10)


@pytest.fixture
def time():
    return SimpleNamespace(seconds=1000.0)


@pytest.fixture
def clock(time):
    return Clock(100, now=lambda: time.seconds)


def test_nothing_is_started_that_would_not_end_in_time(clock, time):
    assert clock.fits(LONG_RUN)
    clock.took(RUN, 20)
    assert clock.fits(RUN)
    assert clock.fits(LONG_RUN) is True  # 80 s of 100
    time.seconds += 30
    assert clock.fits(RUN)
    assert clock.fits(LONG_RUN) is False
    time.seconds += 51
    assert clock.fits(RUN) is False
    assert clock.fits(OTHER) is True  # it was never timed


def test_the_slowest_run_counts(clock):
    clock.took(RUN, 60)
    clock.took(RUN, 20)
    assert clock.seconds == {"small": 6.0}


def test_what_will_fit(clock):
    clock.took(RUN, 20)
    assert clock.fitting([RUN] * 20, processes=1) == 5
    assert clock.fitting([RUN] * 20, processes=2) == 10
    assert Clock(None).fitting([RUN] * 20, processes=1) == 20


def test_without_a_budget_everything_fits():
    clock = Clock(None)
    clock.took(RUN, 1e9)
    assert clock.fits(RUN)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("60m", 3600), (" 1.5 H ", 5400)]
)
def test_durations(text, seconds):
    assert parse_duration(text, "budget") == seconds


@pytest.mark.parametrize("text", ["", "m", "-5m", "5d", "1e3"])
def test_durations_that_are_refused(text):
    with pytest.raises(InputError, match="budget is a time such as 90s, 60m or 2h, got"):
        parse_duration(text, "budget")


def test_shown_durations():
    assert [show_duration(seconds) for seconds in (0, 89.6, 90, 5399, 5400)] == [
        *("0 s", "90 s", "1.5 min", "90.0 min", "1.5 h")
    ]
