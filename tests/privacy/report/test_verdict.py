"""Verdicts on a report, and their thresholds."""

import pytest

from blockmix import InputError
from blockmix.privacy import verdicts


def test_verdicts(report):
    lines = {line["rule"]: line for line in verdicts(report, {})}
    assert all(line["met"] is line["threshold"] is None for line in lines.values())
    linked = max(report["linkage"][name]["value"] for name in ("by_blocks", "jointly", "by_pixels"))
    assert lines["max_linked"]["value"] == linked
    assert f"for {linked:.1%} of the mixed images" in lines["max_linked"]["text"]


@pytest.mark.parametrize(
    ("rule", "met_by", "missed_by"),
    [
        ("max_own_kept", 0.6, 0.4),
        ("max_linked", 1, 0.5),
        ("max_recognised", 1, 0),
        ("max_ssim", 0.99, 0.1),
        ("max_reassembled", 1, 0),
        ("max_largest_share", 0.6, 0.4),
        ("min_anonymity_set", 2, 2.1),
    ],
)
def test_thresholds(report, rule, met_by, missed_by):
    for limit, met in ((met_by, True), (missed_by, False)):
        lines = verdicts(report, {rule: limit})
        assert {line["rule"]: line["met"] for line in lines if line["met"] is not None} == {
            rule: met
        }


def test_a_threshold_that_cannot_be_measured_is_missed(blind):
    (line,) = [line for line in verdicts(blind, {"max_linked": 1}) if line["threshold"]]
    assert line["met"] is False
    assert line["value"] is None
    assert "Not measured: the share of images linked" in line["text"]
    assert "mix with --names keep" in line["text"]


def test_many_that_look_alike_are_a_reason_to_ask_for_persons(report):
    known = {"shares": report["shares"]}
    for share, persons, asks in ((0.2, None, True), (0.2, known, False), (0.01, None, False)):
        changed = report | {"near_duplicates": {"share": share}, "persons": persons}
        rules = {line["rule"]: line["text"] for line in verdicts(changed, {})}
        assert ("groups" in rules) is asks
        assert not asks or "--groups says who is in which" in rules["groups"]


def test_the_largest_share_is_that_of_persons_where_they_are_known(report):
    persons = {"shares": {"largest": {"value": 0.9}}}
    (line,) = [
        line
        for line in verdicts(report | {"persons": persons}, {"max_largest_share": 0.8})
        if line["threshold"]
    ]
    assert (line["value"], line["met"]) == (0.9, False)


@pytest.mark.parametrize(
    ("by_recogniser", "value"), [(None, 0.5), ({"right": {"value": 0.3}}, 0.5),
                                 ({"right": {"value": 0.8}}, 0.8)]
)  # fmt: skip
def test_the_better_of_correlation_and_recogniser_counts(report, by_recogniser, value):
    single_block = {"right": {"value": 0.5}, "by_recogniser": by_recogniser}
    lines = verdicts(report | {"single_block": single_block}, {"max_block_recognised": 0.6})
    (line,) = [line for line in lines if line["threshold"]]
    assert (line["value"], line["met"]) == (value, value <= 0.6)


def test_a_threshold_that_needs_persons_says_so(report):
    (line,) = [line for line in verdicts(report, {"max_block_recognised": 1}) if line["threshold"]]
    assert line["met"] is False
    assert "say who is in which (--groups)" in line["text"]


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        ({"max_magic": 1}, "'max_magic' is no threshold: there are max_own_kept, max_linked"),
        ({"max_linked": 20}, "max_linked is a share from 0 to 1, got 20"),
        ({"max_ssim": float("nan")}, "max_ssim is a share from 0 to 1, got nan"),
        ({"min_anonymity_set": -1}, "min_anonymity_set is a number from 0 on, got -1"),
    ],
)
def test_thresholds_that_make_no_sense(report, thresholds, message):
    with pytest.raises(InputError, match=message):
        verdicts(report, thresholds)


def test_a_key_from_a_seed_comes_first(report):
    files = {"metadata": 1, "files": 4, "private": False}
    lines = verdicts(report | {"files": files}, {"max_metadata": 0.1})
    assert "anybody who guesses the seed undoes the mixing" in lines[0]["text"]
    assert lines[-1]["text"] == "25.0% of the mixed files carry metadata."
    assert lines[-1]["met"] is False
