"""WebDataset archives: what is read of them, what is bad, and that `webdataset` reads ours."""

import gc
import hashlib
import io
import itertools
import json
import tarfile
import warnings

import numpy as np
import pytest
from PIL import Image
from required_modules import required
from shard_builders import image_file

from blockmix import InputError
from blockmix.datasets.shards.container import DamagedShardError, MixedSample
from blockmix.datasets.shards.tar import TarContainer

TAR = TarContainer()
IMAGE = b"an image"


def archive(*members, **options):
    """Return an archive; a member is (name, content) or a TarInfo without content."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", **options) as target:
        for member in members:
            name, content = member if isinstance(member, tuple) else (member, b"")
            entry = tarfile.TarInfo(name) if isinstance(name, str) else name
            entry.size = len(content)
            target.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def entry(name, kind):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "a.jpg"
    return member


def sample(key, label=b"1"):
    return (f"{key}.jpg", IMAGE), (f"{key}.cls", label)


def labels(data, label="cls"):
    """Return the labels of an archive of which nothing is bad."""
    shard = TAR.read(data, label)
    assert not shard.bad
    assert all(bytes(sample.image) == IMAGE for sample in shard.samples)
    return [sample.label for sample in shard.samples]


def only_reason(data, label="cls"):
    """Return why the only sample of an archive is bad."""
    shard = TAR.read(data, label)
    assert not shard.samples
    ((position, reason),) = shard.bad
    assert position == 0
    return reason


class TestSamples:
    @pytest.mark.parametrize(
        "extension",
        ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm"],
    )
    def test_images_by_extension(self, extension):
        for name in (extension, extension.upper(), f"face.{extension}", f"v1.5.{extension}"):
            assert labels(archive((f"a.{name}", IMAGE), ("a.cls", b"1"))) == [1]

    def test_the_order_of_members_makes_no_difference(self):
        members = [("a.txt", b"caption"), ("a.jpg", IMAGE), ("a.cls", b"1")]
        for order in itertools.permutations(members):
            assert labels(archive(*order)) == [1]

    def test_keys_end_at_the_first_dot_of_the_file_name(self):
        keys = ["v1.2/a", "v1.2/b", "./c", "/d", "x/y.z/e"]
        data = archive(*(member for key in keys for member in sample(key)))
        assert len(labels(data)) == len(keys)

    def test_folders_tell_samples_apart(self):
        data = archive(*sample("x/0", b"1"), *sample("y/0", b"2"), *sample("0", b"3"))
        assert labels(data) == [1, 2, 3]

    def test_images_are_parts_of_the_data(self):
        data = archive(*sample("a"), *sample("b"))
        for one in TAR.read(data, "cls").samples:
            assert one.image.obj is data
            assert one.image.readonly

    def test_other_members_are_counted_by_the_last_part_of_their_extension(self):
        others = [("a.txt", b"Ada"), ("a.ada.lovelace.TXT", b""), ("a.json", b"{}"), ("b.txt", b"")]
        shard = TAR.read(archive(*sample("a"), *others[:3], *sample("b"), others[3]), "cls")
        assert shard.dropped == {"txt": 3, "json": 1}
        assert shard.layout == {}

    def test_what_no_sample_has_is_passed_over(self):
        folder = entry("a", tarfile.DIRTYPE)
        link = entry("a.png", tarfile.SYMTYPE)
        hard_link = entry("a.bmp", tarfile.LNKTYPE)
        device, pipe = entry("a.gif", tarfile.CHRTYPE), entry("a.gif", tarfile.FIFOTYPE)
        files = [
            ("README", b"text"),
            (".hidden", b""),
            ("__info__", b"{}"),
            ("__x__/a.jpg", b""),
        ]
        data = archive(
            folder, ("a.jpg", IMAGE), link, hard_link, device, pipe, *files, ("a.cls", b"1")
        )
        shard = TAR.read(data, "cls")
        assert [sample.label for sample in shard.samples] == [1]
        assert (shard.bad, shard.dropped) == ([], {})

    @pytest.mark.parametrize(
        "format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
    )
    def test_headers_of_long_names_are_no_members(self, format):
        key = "/".join(["folder" * 12, "person" * 12, "0"])
        data = archive(*sample(key, b"1"), *sample(key[:-1] + "1", b"2"), format=format)
        assert labels(data) == [1, 2]

    def test_an_archive_without_members(self):
        shard = TAR.read(archive(), "cls")
        assert (shard.samples, shard.bad) == ([], [])


class TestLabels:
    @pytest.mark.parametrize(
        ("content", "label"),
        [
            *((b"7", 7), (b"0", 0), (b"-3", -3), (b" 12\r\n", 12), (b"9" * 18, 10**18 - 1)),
            *((b"007", "007"), (b"-0", "-0"), (b"+1", "+1"), (b"1.0", "1.0"), (b"1_0", "1_0")),
            *((b"9" * 30, "9" * 30), ("\u0663".encode(), "\u0663")),
            *((b"cat", "cat"), (b" black cat\n", "black cat"), ("Käthe".encode(), "Käthe")),
        ],
    )
    def test_a_member(self, content, label):
        (value,) = labels(archive(("a.jpg", IMAGE), ("a.txt", content)), "txt")
        assert (type(value), value) == (type(label), label)

    def test_extensions_are_in_lower_case(self):
        assert labels(archive(("a.JPG", IMAGE), ("a.CLS", b"1"))) == [1]

    def test_a_member_of_two_extensions(self):
        assert labels(archive(("a.jpg", IMAGE), ("a.age.cls", b"1")), "age.cls") == [1]

    @pytest.mark.parametrize("value", ["cat", "007", 7, -1, 0, 10**30, "Käthe", "a/b"])
    def test_a_field(self, value):
        fields = json.dumps({"other": 1, "the class": value}).encode()
        shard = TAR.read(archive(("a.jpg", IMAGE), ("a.json", fields)), "json:the class")
        assert [sample.label for sample in shard.samples] == [value]
        assert shard.dropped == {"json:other": 1}

    @pytest.mark.parametrize("folder", ["cat", "7", "v1.2", "black cat", "Käthe", "x" * 155])
    def test_the_last_folder(self, folder):
        for parents in ("", "set/", "./", "/"):
            assert labels(archive((f"{parents}{folder}/a.jpg", IMAGE)), "path") == [folder]

    @pytest.mark.parametrize(
        "rule",
        [
            "",
            ".",
            ".cls",
            "cls.",
            "json",
            "json:",
            "a.json",
            "CLS",
            "jpg",
            "seg.png",
            "a/b",
            "c ls",
        ],
    )
    def test_rules_that_cannot_be_are_refused(self, rule):
        with pytest.raises(InputError, match="label is the extension of a member such as cls"):
            TAR.check_label(rule)


class TestBadSamples:
    @pytest.mark.parametrize(
        ("members", "words"),
        [
            ([("a.cls", b"1")], "no image"),
            ([("a.jpg", IMAGE), ("a.png", IMAGE), ("a.cls", b"1")], "several images"),
            ([("a.jpg", IMAGE), ("a.JPG", IMAGE), ("a.cls", b"1")], "several images"),
            ([*sample("a"), *sample("a")], "several images"),
            ([("a.jpg", IMAGE)], r"no label \(cls\)"),
            ([("a.jpg", IMAGE), ("a.txt", b"1")], r"no label \(cls\)"),
            ([*sample("a"), ("a.cls", b"1")], "several labels"),
            ([*sample("a", b"")], "its label is empty"),
            ([*sample("a", b" \n")], "its label is empty"),
            ([*sample("a", b"\xff")], "no text in UTF-8"),
        ],
    )
    def test_members(self, members, words):
        assert words.replace("\\", "") in only_reason(archive(*members))

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            *((content, "neither a text nor a whole") for content in ('{"l": true}', '{"l": 1.0}')),
            *((content, "neither a text nor a whole") for content in ('{"l": null}', '{"l": [1]}')),
            *((content, "neither a text nor a whole") for content in ('{"l": ""}', "{}")),
            *(
                (content, "its JSON is damaged")
                for content in ("", "{", "[]", '"l"', "\xff", "[" * 9999)
            ),
            ('{"l": "\\ud800"}', "no text in UTF-8"),
        ],
    )
    def test_fields(self, content, words):
        data = archive(("a.jpg", IMAGE), ("a.json", content.encode("latin-1")))
        assert words in only_reason(data, "json:l")

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            *(
                (name, "it lies in no folder")
                for name in ("a.jpg", "./a.jpg", "x/../a.jpg", "/a.jpg")
            ),
            ("x//a.jpg", "it lies in no folder"),
            (f"{'x' * 156}/a.jpg", "its folder cannot be written"),
            (f"{'ä' * 78}/a.jpg", "its folder cannot be written"),
            ("\udcff/a.jpg", "no text in UTF-8"),
        ],
    )
    def test_folders(self, name, words):
        data = archive((name, IMAGE), format=tarfile.GNU_FORMAT, encoding="utf-8")
        assert words in only_reason(data, "path")

    @pytest.mark.parametrize("name", ["x/__cat__/1", "__cat__/1"])
    def test_a_folder_that_readers_would_pass_over(self, name):
        shard = TAR.read(archive((f"{name}.jpg", IMAGE)), "path")
        assert shard.samples == []
        assert [reason for _, reason in shard.bad] == (
            ["its folder has a name that readers pass over, with __ on both sides"]
            if name.startswith("x")
            else []
        )

    def test_a_zero_in_a_folder(self):
        name = tarfile.TarInfo("a.jpg")
        name.pax_headers = {"path": "cat\0dog/a.jpg"}
        data = archive((name, IMAGE), format=tarfile.PAX_FORMAT)
        assert "its folder cannot be written" in only_reason(data, "path")

    def test_members_that_are_not_adjacent(self):
        shard = TAR.read(archive(*sample("a"), *sample("b"), *sample("a", b"2")), "cls")
        assert [(sample.position, sample.label) for sample in shard.samples] == [(0, 1), (1, 1)]
        assert shard.bad == [(2, "its members are not adjacent: those of another lie between")]

    def test_positions_count_bad_samples(self):
        shard = TAR.read(
            archive(("x.cls", b"1"), *sample("a"), ("y.jpg", b""), *sample("b")), "cls"
        )
        assert [sample.position for sample in shard.samples] == [1, 3]
        assert [position for position, _ in shard.bad] == [0, 2]

    def test_reasons_do_not_name_members(self):
        ada = (
            [("ada.jpg", IMAGE), ("ada.png", IMAGE)],
            [("ada.cls", b"Ada")],
            [("ada/ada.jpg", b"")],
        )
        for members in ada:
            assert "ada" not in only_reason(archive(*members)).lower()


class TestDamage:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"no archive",
            b"no archive" * 999,
            image_file(np.random.default_rng(0)),
            archive(*sample("person"))[:100],
        ],
    )
    def test_no_archive(self, data):
        with pytest.raises(DamagedShardError, match="it is no whole tar archive"):
            TAR.read(data, "cls")

    @pytest.mark.parametrize("size", [513, 900, 1024, 1500, 1535])
    def test_it_is_cut_off(self, size):
        data = archive(("person.jpg", IMAGE * 100), ("person.cls", b"1"))[:size]
        with pytest.raises(DamagedShardError) as caught:
            TAR.read(data, "cls")
        assert "person" not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_it_is_cut_off_behind_a_link_or_a_folder(self):
        """Some programs give links the size of what they lead to, though nothing follows."""
        member = entry("a.png", tarfile.LNKTYPE)
        member.size = 10**6
        data = archive(*sample("a")).rstrip(b"\0")
        data += b"\0" * (-len(data) % 512) + member.tobuf() + bytes(1024)
        assert labels(data) == [1]

    @pytest.mark.parametrize("member", [1, 2, 3])
    def test_a_damaged_header_is_not_taken_for_the_end(self, member):
        data = bytearray(archive(*sample("a"), *sample("b")))
        data[1024 * member + 150] ^= 1
        with pytest.raises(DamagedShardError, match="a header in it is damaged"):
            TAR.read(bytes(data), "cls")

    def test_archives_one_after_the_other(self):
        """`tarfile` and `webdataset` would read the first alone."""
        with pytest.raises(DamagedShardError, match="it goes on after its end"):
            TAR.read(archive(*sample("a")) + archive(*sample("b")), "cls")

    def test_a_size_below_zero(self):
        header = bytearray(archive(*sample("a"))[:512])
        header[124:136] = b"\xff" * 11 + b"\x00"  # -256
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        with pytest.raises(DamagedShardError):
            TAR.read(archive(*sample("b"))[:2048] + bytes(header) + bytes(1024), "cls")

    def test_the_blocks_at_the_end_may_be_missing(self):
        data = archive(*sample("a"))
        for size in (2048, 2048 + 100, 2048 + 512):
            assert labels(data[:size]) == [1]


SAMPLES = [
    MixedSample(f"{number:032x}", number % 2, IMAGE + bytes([number])) for number in range(3)
]


def texts(samples):
    return [sample._replace(label=["cat", "Käthe's"][sample.label]) for sample in samples]


CASES = [
    pytest.param("cls", SAMPLES, id="numbers"),
    pytest.param("txt", texts(SAMPLES), id="texts"),
    pytest.param("json:the class", texts(SAMPLES), id="json"),
    pytest.param("json:n", SAMPLES, id="json numbers"),
    pytest.param("path", texts(SAMPLES), id="path"),
]


class TestWrite:
    @pytest.mark.parametrize(("label", "samples"), CASES)
    def test_what_is_written_is_read_again(self, label, samples):
        shard = TAR.read(TAR.write(samples, label, {}, ".jpg"), label)
        assert [(sample.label, bytes(sample.image)) for sample in shard.samples] == [
            (sample.label, sample.image) for sample in samples
        ]
        assert (shard.bad, shard.dropped) == ([], {})

    @pytest.mark.parametrize(
        ("label", "names"),
        [
            ("cls", ["{}.png", "{}.cls"]),
            ("age.txt", ["{}.png", "{}.age.txt"]),
            ("json:x", ["{}.png", "{}.json"]),
            ("path", ["cat/{}.png"]),
        ],
    )
    def test_members(self, label, names):
        samples = texts(SAMPLES[:1])
        with tarfile.open(fileobj=io.BytesIO(TAR.write(samples, label, {}, ".png"))) as file:
            assert file.getnames() == [name.format(samples[0].name) for name in names]

    def test_json_holds_the_label_alone(self):
        data = TAR.write(texts(SAMPLES[1:2]), "json:the class", {}, ".png")
        with tarfile.open(fileobj=io.BytesIO(data)) as file:
            content = file.extractfile(file.getnames()[1]).read()
        assert json.loads(content) == {"the class": "Käthe's"}

    @pytest.mark.parametrize(("label", "samples"), CASES)
    def test_members_have_no_owner_and_no_time(self, label, samples):
        with tarfile.open(fileobj=io.BytesIO(TAR.write(samples, label, {}, ".jpg"))) as file:
            for member in file:
                assert member.type == tarfile.REGTYPE
                assert (member.mtime, member.uid, member.gid, member.mode) == (0, 0, 0, 0o644)
                assert (member.uname, member.gname, member.pax_headers) == ("", "", {})

    def test_the_bytes_are_the_same_everywhere(self):
        """They were written by the `tarfile` of Python 3.11."""
        data = b"".join(TAR.write(texts(SAMPLES), label, {}, ".jpg") for label in ("cls", "path"))
        assert hashlib.sha256(data).hexdigest() == (
            "6b7ba53331bc47abb555542f29a0d577eaf53f4c4f7ae51f2a5af8d0073c8eb5"
        )

    def test_the_locale_makes_no_difference(self, monkeypatch):
        samples = texts(SAMPLES)
        data = TAR.write(samples, "path", {}, ".jpg")
        monkeypatch.setattr(tarfile, "ENCODING", "iso8859-15")
        monkeypatch.setattr(tarfile.TarFile, "encoding", "iso8859-15")
        assert TAR.write(samples, "path", {}, ".jpg") == data
        assert [one.label for one in TAR.read(data, "path").samples] == ["cat", "Käthe's", "cat"]

    def test_the_longest_folder(self):
        samples = [SAMPLES[0]._replace(label="ä" * 77)]
        assert labels(TAR.write([samples[0]._replace(image=IMAGE)], "path", {}, ".jpeg"), "path")

    def test_no_samples(self):
        assert TAR.read(TAR.write([], "cls", {}, ".jpg"), "cls").samples == []


@pytest.fixture
def webdataset(tmp_path):
    """Reads an archive as `webdataset` does, and returns its samples."""
    library = required("webdataset")

    def read(data, *decoders):
        (tmp_path / "set.tar").write_bytes(data)
        with warnings.catch_warnings():
            # It leaves the file open until it is collected.
            warnings.simplefilter("ignore", ResourceWarning)
            dataset = library.WebDataset(str(tmp_path / "set.tar"), shardshuffle=False)
            content = list(dataset.decode(*decoders) if decoders else dataset)
            del dataset
            gc.collect()
        return content

    return read


class TestWebdataset:
    @pytest.mark.parametrize(("label", "samples"), CASES)
    def test_it_reads_what_is_written(self, webdataset, label, samples):
        rng = np.random.default_rng(0)
        samples = [sample._replace(image=image_file(rng)) for sample in samples]
        content = webdataset(TAR.write(samples, label, {}, ".png"), "pil")
        assert len(content) == len(samples)
        for fields, one in zip(content, samples, strict=True):
            pixels = np.asarray(Image.open(io.BytesIO(one.image)))
            assert np.array_equal(np.asarray(fields["png"]), pixels)
            folder = f"{one.label}/" if label == "path" else ""
            assert fields["__key__"] == f"{folder}{one.name}"
            if label.startswith("json:"):
                assert fields["json"] == {label.removeprefix("json:"): one.label}
            elif label != "path":
                assert fields[label] == one.label

    def test_samples_are_cut_out_alike(self, webdataset):
        keys = ["a", "v1.2/a", "./c", "x/y.z/e", "x/d", "__x__/a", "__x__y/a"]
        members = [member for key in keys for member in sample(key, key.encode())]
        members[2:2] = [("README", b""), ("a.B.c", b""), (".hidden", b""), ("__about__", b"")]
        data = archive(*members, entry("a.jpg", tarfile.SYMTYPE))
        ours = labels(data)
        assert ours == [fields["cls"].decode() for fields in webdataset(data)]
        assert "__x__/a" not in ours
        assert "__x__y/a" in ours
