"""The record of sets with several photographs of a person."""

import numpy as np
from builders import write_images

from blockmix.bench.privacy import persons


def test_a_small_record(tmp_path, monkeypatch):
    monkeypatch.setattr(persons, "BLOCKS", (16,))
    monkeypatch.setattr(persons, "SOURCES", 5)
    folder = write_images(tmp_path / "images", {f"person{i}": 3 for i in range(8)}, size=(48, 48))
    record = persons.run(folder)
    assert record["images"]["count"] == 24
    assert record["images"]["persons"] == 8
    assert len(record["images"]["listing_sha256"]) == 64
    assert [row["with_groups"] for row in record["rows"]] == [False, True] * 2
    for row in record["rows"]:
        if row["with_groups"]:  # no block of the person comes from another photograph
            own_share = row["persons"]["own_share"]["value"]
            assert np.isclose(own_share, row["situations"]["own_kept"])
    assert "person0" not in str(record)
    assert len(persons.tables(record["rows"])["persons"].splitlines()) == 6
