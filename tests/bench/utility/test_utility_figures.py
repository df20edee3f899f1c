"""The pictures of a record of utility."""

import pytest
from matplotlib.text import Text
from utility_record import WAYS, small_record

from blockmix.bench.common.drawing import SUFFIXES
from blockmix.bench.utility import figures
from blockmix.bench.utility.results import AXES


def drawn(record, folder):
    folder.mkdir()
    return {path.name: path.read_bytes() for path in figures.draw(record, folder)}


def figure_of(record, name):
    return dict(figures.figures(record))[name]()


def test_files_of_a_record_are_equal_and_those_of_another_are_not(tmp_path):
    record = small_record(("small",))
    first, again = (drawn(record, tmp_path / name) for name in ("first", "again"))
    assert first == again
    record["rows"][1]["accuracy"] = 0.5
    changed = drawn(record, tmp_path / "changed")
    equal = {name for name in first if first[name] == changed[name]}
    assert equal == {
        f"{name}-small{suffix}" for name in ("augmentation", "sides") for suffix in SUFFIXES
    }


def test_every_model_has_every_figure():
    kinds = ("frontier", "blocks", "sides", "augmentation", "learning")
    assert [name for name, _ in figures.figures(small_record())] == [
        f"{kind}-{model}" for model in ("small", "keras-VGG16") for kind in kinds
    ]


def test_the_frontier_names_the_measured_ways_in_four_panels():
    figure = figure_of(small_record(), "frontier-small")
    texts = [text.get_text() for text in figure.findobj(Text)]
    measured = [way for way in WAYS.values() if way["protection"] and way["image_share"] == 1]
    for number, way in enumerate(measured, 1):
        assert texts.count(f"{number}  {way['name']}") == 1
        panels = 1 if way["kind"] == "pixelation" else 4
        assert texts.count(str(number)) == panels
    assert not any("flip" in text or "half" in text for text in texts)
    assert {*AXES.values()} <= {*texts}


def lines_of(axes):
    return {line.get_label(): dict(zip(*line.get_data(), strict=True)) for line in axes.get_lines()}


def test_lines_against_blocks_are_means_over_shapes():
    """As in the paper's Figure 3: 8 columns and 8 bands are one point."""
    axes, _ = figure_of(small_record(), "blocks-small").axes
    lines = lines_of(axes)
    assert lines["10 sources, 1 round, balanced"] == pytest.approx({8: (0.80 + 0.75) / 2, 64: 0.71})
    assert lines["10 sources, 1 round, 0.5"] == pytest.approx({16: 0.81, 64: 0.78})
    assert set(lines["original"].values()) == {0.84}


def test_shapes_that_were_run_with_other_seeds_have_a_mean_without_interval():
    record = small_record()
    bands = "8 bands, 10 sources, balanced"
    record["rows"] = [row for row in record["rows"] if row["seed"] == 0 or row["way"] != bands]
    axes, _ = figure_of(record, "blocks-small").axes
    line = lines_of(axes)["10 sources, 1 round, balanced"]
    assert line[8] == pytest.approx((0.80 + 0.74) / 2)
    assert len(axes.collections) == 1  # the band of the other line


def test_lines_of_each_block_height():
    """As in the paper's Figures 5 to 7."""
    axes, _ = figure_of(small_record(), "sides-small").axes
    lines = lines_of(axes)
    assert lines["height 8; 10 sources, 1 round, balanced"] == pytest.approx({8: 0.75, 64: 0.71})
    assert {*lines} == {"original", "height 8; 10 sources, 1 round, balanced"}


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
