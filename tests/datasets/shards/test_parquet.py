"""Parquet: what is read of columns, what is bad, and that `datasets` reads ours."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from required_modules import required
from shard_builders import image_file

from blockmix import InputError
from blockmix.datasets.shards import parquet as parquet_module
from blockmix.datasets.shards.container import DamagedShardError, MixedSample
from blockmix.datasets.shards.parquet import ParquetContainer

pa = required("pyarrow")
parquet = required("pyarrow.parquet")

PARQUET = ParquetContainer()
STRUCT = pa.struct({"bytes": pa.binary(), "path": pa.string()})
LARGE_STRUCT = pa.struct({"path": pa.large_string(), "bytes": pa.large_binary()})
KINDS = [STRUCT, LARGE_STRUCT, pa.binary(), pa.large_binary()]
CLASSES = {"_type": "ClassLabel", "names": ["cat", "dog"]}
FEATURES = {"image": {"_type": "Image"}, "label": CLASSES}


def images(*contents, kind=STRUCT):
    """Return a column of images, with a path where they are structs."""
    if pa.types.is_struct(kind):
        contents = [
            None if content is None else {"bytes": content, "path": "ada.jpg"}
            for content in contents
        ]
    return pa.array(contents, kind)


def file_of(columns, features=None, **options):
    """Return the file of columns by name, or of a table; features are those of `datasets`."""
    table = pa.table(columns) if isinstance(columns, dict) else columns
    if features is not None:
        info = {"info": {"features": features, "description": "Ada's faces"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(info), "pandas": "Ada"})
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink, **options)
    return sink.getvalue().to_pybytes()


def read(data, label="label"):
    """Return label and image of every row of a file of which nothing is bad."""
    shard = PARQUET.read(data, label)
    assert not shard.bad
    assert [sample.position for sample in shard.samples] == list(range(len(shard.samples)))
    return [(sample.label, bytes(sample.image)) for sample in shard.samples]


def written(data, label="label"):
    """Return a file with the rows of another, in its layout as the state of a run keeps it."""
    layout = json.loads(json.dumps(PARQUET.read(data, label).layout))
    rows = [MixedSample(f"{number:032x}", *row) for number, row in enumerate(read(data, label))]
    return PARQUET.write(rows, label, layout, ".png")


def table_of(data):
    return parquet.read_table(pa.BufferReader(data))


class TestImages:
    @pytest.mark.parametrize("kind", KINDS, ids=str)
    def test_kinds(self, kind):
        column = images(b"one", b"", b"three" * 999, kind=kind)
        assert read(file_of({"image": column, "label": [1, 2, 3]})) == [
            (1, b"one"),
            (2, b""),
            (3, b"three" * 999),
        ]

    @pytest.mark.parametrize("kind", [*KINDS, pa.binary_view()], ids=str)
    def test_parts_of_arrays(self, kind):
        """Offsets of arrays, and arrays of several chunks, which a file may give or not."""
        column = images(b"a", b"bb", None, b"dddd", b"", b"f" * 99, kind=kind)
        chunks = pa.chunked_array([column.slice(1, 3), column.slice(0, 0), column.slice(3)])
        assert [
            one if isinstance(one, str) else bytes(one)
            for one in parquet_module._images(pa, chunks)
        ] == [b"bb", "it has no image", b"dddd", b"dddd", b"", b"f" * 99]

    def test_a_struct_that_is_null_hides_what_is_in_it(self):
        parts = [pa.array([b"a", b"b"]), pa.array(["p", "p"])]
        column = pa.StructArray.from_arrays(
            parts, ["bytes", "path"], mask=pa.array([True, False])
        ).slice(0)
        first, second = parquet_module._images(pa, pa.chunked_array([column]))
        assert (first, bytes(second)) == ("it has no image", b"b")

    def test_images_are_not_copied(self):
        column = images(b"one", b"three")
        view = list(parquet_module._images(pa, pa.chunked_array([column])))[1]
        address = np.frombuffer(view, np.uint8).ctypes.data
        assert address == column.field("bytes").buffers()[2].address + len(b"one")
        assert view.readonly
        assert view.format == "B"

    @pytest.mark.parametrize(
        "options",
        [
            {"row_group_size": 2},
            {"row_group_size": 3, "compression": "zstd", "use_dictionary": False},
            {"data_page_version": "2.0", "data_page_size": 1, "write_batch_size": 1},
            {"store_schema": False, "write_page_checksum": True},
        ],
    )
    def test_files_of_other_writers(self, options):
        contents = [b"image %d" % number for number in range(7)]
        data = file_of({"image": images(*contents), "label": list(range(7))}, **options)
        assert read(data) == list(enumerate(contents))

    def test_the_column_by_name(self):
        data = file_of({"mask": images(b"mask"), "image": images(b"image"), "label": [1]})
        assert read(data) == [(1, b"image")]

    @pytest.mark.parametrize("other", ["photo", "image.large"])
    def test_the_only_column_that_can_be_the_images(self, other):
        data = file_of({"thumbnail": images(b"small", kind=pa.binary()), other: images(b"a")})
        table = table_of(data).append_column("label", pa.array([1]))
        assert read(file_of(table)) == [(1, b"a")]

    def test_a_column_that_datasets_calls_images(self):
        columns = {"mask": images(b"b", kind=pa.binary()), "x": images(b"a", kind=pa.binary())}
        data = file_of(columns | {"label": [1]}, {"x": {"_type": "Image"}})
        assert read(data) == [(1, b"a")]


class TestLabels:
    @pytest.mark.parametrize("kind", [pa.int8(), pa.uint8(), pa.int32(), pa.int64(), pa.uint64()])
    def test_numbers(self, kind):
        data = file_of({"image": images(b"a", b"b"), "label": pa.array([7, 0], kind)})
        assert [label for label, _ in read(data)] == [7, 0]
        assert table_of(written(data)).column("label").type == kind

    @pytest.mark.parametrize(
        "kind",
        [
            pa.string(),
            pa.large_string(),
            pa.dictionary(pa.int32(), pa.string()),
            pa.dictionary(pa.int8(), pa.large_string()),
        ],
        ids=str,
    )
    def test_texts(self, kind):
        labels = pa.array(["cat", "Käthe", "cat"]).cast(kind)
        data = file_of({"image": images(b"a", b"b", b"c"), "label": labels})
        assert [label for label, _ in read(data)] == ["cat", "Käthe", "cat"]
        assert table_of(written(data)).column("label").type == pa.string()

    def test_numbers_in_a_dictionary(self):
        labels = pa.array([5, 6, 5]).dictionary_encode()
        data = file_of({"image": images(b"a", b"b", b"c"), "label": labels})
        assert [label for label, _ in read(data)] == [5, 6, 5]

    @pytest.mark.parametrize("name", ["age", "the age", "age.years"])
    def test_the_column_by_name(self, name):
        data = file_of({"image": images(b"a"), "label": [1], name: [2]})
        assert read(data, name) == read(written(data, name), name) == [(2, b"a")]
        assert PARQUET.read(data, name).dropped == {"label": 1}


class TestBadRows:
    def test_images(self):
        column = pa.array([{"bytes": b"a", "path": None}, {"path": "ada.jpg"}, {}, None], STRUCT)
        shard = PARQUET.read(file_of({"image": column, "label": [1] * 4}), "label")
        assert [sample.position for sample in shard.samples] == [0]
        assert shard.bad == [
            (1, "it holds only a path"),
            (2, "it has no image"),
            (3, "it has no image"),
        ]

    @pytest.mark.parametrize("labels", [[None, 1, 2], ["", "1", "2"], [None, "1", "2"]])
    def test_labels(self, labels):
        shard = PARQUET.read(file_of({"image": images(b"a", b"b", b"c"), "label": labels}), "label")
        assert [sample.label for sample in shard.samples] == labels[1:]
        assert shard.bad == [(0, "it has no label")]

    def test_classes(self):
        labels = [-1, 0, 2, 1, -2]
        data = file_of({"image": images(*[b"a"] * 5), "label": labels}, FEATURES)
        shard = PARQUET.read(data, "label")
        assert [(sample.position, sample.label) for sample in shard.samples] == [(1, 0), (3, 1)]
        assert shard.bad == [
            (0, "it has no label"),
            (2, "its label is none of the classes"),
            (4, "its label is none of the classes"),
        ]

    def test_classes_are_numbers(self):
        """`datasets` takes such a column for texts, too."""
        data = file_of({"image": images(b"a"), "label": ["cat"]}, FEATURES)
        assert read(data) == [("cat", b"a")]
        feature = PARQUET.read(data, "label").layout["features"]["label"]
        assert feature == {"_type": "Value", "dtype": "string"}

    def test_plain_numbers_may_be_below_zero(self):
        data = file_of({"image": images(b"a"), "label": [-1]})
        assert read(data) == [(-1, b"a")]

    def test_positions_count_rows_of_all_groups(self):
        column = images(*[b"a", None] * 5)
        shard = PARQUET.read(
            file_of({"image": column, "label": [0] * 10}, row_group_size=3), "label"
        )
        assert [sample.position for sample in shard.samples] == [0, 2, 4, 6, 8]
        assert [position for position, _ in shard.bad] == [1, 3, 5, 7, 9]


class TestRefusals:
    @pytest.mark.parametrize(
        ("columns", "words"),
        [
            ({"label": [1]}, "it has no columns of images, but needs one, or one named image"),
            ({"a": images(b"a"), "b": images(b"b"), "label": [1]}, "it has 2 columns of images"),
            ({"image": ["ada.jpg"], "label": [1]}, "'image' holds no bytes of image files"),
            ({"image": [{"path": "ada.jpg"}], "label": [1]}, "'image' holds no bytes of image"),
            ({"image": [[b"a"]], "label": [1]}, "'image' holds no bytes of image files"),
            ({"image": images(b"a"), "age": [1]}, "no column 'label' for labels: .* image, age"),
            ({"image": images(b"a"), "label": [True]}, "holds bool, not whole numbers or texts"),
            ({"image": images(b"a"), "label": [1.0]}, "holds double, not whole numbers or texts"),
            ({"image": images(b"a"), "label": [None]}, "holds null, not whole numbers or texts"),
            ({"image": images(b"a"), "label": [b"1"]}, "holds binary, not whole numbers or texts"),
            ({"image": images(b"a"), "label": [[1]]}, "holds list<.*>, not whole numbers or texts"),
        ],
    )
    def test_columns(self, columns, words):
        with pytest.raises(DamagedShardError, match=words):
            PARQUET.read(file_of(columns), "label")

    @pytest.mark.parametrize("name", ["image", "label"])
    def test_two_columns_of_one_name(self, name):
        columns = [images(b"a"), pa.array([1]), images(b"b") if name == "image" else pa.array([2])]
        data = file_of(pa.Table.from_arrays(columns, ["image", "label", name]))
        with pytest.raises(DamagedShardError, match=f"several of its columns are named '{name}'"):
            PARQUET.read(data, "label")

    def test_images_as_labels(self):
        with pytest.raises(
            DamagedShardError, match=r"'image' holds .*, not whole numbers or texts"
        ):
            PARQUET.read(file_of({"image": images(b"a")}), "image")

    def test_without_pyarrow(self, monkeypatch):
        def missing(name):
            raise ModuleNotFoundError(name)

        monkeypatch.setattr("blockmix.support.extras.import_module", missing)
        with pytest.raises(
            InputError, match=r"parquet files need pyarrow: pip install '\.\[shards"
        ):
            PARQUET.read(b"", "label")


class TestDamage:
    DATA = file_of({"image": images(*[b"ada" * 99] * 9), "label": ["ada"] * 9}, compression="none")

    @pytest.mark.parametrize(
        "data", [b"", b"PAR1", b"PAR1" * 9, b"no parquet" * 99, DATA[:-1], DATA[: len(DATA) // 2]]
    )
    def test_no_whole_file(self, data):
        with pytest.raises(DamagedShardError) as caught:
            PARQUET.read(data, "label")
        assert str(caught.value) == "it is no whole parquet file"
        assert caught.value.__cause__ is None

    def test_pages_that_are_damaged(self):
        data = bytearray(self.DATA)
        data[4:30] = bytes(26)
        with pytest.raises(DamagedShardError, match="it is no whole parquet file"):
            PARQUET.read(bytes(data), "label")

    def test_texts_that_are_none(self):
        data = file_of(
            {"image": images(b"a"), "label": ["Käthe"]}, use_dictionary=False, store_schema=False
        )
        with pytest.raises(DamagedShardError, match="it is no whole parquet file"):
            PARQUET.read(data.replace("ä".encode(), b"\xff\xff"), "label")

    @pytest.mark.parametrize(
        "metadata", ["", "{", "[]", "{}", '{"info": 1}', '{"info": {"features": [1]}}']
    )
    def test_metadata_that_nobody_understands(self, metadata):
        table = pa.table({"image": images(b"a"), "label": [1]})
        data = file_of(table.replace_schema_metadata({"huggingface": metadata}))
        assert PARQUET.read(data, "label").layout["features"] == {}
        assert read(data) == [(1, b"a")]

    @pytest.mark.parametrize(
        "feature", [1, None, [], {}, {"_type": "ClassLabel"}, CLASSES | {"names": [1]}]
    )
    def test_features_that_nobody_understands(self, feature):
        data = file_of({"image": images(b"a"), "label": [1]}, {"image": feature, "label": feature})
        assert PARQUET.read(data, "label").layout["features"] == {
            "image": {"_type": "Image"},
            "label": {"_type": "Value", "dtype": "int64"},
        }


class TestWrite:
    @pytest.mark.parametrize("labels", [[1, 0, 1], ["cat", "Käthe", "cat"]])
    @pytest.mark.parametrize("kind", KINDS, ids=str)
    def test_what_is_written_is_read_again(self, kind, labels):
        columns = {"image": images(b"one", b"three", b"four", kind=kind), "label": labels}
        data = file_of(columns)
        copy = written(data)
        assert read(copy) == read(data)
        assert PARQUET.read(copy, "label").layout == PARQUET.read(data, "label").layout
        assert written(copy) == copy

    def test_only_image_and_label_are_written(self):
        others = {"name": ["Ada"], "mask": images(b"mask"), "age": [36]}
        columns = {"face": images(b"a"), "label": [1]} | others
        features = {
            "face": {"_type": "Image", "mode": "RGB", "id": "Ada"},
            "label": CLASSES | {"id": "Ada", "num_classes": 2},
            "mask": {"_type": "Sequence"},
        }
        del columns["mask"]
        data = file_of(columns, features | {"name": {"_type": "Value", "dtype": "string"}})
        assert PARQUET.read(data, "label").dropped == {"name": 1, "age": 1}
        copy = written(data)
        table = table_of(copy)
        assert table.to_pylist() == [{"face": {"bytes": b"a", "path": None}, "label": 1}]
        assert table.schema.metadata.keys() == {b"huggingface"}
        assert json.loads(table.schema.metadata[b"huggingface"]) == {
            "info": {"features": {"face": {"_type": "Image", "mode": "RGB"}, "label": CLASSES}}
        }
        for secret in (b"Ada", b"ada", b"description", b"pandas"):
            assert secret in data
            assert secret not in copy

    @pytest.mark.parametrize("kind", [STRUCT, pa.binary()], ids=str)
    def test_without_metadata(self, kind):
        data = file_of({"image": images(b"a", kind=kind), "label": [1]})
        schema = table_of(written(data)).schema
        assert schema.metadata is None
        assert schema.field("image").type == kind

    @pytest.mark.parametrize("count", [0, 1, 100, 101, 250])
    def test_groups_of_rows(self, count):
        rows = [MixedSample(f"{number:032x}", number, b"%d" % number) for number in range(count)]
        layout = PARQUET.read(file_of({"image": images(b"a"), "label": [1]}), "label").layout
        data = PARQUET.write(rows, "label", layout, ".png")
        assert read(data) == [(row.label, row.image) for row in rows]
        file = parquet.ParquetFile(pa.BufferReader(data))
        sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
        assert sizes == [100] * (count // 100) + [count % 100] * (count % 100 > 0)

    def test_images_are_written_once_and_as_they_are(self):
        data = written(
            file_of({"image": images(b"an image", b"an image", b"x"), "label": [1, 2, 1]})
        )
        assert data.count(b"an image") == 2

    def test_the_bytes_are_the_same(self):
        data = file_of({"image": images(b"a", b"b"), "label": [0, 1]}, FEATURES)
        assert written(data) == written(data)

    def test_names_of_samples_are_not_written(self):
        layout = PARQUET.read(file_of({"image": images(b"a"), "label": [1]}), "label").layout
        one, other = (
            PARQUET.write([MixedSample(name * 32, 1, b"a")], "label", layout, suffix)
            for name, suffix in (("0", ".png"), ("f", ".jpg"))
        )
        assert one == other


@pytest.fixture
def hugging_face(monkeypatch, tmp_path):
    """Loads a file as `datasets` does, without a network."""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    datasets = required("datasets")
    datasets.disable_progress_bars()

    def load(data):
        (tmp_path / "set.parquet").write_bytes(data)
        return datasets.load_dataset(
            "parquet",
            data_files=str(tmp_path / "set.parquet"),
            cache_dir=str(tmp_path / "cache"),
            split="train",
        )

    yield load
    datasets.enable_progress_bars()


FILES = [image_file(np.random.default_rng(seed)) for seed in range(3)]


class TestDatasets:
    @pytest.mark.parametrize(
        ("labels", "feature"),
        [
            ([1, 0, 1], CLASSES),
            ([1, 0, 7], {"_type": "Value", "dtype": "int64"}),
            (["cat", "Käthe", "cat"], {"_type": "Value", "dtype": "string"}),
        ],
    )
    @pytest.mark.parametrize("kind", [STRUCT, LARGE_STRUCT], ids=str)
    def test_it_reads_what_is_written(self, hugging_face, kind, labels, feature):
        columns = {"image": images(*FILES, kind=kind), "label": labels, "name": ["Ada"] * 3}
        loaded = hugging_face(written(file_of(columns, FEATURES | {"label": feature})))
        assert loaded.column_names == ["image", "label"]
        assert type(loaded.features["image"]).__name__ == "Image"
        assert loaded["label"][:] == labels
        for image, content in zip(loaded["image"], FILES, strict=True):
            assert isinstance(image, Image.Image)
            assert np.array_equal(np.asarray(image), np.asarray(Image.open(io.BytesIO(content))))
        if feature is CLASSES:
            assert loaded.features["label"].names == ["cat", "dog"]
        else:
            assert loaded.features["label"].dtype == feature["dtype"]

    def test_plain_bytes_stay_plain(self, hugging_face):
        columns = {"image": images(b"a", b"b", kind=pa.binary()), "label": [1, 2]}
        loaded = hugging_face(written(file_of(columns)))
        assert loaded[:] == {"image": [b"a", b"b"], "label": [1, 2]}

    def test_what_it_writes_is_read(self, hugging_face, tmp_path):
        import datasets

        features = datasets.Features(
            {
                "image": datasets.Image(),
                "label": datasets.ClassLabel(names=["cat", "dog"]),
                "box": datasets.Sequence(datasets.Value("float32"), length=4),
            }
        )
        rows = {
            "image": [{"bytes": content, "path": "ada.png"} for content in FILES],
            "label": ["dog", "cat", "dog"],
            "box": [[1, 2, 3, 4]] * 3,
        }
        made = datasets.Dataset.from_dict(rows, features)
        made.to_parquet(str(tmp_path / "made.parquet"))
        data = (tmp_path / "made.parquet").read_bytes()
        assert read(data) == list(zip([1, 0, 1], FILES, strict=True))
        shard = PARQUET.read(data, "label")
        assert shard.dropped == {"box": 3}
        assert shard.layout["features"] == FEATURES | {"image": shard.layout["features"]["image"]}
        loaded = hugging_face(written(data))
        assert loaded.features == datasets.Features(
            {name: features[name] for name in ("image", "label")}
        )
