"""JPEGs have Pillow's pixels, or are refused in Pillow's words, whichever library decodes them."""

import io
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from builders import pillow_alone
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from PIL import ExifTags, Image, features
from skimage import data

from blockmix.datasets import decode as decoding
from blockmix.datasets import jpeg
from blockmix.datasets.decode import decode, read_header
from blockmix.datasets.interfaces import BadImageError
from blockmix.datasets.jpeg import Frame, decode_jpeg, read_frame

PHOTOGRAPH = Image.fromarray(data.astronaut())
# Factors of luma and of both chromas, by the name that simplejpeg has for them.
SAMPLINGS = {"444": 0x11, "422": 0x21, "440": 0x12, "420": 0x22, "411": 0x41}


def write(image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def segments(content):
    """The segments of a header by their markers, as (begin, end) of what is in them."""
    found, position = {}, 2
    while content[position + 1] != 0xDA:
        end = position + 2 + int.from_bytes(content[position + 2 : position + 4], "big")
        found.setdefault(content[position + 1], []).append((position + 4, end))
        position = end
    return found


def changed(content, marker, offset, value):
    """A file with one other byte in the first segment of a marker; offset -3 is the marker."""
    begin, _ = segments(content)[marker][0]
    return content[: begin + offset] + bytes([value]) + content[begin + offset + 1 :]


def with_segment(content, marker, body):
    size = (len(body) + 2).to_bytes(2, "big")
    return content[:2] + bytes([0xFF, marker]) + size + body + content[2:]


PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
(REQUIREMENT,) = (
    requirement
    for requirement in map(Requirement, PROJECT["dependencies"])
    if requirement.name == "simplejpeg"
)
needs_simplejpeg = pytest.mark.skipif(
    not REQUIREMENT.marker.evaluate(), reason="there are no wheels of simplejpeg for this Python"
)

BASELINE = write(PHOTOGRAPH.crop((200, 50, 248, 82)))
GREY = write(PHOTOGRAPH.crop((200, 50, 248, 82)).convert("L"))
PLAIN = Frame(32, 48, False, True)


@needs_simplejpeg
def test_simplejpeg_is_used_where_it_has_wheels():
    """Otherwise the comparisons of this file would compare Pillow with itself."""
    assert jpeg.codec_version() == jpeg.simplejpeg.__version__
    assert decode_jpeg(BASELINE, (32, 48), 1, False) is not None


class TestWithoutSimplejpeg:
    def test_it_is_not_installed(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "simplejpeg", None)
        assert jpeg._find_simplejpeg() is None

    @pytest.mark.parametrize("version", ["2.1.5", None])
    def test_pillow_has_another_library(self, monkeypatch, version):
        monkeypatch.setattr(features, "version_feature", lambda name: version)
        assert jpeg._find_simplejpeg() is None

    def test_pillow_decodes(self):
        with pillow_alone():
            assert jpeg.codec_version() is None
            assert decode_jpeg(BASELINE, (32, 48), 1, False) is None


class TestHeaders:
    @pytest.mark.parametrize(
        ("content", "frame"),
        [
            (BASELINE, PLAIN),
            (GREY, PLAIN._replace(grey=True)),
            (write(PHOTOGRAPH, progressive=True), Frame(512, 512, False, True)),
            (write(PHOTOGRAPH, optimize=True, comment="none"), Frame(512, 512, False, True)),
            (write(PHOTOGRAPH, icc_profile=b"profile"), Frame(512, 512, False, True)),
            (write(PHOTOGRAPH, restart_marker_blocks=3), Frame(512, 512, False, True)),
            (write(PHOTOGRAPH.crop((0, 0, 1, 1))), Frame(1, 1, False, True)),
            (with_segment(BASELINE, 0xEE, b"Adobe\0\x64\0\0\0\0\1"), PLAIN),
            (changed(BASELINE, 0xC0, -3, 0xC1), PLAIN),
        ],
        ids=str,
    )
    def test_plain(self, content, frame):
        assert read_frame(content) == frame

    @pytest.mark.parametrize(
        "body",
        [
            (0xE0, b"JFXX\0\x10"),
            (0xE0, b"JFIF\0\1"),
            (0xE1, b"Exif\0\0"),
            (0xE1, b"http://ns.adobe.com/xap/1.0/\0"),
            (0xE2, b"MPF\0"),
            (0xE2, b"ICC_PROFILE\0\1"),
            (0xED, b"Photoshop 3.0\0"),
            (0xEE, b"Adobe"),
        ],
        ids=str,
    )
    def test_what_pillow_should_look_at(self, body):
        assert read_frame(with_segment(BASELINE, *body)) == PLAIN._replace(plain=False)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\xff\xd8\xff",
            b"\x89PNG\r\n\x1a\n",
            b"junk" + BASELINE,
            BASELINE[:2] + b"\xff" + BASELINE[2:],
            BASELINE[:2] + b"\0" + BASELINE[2:],
            BASELINE[:2] + b"\xff\xd8" + BASELINE[2:],
            with_segment(BASELINE, 0xC0, BASELINE[slice(*segments(BASELINE)[0xC0][0])]),
            with_segment(BASELINE, 0xDB, b"\0"),
            *(changed(BASELINE, 0xC0, -3, marker) for marker in (0xC3, 0xC5, 0xC9, 0xCA, 0xDC)),
            *(changed(BASELINE, 0xC0, offset, 0) for offset in (-1, 0, 5, 7, 13)),
            changed(changed(BASELINE, 0xC0, 1, 0), 0xC0, 2, 0),
            changed(changed(BASELINE, 0xC0, 3, 0), 0xC0, 4, 0),
            *(changed(BASELINE, 0xC0, offset, 0x31) for offset in (7, 10, 13)),
            changed(BASELINE, 0xC0, 0, 12),
            changed(BASELINE, 0xC0, 5, 4),
            changed(BASELINE, 0xDB, 0, 0x10),
            changed(BASELINE, 0xDB, -2, 0xFF),
            write(PHOTOGRAPH.convert("CMYK")),
        ],
        ids=lambda content: content[:30].hex(),
    )
    def test_not_understood(self, content):
        assert read_frame(content) is None

    def test_cut_off_anywhere(self):
        end = BASELINE.index(b"\xff\xda") + 14
        assert {read_frame(BASELINE[:length]) for length in range(end)} == {None}
        assert read_frame(BASELINE[:end]) == PLAIN


@needs_simplejpeg
class TestPixels:
    @pytest.mark.parametrize("sampling", SAMPLINGS)
    @pytest.mark.parametrize("height", [1, 2, 7, 8, 15, 16, 17, 33])
    def test_every_sampling_and_size(self, sampling, height):
        for width in (1, 2, 3, 8, 9, 16, 31, 32, 34, 65):
            pixels = np.asarray(PHOTOGRAPH.crop((200, 40, 200 + width, 40 + height)))
            content = jpeg.simplejpeg.encode_jpeg(
                np.ascontiguousarray(pixels), 80, colorsubsampling=sampling
            )
            begin, _ = segments(content)[0xC0][0]
            assert content[begin + 7] == SAMPLINGS[sampling]
            with Image.open(io.BytesIO(content)) as image:
                assert np.array_equal(
                    decode_jpeg(content, (height, width), 1, False), np.asarray(image)
                )

    @pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=str)
    @pytest.mark.parametrize("mode", ["L", "RGB"])
    @pytest.mark.parametrize("scale", [2, 4, 8])
    def test_every_scale(self, scale, mode, options):
        for height, width in ((1, 5), (4, 4), (5, 3), (30, 41)):
            box = (100, 40, 100 + width * scale, 40 + height * scale)
            content = write(PHOTOGRAPH.crop(box).convert(mode), **options)
            size = height * scale, width * scale
            pixels = decode_jpeg(content, size, scale, mode == "L")
            with Image.open(io.BytesIO(content)) as image:
                image.draft(None, (width, height))
                assert np.array_equal(pixels, np.asarray(image))

    def test_a_size_that_another_scale_has_too(self):
        """Three eighths of six pixels are three, as is a half."""
        assert decode_jpeg(write(PHOTOGRAPH.crop((0, 0, 6, 6))), (6, 6), 2, False) is None

    def test_grey_as_colour(self):
        grey = decode_jpeg(GREY, (32, 48), 1, True)
        assert grey.shape == (32, 48)
        assert np.array_equal(decode_jpeg(GREY, (32, 48), 1, False), np.stack([grey] * 3, -1))

    @pytest.mark.parametrize("transform", [0, 1])
    def test_colours_as_adobe_has_them(self, transform):
        """0: red, green and blue; 1: luma and chromas."""
        content = write(PHOTOGRAPH.crop((200, 50, 248, 82)), keep_rgb=not transform)
        adobe = with_segment(content, 0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))
        with Image.open(io.BytesIO(adobe)) as image:
            expected = np.asarray(image)
        assert np.array_equal(decode_jpeg(adobe, (32, 48), 1, False), expected)

    def test_a_size_other_than_in_the_file(self):
        assert decode_jpeg(BASELINE, (32, 47), 1, False) is None

    @pytest.mark.parametrize(
        "content",
        [BASELINE[:-2], BASELINE[:-30], BASELINE[:300], BASELINE[:-2] + b"\0" * 9 + BASELINE[-2:]],
        ids=len,
    )
    def test_damage_is_left_to_pillow(self, content):
        assert decode_jpeg(content, (32, 48), 1, False) is None


def outcome(content, size, *, resize, grey):
    """The header and the pixels of a file in memory, or why it is refused."""
    try:
        header = read_header("a.jpg", content)
        pixels = decode("a.jpg", size or header[:2], resize=resize, grey=grey, data=content)
        return header, pixels.shape, pixels.tobytes()
    except BadImageError as error:
        return str(error)


def same_without_simplejpeg(content, size=None, *, resize=False, grey=False):
    result = outcome(content, size, resize=resize, grey=grey)
    with pillow_alone():
        assert outcome(content, size, resize=resize, grey=grey) == result
    return result


@st.composite
def jpegs(draw):
    """A file of any size, as Pillow writes them."""
    height, width = draw(st.tuples(st.integers(1, 70), st.integers(1, 70)))
    left, top = draw(st.tuples(st.integers(0, 400), st.integers(0, 400)))
    image = PHOTOGRAPH.crop((left, top, left + width, top + height))
    options = {
        "quality": draw(st.integers(1, 100)),
        "progressive": draw(st.booleans()),
        "optimize": draw(st.booleans()),
        "restart_marker_blocks": draw(st.sampled_from([0, 1, 5])),
        "icc_profile": draw(st.sampled_from([None, b"profile"])),
    }
    if draw(st.booleans()):
        options["exif"] = Image.Exif()
        options["exif"][ExifTags.Base.Orientation] = draw(st.integers(1, 8))
    if draw(st.booleans()):
        return write(image.convert("L"), **options)
    return write(image, subsampling=draw(st.sampled_from(["4:4:4", "4:2:2", "4:2:0"])), **options)


@st.composite
def damages(draw):
    """A change of a file: cut off, bytes changed, put in or left out, parts left out or doubled."""
    kind = draw(st.sampled_from(["cut", "change", "insert", "remove", "jump"]))
    at, to = draw(st.floats(0, 1)), draw(st.floats(0, 1))
    few = draw(st.binary(min_size=1, max_size=5))

    def damage(content):
        position, other = int(at * (len(content) - 1)), int(to * (len(content) - 1))
        if kind == "cut":
            return content[:position]
        if kind == "change":
            return content[:position] + few + content[position + len(few) :]
        if kind == "insert":
            return content[:position] + few + content[position:]
        if kind == "remove":
            return content[:position] + content[position + len(few) :]
        markers = [i for i in range(len(content) - 1) if content[i] == 255 and content[i + 1] > 191]
        return (
            content[: min(markers, key=lambda i: abs(i - position))]
            + content[min(markers, key=lambda i: abs(i - other)) :]
        )

    return damage


@given(jpegs(), st.sampled_from([None, (1, 1), (2, 3), (9, 9)]), st.booleans())
def test_whole_files(content, size, grey):
    assert len(same_without_simplejpeg(content, size, resize=size is not None, grey=grey)) == 3


@settings(max_examples=400)
@given(jpegs(), damages(), st.sampled_from([None, (1, 2)]))
def test_damaged_files(content, damage, size):
    same_without_simplejpeg(damage(content), size, resize=size is not None)


def test_every_changed_byte():
    outcomes = {
        same_without_simplejpeg(BASELINE[:i] + bytes([BASELINE[i] ^ 0xFF]) + BASELINE[i + 1 :])
        for i in range(0, len(BASELINE), 3)
    }
    assert sum(isinstance(result, str) for result in outcomes) > 2
    assert sum(isinstance(result, tuple) for result in outcomes) > 100


def test_every_length():
    outcomes = [same_without_simplejpeg(BASELINE[:i]) for i in range(0, len(BASELINE), 5)]
    assert all(isinstance(result, str) for result in outcomes)


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xC9, 0xCA])
def test_other_ways_of_coding_are_left_to_pillow(marker):
    """Lossless, differential and arithmetic coding."""
    same_without_simplejpeg(changed(BASELINE, 0xC0, -3, marker))


@pytest.mark.parametrize("offset", [0, 5])
def test_bits_and_layers_are_refused_in_the_same_words(offset):
    assert isinstance(same_without_simplejpeg(changed(BASELINE, 0xC0, offset, 12)), str)


def test_bytes_behind_the_end_do_no_harm():
    whole = same_without_simplejpeg(BASELINE)
    assert same_without_simplejpeg(BASELINE + b"more" + BASELINE) == whole


@pytest.mark.parametrize(("more", "is_read"), [(0, True), (1, False)])
def test_large_files_are_not_read_into_memory(tmp_path, monkeypatch, more, is_read):
    """Pillow reads them piece by piece, up to the end of the image."""
    path = tmp_path / "a.jpg"
    path.write_bytes(BASELINE + bytes(100_000 + more))
    monkeypatch.setattr(decoding, "_READ_AT_ONCE_BYTES", len(BASELINE) + 100_000)
    sizes = []

    def record(data):
        sizes.append(len(data))
        return read_frame(data)

    monkeypatch.setattr(decoding, "read_frame", record)
    pixels = decode(str(path), (32, 48), resize=False, grey=False)
    assert sizes == [len(BASELINE) + 100_000] * is_read
    assert np.array_equal(pixels, np.asarray(Image.open(io.BytesIO(BASELINE))))


def test_a_bomb(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 32 * 48 - 1)
    assert "decompression bomb" in same_without_simplejpeg(BASELINE)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 32 * 48)
    assert len(same_without_simplejpeg(BASELINE)) == 3


def test_the_photograph_of_several_pictures():
    file = io.BytesIO()
    PHOTOGRAPH.save(file, "MPO", save_all=True, append_images=[PHOTOGRAPH.convert("L")])
    header, shape, _ = same_without_simplejpeg(file.getvalue())
    assert (header[:2], shape) == ((512, 512), (512, 512, 3))
