"""The privacy that the summary of a run says to expect."""

import json

import pytest
from builders import write_images

from blockmix import BlockMixer, mix_folder
from blockmix.datasets.expectation import describe, expectation
from blockmix.privacy import forecast


def test_it_is_the_forecast_of_every_cohort_weighted_by_images():
    mixer = BlockMixer(sources=4, rounds=2, probability=0.7)
    forecasts = [
        forecast(size, sources=4, rounds=2, probability=0.7, blocks=20) for size in (10, 10, 60)
    ]
    assert expectation(mixer, 20, [10, 60, 10]) == {
        "own_kept": round((forecasts[0].own_kept * 20 + forecasts[2].own_kept * 60) / 80, 4),
        "linked": round((forecasts[0].linked * 20 + forecasts[2].linked * 60) / 80, 4),
    }


def test_balanced_is_that_of_each_pool():
    expected = expectation(BlockMixer(sources=10, probability="balanced"), 64, [3])
    assert expected["own_kept"] == round(1 / 3, 4)


def test_of_many_sizes_it_is_a_sample():
    expected = expectation(BlockMixer(), 64, list(range(50, 350)))
    assert expected == {"own_kept": 0.5, "linked": 1.0}


def test_groups_count_by_the_images_that_have_their_size():
    """One cohort of 12 images, with groups of 6, 3, 2 and 1, and one of 9 with three of 3."""
    mixer = BlockMixer(sources=10, rounds=2, probability="balanced", small_classes="clamp")
    sizes = {(12, 6): 6, (12, 3): 3, (12, 2): 2, (12, 1): 1, (9, 3): 9}
    forecasts = {
        (size, group_size): forecast(
            size, rounds=2, probability="balanced", blocks=20, group_size=group_size
        )
        for size, group_size in sizes
    }
    assert [forecasts[size].sources for size in sizes] == [6, 9, 10, 10, 6]

    def mean(value):
        return round(sum(value(forecasts[size]) * count / 21 for size, count in sizes.items()), 4)

    assert expectation(mixer, 20, [12, 9], [[3, 6, 1, 2], [3, 3, 3]]) == {
        "own_kept": mean(lambda forecast: forecast.own_kept),
        "linked": mean(lambda forecast: forecast.linked),
        "groups": {
            "own_share": mean(lambda forecast: forecast.persons.own_share),
            "linked": mean(lambda forecast: forecast.persons.linked),
        },
    }


@pytest.mark.parametrize(("rounds", "blocks"), [(101, 64), (1, 10**9)])
def test_numbers_that_are_not_forecast_are_left_out(rounds, blocks):
    expected = expectation(BlockMixer(rounds=rounds, probability=0.001), blocks, [1000])
    assert expected["linked"] is None
    assert expected["own_kept"] == pytest.approx(0.999**rounds, abs=2e-4)
    assert "links" not in describe(expected)


def test_the_line():
    assert describe({"own_kept": 0.5, "linked": 0.99996}) == (
        "expect: about 50% of every image's blocks stay its own; whoever holds the originals "
        "links about 100% of the images: see 'blockmix forecast'"
    )
    assert "links about 80% of the images, and the right group of 90%: see" in describe(
        {"own_kept": 0.5, "linked": 0.8, "groups": {"own_share": 0.6, "linked": 0.9}}
    )
    assert "about 0.1% of every" in describe({"own_kept": 0.0012, "linked": 0.0})


def test_it_is_in_the_summary_and_in_the_record(tmp_path):
    src = write_images(tmp_path / "src", {"cat": 12, "dog": 20})
    summary = mix_folder(src, tmp_path / "dst", block=4)
    record = json.loads((tmp_path / "dst" / "blockmix.json").read_text())
    assert record["expected"] == expectation(BlockMixer(), 16, [12, 20])
    assert describe(record["expected"]) in str(summary).splitlines()


def test_groups_are_in_the_summary_and_in_the_record(tmp_path):
    src = write_images(tmp_path / "src", {"cat": 6})
    groups = {f"cat/{i:03}.png": i // 2 for i in range(7)}
    cut = (src / "cat" / "000.png").read_bytes()
    (src / "cat" / "006.png").write_bytes(cut[:-40])
    options = {"block": 4, "sources": 2, "rounds": 2}
    summary = mix_folder(src, tmp_path / "dst", on_error="skip", groups=groups, **options)
    mixer = BlockMixer(sources=2, rounds=2)
    assert summary.record["expected"] == expectation(mixer, 16, [6], [[2, 2, 2]])
    assert "and the right group of " in str(summary)


def test_files_that_are_left_out_do_not_count(tmp_path):
    src = write_images(tmp_path / "src", {"cat": 4})
    cut = (src / "cat" / "000.png").read_bytes()
    (src / "cat" / "cut.png").write_bytes(cut[:-40])
    options = {"block": 4, "sources": 10, "probability": "balanced", "small_classes": "clamp"}
    summary = mix_folder(src, tmp_path / "dst", on_error="skip", **options)
    assert summary.record["expected"]["own_kept"] == 0.25
    assert summary.record["parameters"]["probability"] == "balanced"
