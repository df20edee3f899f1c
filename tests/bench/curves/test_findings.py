"""Fits, growth and ratios of known times."""

import pytest

from blockmix.bench.curves.findings import findings, share


def row(images, blocks, seconds, *, name="mix", timed=None, beside=None):
    result = {"regime": "files" if name in ("mix_folder", "pillow", "algorithm 1") else "arrays"}
    result |= {"row": name, "images": images, "blocks": blocks, "block": [1, 1]}
    result |= {"timed_images": timed or images, "seconds": seconds}
    return result | (
        {"beside": {"row": "copy", "images": images, "seconds": beside}} if beside else {}
    )


def test_fit_of_a_straight_line():
    rows = [row(images, 4, [0, 2 + 0.5 * images, 99]) for images in (10, 20, 40)]
    (fit,) = findings(rows)["fits"]
    assert (fit["regime"], fit["blocks"]) == ("arrays", 4)
    assert fit["a_seconds"] == pytest.approx(2)
    assert fit["b_seconds_per_image"] == pytest.approx(0.5)
    assert fit["r2"] == pytest.approx(1)


def test_fit_of_a_curve_is_worse():
    rows = [row(images, 4, [images**3]) for images in (1, 2, 3, 4)]
    assert 0.8 < findings(rows)["fits"][0]["r2"] < 0.95


def test_two_points_have_no_fit():
    assert findings([row(10, 4, [1]), row(20, 4, [2])])["fits"] == []


def test_growth():
    rows = [row(10, blocks, [3 * blocks**0.5]) for blocks in (4, 16, 256)]
    (entry,) = findings(rows)["growth"]
    assert entry["blocks"] == [4, 256]
    assert entry["times"] == pytest.approx(8)
    assert entry["exponent"] == pytest.approx(0.5)


def test_ratios_come_from_shares_where_both_rows_have_them():
    # The machine is half as fast for the second row.
    base = row(10, 4, [2.0], beside=[1.0])
    peer = row(10, 4, [12.0], name="numpy", beside=[2.0])
    (ratio,) = findings([base, peer])["ratios"]
    assert (ratio["row"], ratio["times"]) == ("numpy", pytest.approx(3))


def test_ratios_to_pillow_come_from_shares_of_the_ceiling():
    base = row(1000, 4, [2.0], name="mix_folder", beside=[1.0])
    peer = row(100, 4, [0.8], name="pillow", beside=[0.2])
    (ratio,) = findings([base, peer])["ratios"]
    assert (ratio["row"], ratio["timed_images"], ratio["times"]) == ("pillow", 100, 2)


def test_ratios_come_from_times_an_image_without_shares():
    base = row(1000, 4, [2.0], name="mix_folder", beside=[1.0])
    peer = row(10, 4, [1.0], name="algorithm 1")
    (ratio,) = findings([base, peer])["ratios"]
    assert (ratio["images"], ratio["timed_images"]) == (1000, 10)
    assert ratio["times"] == pytest.approx(50)


def test_ratios_leave_out_parts_of_mixing_and_other_regimes():
    rows = [row(10, 4, [1.0]), row(10, 4, [0.5], name="draw")]
    rows += [row(10, 4, [1.0], name="algorithm 1")]
    assert findings(rows)["ratios"] == []


def test_shares_come_from_pairs():
    timed = row(10, 4, [2.0, 20.0, 4.0], beside=[1.0, 10.0, 1.0])
    assert share(timed) == 0.5
    assert share(row(10, 4, [1.0])) is None
