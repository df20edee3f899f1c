"""The pictures of a record of utility."""

import pytest
from utility_record import WAYS, small_record

from blockmix.bench.utility import figures


def drawn(record, folder):
    folder.mkdir()
    return {path.name: path.read_bytes() for path in figures.draw(record, folder)}


def test_files_of_a_record_are_equal_and_those_of_another_are_not(tmp_path):
    first, again = (drawn(small_record(), tmp_path / name) for name in ("first", "again"))
    assert first == again
    changed = small_record()
    changed["rows"][1]["accuracy"] = 0.5
    assert drawn(changed, tmp_path / "changed") != first


def test_every_model_has_every_figure(tmp_path):
    kinds = ("frontier", "blocks", "sides", "augmentation", "learning")
    expected = {
        f"{kind}-{model}{suffix}"
        for kind in kinds
        for model in ("small", "keras-VGG16")
        for suffix in (".png", ".svg")
    }
    assert {*drawn(small_record(), tmp_path / "all")} == expected


def test_the_frontier_names_the_measured_ways_in_four_panels(tmp_path):
    text = drawn(small_record(), tmp_path / "figures")["frontier-small.svg"].decode()
    measured = [way for way in WAYS.values() if way["protection"] and way["image_share"] == 1]
    for number, way in enumerate(measured, 1):
        assert text.count(f">{number}  {way['name']}<") == 1
    assert "flip" not in text
    for axis in ("linked by", "largest share", "one block alone", "put together"):
        assert text.count(axis) == 1


def lines_of(axes):
    return {line.get_label(): dict(zip(*line.get_data(), strict=True)) for line in axes.get_lines()}


def figure_of(record, name):
    return dict(figures.figures(record))[name]()


def test_lines_against_blocks_are_means_over_shapes():
    """As in the paper's Figure 3: 8 columns and 8 bands are one point."""
    axes, _ = figure_of(small_record(), "blocks-small").axes
    lines = lines_of(axes)
    assert lines["10 sources, 1 round, balanced"] == pytest.approx({8: (0.80 + 0.75) / 2, 64: 0.71})
    assert lines["10 sources, 1 round, 0.5"] == pytest.approx({16: 0.81, 64: 0.78})
    assert set(lines["original"].values()) == {0.84}


def test_lines_of_each_block_height():
    """As in the paper's Figures 5 to 7."""
    axes, _ = figure_of(small_record(), "sides-small").axes
    lines = lines_of(axes)
    assert lines["height 8; 10 sources, 1 round, balanced"] == pytest.approx({8: 0.75, 64: 0.71})
    assert lines["height 64; 10 sources, 1 round, balanced"] == pytest.approx({8: 0.80})


def test_augmentation_beside_the_same_way_without():
    """As in the paper's Figures 12 and 13."""
    accuracy, loss = figure_of(small_record(), "augmentation-small").axes
    assert lines_of(accuracy)["flip; 10 sources, 1 round, 0.5"] == pytest.approx({64: 0.83})
    assert lines_of(accuracy)["no augmentation; 10 sources, 1 round, 0.5"] == pytest.approx(
        {64: 0.78}
    )
    assert lines_of(loss)["flip; 10 sources, 1 round, 0.5"] == pytest.approx({64: 0.17})


def test_learning_curves_are_means_over_seeds():
    _, accuracy = figure_of(small_record(), "learning-small").axes
    assert lines_of(accuracy)["original"] == pytest.approx({1: 0.74, 2: 0.79})


def test_a_record_of_one_seed_and_without_protection_is_drawn(tmp_path):
    record = small_record(("small",))
    record["rows"] = [row for row in record["rows"] if row["seed"] == 0]
    for way in record["ways"]:
        way["protection"] = None
    assert not any("frontier" in name for name in drawn(record, tmp_path / "figures"))
