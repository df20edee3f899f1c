"""Records of utility follow their schema, and `plot` finds their kind."""

import json
import sys

import pytest
from schema_properties import properties
from utility_record import small_record

from blockmix import InputError
from blockmix.__main__ import app
from blockmix.bench.utility import figures, records


def test_a_record_follows_the_schema_and_changed_ones_do_not(tmp_path):
    records.save(small_record(), tmp_path / records.NAME)
    assert records.load(tmp_path / records.NAME) == small_record()
    for part, name, value in (
        ("rows", "accuracy", 1.2),
        ("rows", "key", "short"),
        ("rows", "extra", 1),
        ("ways", "kind", "magic"),
        ("ways", "block", [8]),
    ):
        broken = small_record()
        broken[part][1][name] = value
        with pytest.raises(InputError, match=rf"it is not a record .*: \$\.{part}\[1\]"):
            records.check(broken, "it")


def test_every_value_of_the_schema_is_explained():
    named = list(properties(json.loads(records.UTILITY.schema.read_text())))
    assert len(named) > 70
    assert not [name for name, part in named if not {"description", "const"} & {*part}]


def test_plot_draws_a_record_by_its_format(blockmix, tmp_path):
    path = tmp_path / records.NAME
    records.save(small_record(("small",)), path)
    code, output, errors = blockmix("bench", "plot", path)
    assert (code, errors) == (0, "")
    names = [f"{name}.png" for name, _ in figures.figures(small_record(("small",)))]
    assert [line.rsplit("/")[-1] for line in output.splitlines()[::2]] == names
    assert all((tmp_path / name).is_file() for name in names)


@pytest.mark.parametrize("content", ['{"format": "blockmix report"}', "[]"])
def test_plot_refuses_other_formats_and_names_those_it_knows(tmp_path, content):
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(InputError, match="known are 'blockmix curves', 'blockmix bench utility'"):
        app(["bench", "plot", str(path)], standalone_mode=False)


@pytest.mark.parametrize("library", ["matplotlib", "jsonschema", "scipy"])
def test_missing_libraries_are_reported_before_anything_is_drawn(tmp_path, monkeypatch, library):
    records.save(small_record(("small",)), tmp_path / records.NAME)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError, match=r"pip install '\.\[plot\]' in a checkout"):
        app(["bench", "plot", str(tmp_path / records.NAME)], standalone_mode=False)
    assert [path.name for path in tmp_path.iterdir()] == [records.NAME]
