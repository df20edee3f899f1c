"""Parquet files with images and labels in columns, as Hugging Face's ``datasets`` writes them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np

from blockmix.datasets.shards.container import (
    DamagedShardError,
    Label,
    MixedSample,
    Shard,
    ShardSample,
)
from blockmix.support.extras import load

_IMAGE = "image"
# The key of the schema's metadata under which `datasets` keeps what columns mean.
_HUGGING_FACE = b"huggingface"
# Rows that can be read alone: what `datasets` wrote for images until it counted bytes. Few, so that
# the images of a group stay below the 2 GiB that Arrow's arrays can hold.
_ROWS = 100


class ParquetContainer:
    """Reads and writes parquet files; see `Container`.

    A label is the value of the column with the given name: a whole number, such as a ClassLabel, or
    a text. Images are the column ``image``, or else the only one that can be Hugging Face's Image
    feature: file contents, or a struct that holds them as ``bytes`` beside a ``path``.
    """

    default_label = "label"

    def check_label(self, label: str) -> None:
        """Any text may be the name of a column."""

    def read(self, data: bytes, label: str) -> Shard:
        """Take a file apart; rows without the bytes of an image, or without a label, are bad."""
        arrow, parquet = _libraries()
        with _damage_named(arrow):
            file = parquet.ParquetFile(arrow.BufferReader(data))
            schema, rows = file.schema_arrow, file.metadata.num_rows
        layout = _layout(arrow, schema, label)
        image = layout["image"]
        others = Counter({name: rows for name in schema.names if name not in (image, label)})
        shard = Shard([], [], others, layout)
        position = 0
        # One after the other: Arrow cannot read more than 2 GiB of images in structs at once.
        for group in range(file.num_row_groups):
            with _damage_named(arrow):
                table = file.read_row_group(group, columns=[image, label], use_threads=False)
                table.validate(full=True)
            labels = table.column(label).to_pylist()
            for content, value in zip(_images(arrow, table.column(image)), labels, strict=True):
                reason = content if isinstance(content, str) else _label_problem(value, layout)
                if isinstance(content, str) or reason:
                    shard.bad.append((position, reason))
                else:
                    shard.samples.append(ShardSample(position, value, content))
                position += 1
        return shard

    def write(
        self, samples: Sequence[MixedSample], label: str, layout: dict[str, Any], suffix: str
    ) -> bytes:
        """Return a file with two columns; an image has no path."""
        arrow, parquet = _libraries()
        kind = arrow.binary()
        if layout["is_struct"]:
            kind = arrow.struct([("bytes", kind), ("path", arrow.string())])
        features = {"info": {"features": layout["features"]}}
        schema = arrow.schema(
            [(layout["image"], kind), (layout["label"], layout["type"])],
            {_HUGGING_FACE: json.dumps(features, sort_keys=True)} if layout["features"] else None,
        )
        sink = arrow.BufferOutputStream()
        with parquet.ParquetWriter(
            sink,
            schema,
            # Files of images are compressed: zstd takes 10 % off JPEGs of 6 kB, nothing off PNGs.
            compression="none",
            # Both would repeat images, in the footer and in pages of their own.
            write_statistics=False,
            use_dictionary=[layout["label"]],
        ) as writer:
            for begin in range(0, len(samples), _ROWS):
                part = samples[begin : begin + _ROWS]
                images = arrow.array([sample.image for sample in part], arrow.binary())
                if layout["is_struct"]:
                    paths = arrow.nulls(len(part), arrow.string())
                    images = arrow.StructArray.from_arrays([images, paths], ["bytes", "path"])
                labels = arrow.array([sample.label for sample in part], layout["type"])
                writer.write_table(arrow.Table.from_arrays([images, labels], schema=schema))
        content: bytes = sink.getvalue().to_pybytes()
        return content


def _libraries() -> tuple[Any, Any]:
    arrow = load("pyarrow.parquet", "parquet files need pyarrow", "shards")
    return arrow, arrow.parquet


@contextmanager
def _damage_named(arrow: Any) -> Iterator[None]:
    """Raise what Arrow finds wrong, without its own text, in which there may be values."""
    try:
        yield
    except arrow.ArrowNotImplementedError:
        raise DamagedShardError(
            "pyarrow cannot read it: its groups of rows may be larger than 2 GiB"
        ) from None
    except (arrow.ArrowException, OSError, ValueError):
        raise DamagedShardError("it is no whole parquet file") from None


def _layout(arrow: Any, schema: Any, label: str) -> dict[str, Any]:
    features = _features(schema)
    image = _image_column(arrow, schema, features)
    if label not in schema.names:
        raise DamagedShardError(
            f"it has no column {label!r} for labels: its columns are {', '.join(schema.names)}"
        )
    for name in (image, label):
        if schema.names.count(name) > 1:
            raise DamagedShardError(f"several of its columns are named {name!r}")
    image_type = schema.field(image).type
    is_struct = _is_image_struct(arrow, image_type)
    if not is_struct and not _is_binary(arrow, image_type):
        raise DamagedShardError(f"its column {image!r} holds no bytes of image files")
    label_type = _label_type(arrow, schema.field(label).type, label)
    layout = {
        "image": image,
        "is_struct": is_struct,
        "label": label,
        "type": label_type,
        "features": {},
    }
    if features:
        layout["features"] = {
            image: _image_feature(features.get(image), is_struct),
            label: _label_feature(features.get(label), label_type),
        }
    return layout


def _features(schema: Any) -> dict[str, Any]:
    """Return the features of Hugging Face by column, as far as a file has them."""
    try:
        content = json.loads((schema.metadata or {})[_HUGGING_FACE])
        return dict(content["info"]["features"])
    except (KeyError, TypeError, ValueError):
        return {}


def _is_feature(feature: Any, kind: str) -> bool:
    return isinstance(feature, dict) and feature.get("_type") == kind


def _image_column(arrow: Any, schema: Any, features: dict[str, Any]) -> str:
    if _IMAGE in schema.names:
        return _IMAGE
    images = [
        field.name
        for field in schema
        if _is_feature(features.get(field.name), "Image") or _is_image_struct(arrow, field.type)
    ]
    if len(images) != 1:
        raise DamagedShardError(
            f"it has {len(images) or 'no'} columns of images, but needs one, or one named {_IMAGE}:"
            f" its columns are {', '.join(schema.names)}"
        )
    return str(images[0])


def _is_image_struct(arrow: Any, kind: Any) -> bool:
    """Whether a column of this type can be Hugging Face's Image."""
    return bool(
        arrow.types.is_struct(kind)
        and sorted(field.name for field in kind) == ["bytes", "path"]
        and _is_binary(arrow, kind.field("bytes").type)
    )


def _is_binary(arrow: Any, kind: Any) -> bool:
    types = arrow.types
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def _label_type(arrow: Any, kind: Any, label: str) -> str:
    """Return the type of a column of labels, by its name in Arrow."""
    types = arrow.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_integer(kind):
        return str(kind)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "string"
    raise DamagedShardError(f"its column {label!r} holds {kind}, not whole numbers or texts")


def _image_feature(feature: Any, is_struct: bool) -> dict[str, Any]:
    """Return what an output says of its images, and nothing else that the input may say."""
    if not is_struct and not _is_feature(feature, "Image"):
        return {"_type": "Value", "dtype": "binary"}
    own: dict[str, Any] = {"_type": "Image"}
    if _is_feature(feature, "Image"):
        own |= {name: feature[name] for name in ("decode", "mode") if name in feature}
    return own


def _label_feature(feature: Any, label_type: str) -> dict[str, Any]:
    is_class = _is_feature(feature, "ClassLabel") and label_type != "string"
    names = feature.get("names") if is_class else None
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        return {"_type": "ClassLabel", "names": names}
    return {"_type": "Value", "dtype": label_type}


def _label_problem(value: Label | None, layout: dict[str, Any]) -> str:
    names = layout["features"].get(layout["label"], {}).get("names")
    # `datasets` writes -1 where a ClassLabel is unknown.
    if value is None or value == "" or (names is not None and value == -1):
        return "it has no label"
    if names is not None and value not in range(len(names)):
        return "its label is none of the classes"
    return ""


def _images(arrow: Any, column: Any) -> Iterator[memoryview | str]:
    """Yield the bytes of each image where they lie, or why there are none."""
    for chunk in column.chunks:
        contents, paths = chunk, None
        if arrow.types.is_struct(chunk.type):
            # Unlike its fields, these are null where the struct is.
            parts = chunk.flatten()
            contents = parts[chunk.type.get_field_index("bytes")]
            paths = parts[chunk.type.get_field_index("path")]
        is_valid = contents.is_valid().to_pylist()
        for index, content in enumerate(_contents(arrow, contents)):
            if is_valid[index]:
                yield content
            elif paths is not None and paths[index].is_valid:
                yield "it holds only a path"
            else:
                yield "it has no image"


def _contents(arrow: Any, array: Any) -> Iterator[memoryview]:
    """Yield the bytes of each entry of an array; Arrow's own access to one would copy them."""
    if arrow.types.is_binary_view(array.type):
        # Rare, and pyarrow 17 has no cast for it.
        array = arrow.array(array.to_pylist(), arrow.large_binary())
    if not len(array):
        return
    _, offsets, data = array.buffers()
    kind = np.dtype(np.int64 if arrow.types.is_large_binary(array.type) else np.int32)
    bounds = np.frombuffer(offsets, kind, len(array) + 1, array.offset * kind.itemsize)
    view = memoryview(b"" if data is None else data).toreadonly().cast("B")
    for begin, end in pairwise(bounds.tolist()):
        yield view[begin:end]
