"""The tables of a record of utility, and their places in pages."""

import json
import re
from pathlib import Path

import pytest
from utility_record import small_record

from blockmix.bench.common import markdown, paper
from blockmix.bench.utility.costs import costs
from blockmix.bench.utility.tables import tables

ROOT = Path(__file__).parents[3]


def cells(part, first):
    """The cells of the line of a table that begins with a text."""
    (line,) = (line for line in part.splitlines() if line.startswith(f"| {first} |"))
    return line.strip("| ").split(" | ")


def test_the_frontier_shows_what_is_given_away_and_what_is_unbeaten():
    part = tables(small_record(("small",)))["utility-frontier-frontier"]
    assert cells(part, "**8 columns, 10 sources, balanced**")[1:6] == [
        *("80.0 ± 2.5", "9.0%", "29.0%", "84.0%", "38.0%")
    ]
    assert cells(part, "pixelation 8")[2:6] == ["99.0%", "-", "-", "-"]
    assert "mixup" not in part


def test_the_cost_of_a_way():
    part = tables(small_record(("small",)))["utility-frontier-cost"]
    assert cells(part, "64 blocks, 10 sources, 0.5") == [
        *("64 blocks, 10 sources, 0.5", "3", "78.0 ± 2.5", "6.0 ± 0.0", "0.220", "0.050"),
        *("b 68.0%", "99.0%", "0.600", "0.2% / 2.0%"),
    ]


def test_one_seed_has_no_interval():
    record = small_record(("small",))
    record["rows"] = [row for row in record["rows"] if row["seed"] == 1]
    part = tables(record)["utility-frontier-cost"]
    assert cells(part, "mixup")[1:4] == ["1", "83.5", "0.5"]


def test_only_forecasts_are_compared_with_them():
    part = tables(small_record(("small",)))["utility-frontier-forecast"]
    assert cells(part, "8 bands, 10 sources, balanced")[1:] == [
        *("0.0900 / 0.0900", "0.290 / 0.290", "0.40 / 0.50")
    ]
    assert "original" not in part


def test_the_papers_tables_stand_beside_the_papers_way_of_mixing():
    part = tables(small_record(("small",)))["utility-frontier-paper"]
    assert cells(part, "small, this record")[1:] == ["84.00", "82.00", "77.00", "79.50"]
    assert cells(part, "VGG16, the paper on WIKI (other data)")[1:] == [
        f"{value:.2f}" for value in paper.TABLE_II["VGG16"]
    ]
    assert len(part.splitlines()) == 2 + 1 + len(paper.TABLE_II) + len(paper.TABLE_III)


def test_each_model_has_its_tables():
    parts = tables(small_record())
    assert parts["utility-frontier-cost"].count("| original |") == 2
    assert "keras:VGG16:\n\n| training set |" in parts["utility-frontier-cost"]


def test_what_was_trained_on_what():
    part = tables(small_record())["utility-frontier-about"]
    assert "6,000 training images (2,967 female, 3,033 male; 3 left out: near duplicates)" in part
    assert "right for 52.7% of test images" in part
    assert "small, keras:VGG16; epochs 2, batch 64; 3 seeds" in part


def test_every_processor_that_trained_is_named():
    record = small_record(("small",))
    record["machine"]["cpu"] = "One CPU"
    record["rows"][-1]["cpu"] = "Another CPU"
    assert (
        "*Machine*: One CPU and Another CPU; blockmix" in tables(record)["utility-frontier-about"]
    )


def test_the_page_has_places_for_every_record():
    page = (ROOT / "docs" / "utility.md").read_text()
    marks = re.findall(r"<!-- (utility-\S+): make pages -->", page)
    for plan in ("reduced", "frontier", "augmentation"):
        assert marks.count(f"utility-{plan}-about") == marks.count(f"utility-{plan}-cost") == 1
    assert set(marks) <= {
        name
        for plan in ("reduced", "frontier", "augmentation")
        for name in tables(small_record(plan=plan))
    }
    filled = markdown.fill(page, tables(small_record(plan="frontier")))
    assert "| **8 columns, 10 sources, balanced** |" in filled


def test_pages_are_written_by_a_command(run_python, tmp_path):
    record, page = tmp_path / "utility.json", tmp_path / "page.md"
    record.write_text(json.dumps(small_record()))
    marks = "".join(
        markdown.BEGIN.format(name) + markdown.END.format(name) for name in tables(small_record())
    )
    page.write_text(marks)
    run_python("-m", "blockmix.bench.utility.pages", str(page), str(record))
    assert all(part.strip() in page.read_text() for part in tables(small_record()).values())


def test_a_page_may_leave_out_parts_but_no_record(run_python, tmp_path):
    record, page = tmp_path / "utility.json", tmp_path / "page.md"
    record.write_text(json.dumps(small_record()))
    about = "utility-frontier-about"
    page.write_text(markdown.BEGIN.format(about) + markdown.END.format(about))
    run_python("-m", "blockmix.bench.utility.pages", str(page), str(record))
    assert page.read_text() == markdown.fill(page.read_text(), tables(small_record()))
    assert "*Data*" in page.read_text()
    page.write_text("a page without marks")
    with pytest.raises(AssertionError, match="has the mark of 'utility-frontier-about'"):
        run_python("-m", "blockmix.bench.utility.pages", str(page), str(record))


def test_costs_are_those_of_square_blocks_by_the_first_model():
    content = costs([small_record()], "hand-made rows")
    assert content["measured_on"] == "hand-made rows"
    lost = {
        (cost["blocks"], cost["sources"], round(cost["probability"], 2)): round(
            cost["points_lost"]["value"], 6
        )
        for cost in content["costs"]
    }
    assert lost == {(16, 10, 0.5): 3, (64, 10, 0.5): 6, (4, 2, 0.67): 2, (64, 10, 0.91): 13}


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_records_most_seeds_count(order):
    other = small_record()
    other["rows"] = [row for row in other["rows"] if row["seed"] == 0]
    for row in other["rows"]:
        row["accuracy"] -= 0.1 * row["way"].startswith("64 blocks")
    content = costs([small_record(), other][::order], "hand-made rows")
    assert {cost["seeds"] for cost in content["costs"]} == {3}
    assert content == costs([small_record()], "hand-made rows")
