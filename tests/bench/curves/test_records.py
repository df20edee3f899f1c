"""Records follow their schema, and the schema explains them."""

import copy
import json

import pytest

from blockmix import InputError
from blockmix.__main__ import app
from blockmix.bench.curves import records


def test_a_record_follows_the_schema_and_changed_ones_do_not(record):
    records.check(record, "it")
    for name, value in (("rows", []), ("seconds", -1), ("device", "tpu"), ("extra", 1)):
        broken = copy.deepcopy(record)
        if name == "rows":
            broken["rows"][0]["seconds"] = value
        else:
            broken[name] = value
        with pytest.raises(InputError, match="it is not a record of blockmix bench"):
            records.check(broken, "it")


def test_a_record_of_another_version_is_called_that(record):
    record["version"] = 1
    with pytest.raises(InputError, match="it is of version 1, but this blockmix reads version 2: "):
        records.check(record, "it")


def values(schema):
    """Every value that a record can have, by its path."""
    for name, part in schema.get("properties", {}).items():
        inner = part.get("oneOf", [part])[-1].get("items", part.get("oneOf", [part])[-1])
        if "properties" in inner:
            yield from ((f"{name}.{path}", value) for path, value in values(inner))
        else:
            yield name, part


def test_every_value_of_the_schema_is_explained():
    schema_values = dict(values(json.loads(records.CURVES.schema.read_text())))
    assert len(schema_values) > 50
    # Enumerations and constants need no description.
    explained = {"description", "enum", "const"}
    assert not {name for name, part in schema_values.items() if not explained & {*part}}


@pytest.mark.parametrize(
    ("content", "message"), [(None, "cannot read"), ("{", "is not JSON"), ("{}", "is not a record")]
)
def test_files_that_are_not_records(tmp_path, content, message):
    path = tmp_path / "record.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message):
        app(["bench", "plot", str(path)], standalone_mode=False)
