"""Every kind of bad or odd image gets a stated treatment: exact conversion, or a named error."""

import errno
import io
import os
import resource
import struct
import tempfile
import zlib

import numpy as np
import pytest
from builders import pillow_alone
from PIL import (
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    ImageOps,
    PngImagePlugin,
    TiffImagePlugin,
    features,
)
from skimage import data
from skimage.metrics import peak_signal_noise_ratio

from blockmix import InputError, WorkError
from blockmix.datasets.decode import decode, read_header, read_jpeg_header, resized
from blockmix.datasets.encode import Encoder, write_all
from blockmix.datasets.interfaces import BadImageError

COLOUR = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
GREY = COLOUR[..., 0]


@pytest.fixture
def save(tmp_path):
    def save(image, name="image.png", **options):
        if isinstance(image, np.ndarray):
            image = Image.fromarray(image)
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return save


def in_every_way(path):
    """Yield what may be at hand of a file, its content or not, with simplejpeg and without it."""
    for content in (None, path.read_bytes()) if path.is_file() else (None,):
        yield content
        with pillow_alone():
            yield content


def read(path, size=(6, 8), *, resize=False, grey=False):
    """Return the pixels of a file, which are the same in every way of reading it."""
    pixels, *others = (
        _read(str(path), content, size, resize, grey) for content in in_every_way(path)
    )
    assert all(np.array_equal(pixels, other) for other in others)
    return pixels


def _read(path, content, size=(6, 8), resize=False, grey=False):
    read_header(path, content)
    return resized(decode(path, size, resize=resize, grey=grey, data=content), size)


def encode(encoder, pixels):
    with tempfile.TemporaryFile(buffering=0) as file:
        encoder.save(pixels, file)
        file.seek(0)
        return file.read()


def refused(path, message, at="header"):
    """Assert that a file is refused with its name, and in the same words in every way."""
    reports = []
    look = read_header if at == "header" else _read
    for content in in_every_way(path):
        with pytest.raises(BadImageError, match=message) as caught:
            look(str(path), content)
        reports.append(str(caught.value))
    assert len(set(reports)) == 1
    assert str(path) in reports[0]


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.ppm", "a.webp"])
def test_formats_without_loss(save, name):
    options = {"lossless": True} if name == "a.webp" else {}
    assert np.array_equal(read(save(COLOUR, name, **options)), COLOUR)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize(("side", "decoded"), [(20, 64), (40, 128), (48, 256), (85, 256)])
def test_large_jpegs_are_decoded_smaller(save, side, decoded, orientation):
    photograph, exif = Image.fromarray(data.astronaut()), Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path = save(photograph.crop((0, 0, 512, 384)), "a.jpg", quality=95, exif=exif)
    size = (side, side * 3 // 4) if orientation == 6 else (side * 3 // 4, side)
    pixels = decode(path, size, resize=True, grey=False)
    assert max(pixels.shape) == decoded
    assert (pixels.shape[1] > pixels.shape[0]) == (orientation == 1)
    with pillow_alone():
        assert np.array_equal(decode(path, size, resize=True, grey=False), pixels)
    with Image.open(path) as whole:
        whole = ImageOps.exif_transpose(whole).resize(size[::-1], Image.Resampling.LANCZOS)
    assert peak_signal_noise_ratio(np.asarray(whole), resized(pixels, size)) > 44


def test_jpegs_are_decoded_smaller_only_by_a_scale_that_divides_them(save):
    path = save(data.astronaut()[:508], "a.jpg")
    assert decode(path, (40, 40), resize=True, grey=False).shape[:2] == (127, 128)
    path = save(data.astronaut()[:509], "b.jpg")
    assert decode(path, (40, 40), resize=True, grey=False).shape[:2] == (509, 512)


def test_jpegs_are_decoded_whole_where_less_would_show(save):
    path = save(data.astronaut(), "a.jpg")
    assert decode(path, (86, 86), resize=True, grey=False).shape[:2] == (512, 512)
    assert decode(path, (512, 512), resize=False, grey=False).shape[:2] == (512, 512)


def test_headers(save):
    assert read_header(save(COLOUR, "a.jpg")) == (6, 8, False, True)
    assert read_header(save(GREY, "a.png")) == (6, 8, True, False)


def test_grey_becomes_colour_without_loss(save):
    assert np.array_equal(read(save(GREY)), np.stack([GREY] * 3, -1))
    assert np.array_equal(read(save(GREY), grey=True), GREY)


def test_one_bit_images(save):
    bits = GREY > 127
    assert np.array_equal(read(save(Image.fromarray(bits)), grey=True), bits * np.uint8(255))


def test_palettes(save):
    image = Image.fromarray(COLOUR).quantize(256)
    assert np.array_equal(read(save(image)), np.asarray(image.convert("RGB")))
    assert np.array_equal(read(save(image, "a.gif")), np.asarray(image.convert("RGB")))


def test_resizing_is_lanczos(save):
    expected = Image.fromarray(COLOUR).resize((5, 3), Image.Resampling.LANCZOS)
    assert np.array_equal(read(save(COLOUR), (3, 5), resize=True), np.asarray(expected))


def turned(pixels, orientation):
    """Return the upright pixels of an image that is stored with an orientation."""
    across = pixels.swapaxes(0, 1)
    return {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: across,
        6: across[:, ::-1],
        7: across[::-1, ::-1],
        8: across[::-1],
    }[orientation]


def orientation_exif(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


def ifd(*tags):
    """A directory of tags, as EXIF and TIFF have it: (tag, type, count, value or its offset)."""
    entries = [struct.pack("<HHI", *tag[:3]) + struct.pack("<I", tag[3]) for tag in tags]
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + b"".join(entries) + b"\0\0\0\0"


ORIENTATION = (274, 3, 1, 6)
# Without compression, by libtiff, and in several pieces, Pillow goes different ways.
STORED = [
    *(("a.png", {}, mode) for mode in ("RGB", "L", "P", "1", "RGBA", "LA")),
    *(("a.webp", {"lossless": True}, mode) for mode in ("RGB", "RGBA")),
    *(("a.jpg", {}, mode) for mode in ("RGB", "L")),
    ("a.mpo", {"save_all": True, "append_images": [Image.new("RGB", (8, 6))]}, "RGB"),
    *(
        ("a.tif", options, mode)
        for options in ({}, {"compression": "tiff_lzw"}, {"strip_size": 16})
        for mode in ("RGB", "L", "P", "1", "RGBA", "LA", "PA")
    ),
]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("name", "options", "mode"), STORED, ids=str)
def test_images_are_turned_upright_once(save, name, options, mode, orientation):
    with Image.open(save(Image.fromarray(COLOUR).convert(mode), name, **options)) as image:
        upright = turned(np.asarray(image.convert("RGB")), orientation)
    image = Image.fromarray(COLOUR).convert(mode)
    path = save(image, name, exif=orientation_exif(orientation), **options)
    size = upright.shape[:2]
    assert read_header(str(path))[:2] == size
    assert np.array_equal(read(path, size), upright)
    smaller = Image.fromarray(upright).resize((5, 3), Image.Resampling.LANCZOS)
    assert np.array_equal(read(path, (3, 5), resize=True), np.asarray(smaller))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiffs_in_tiles_are_turned_upright_once(tmp_path, orientation):
    tile = np.zeros((16, 16), np.uint8)
    tile[:6, :8] = GREY
    tags = [(256, 3, 1, 8), (257, 3, 1, 6), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    tags += [(274, 3, 1, orientation), (277, 3, 1, 1), (322, 3, 1, 16), (323, 3, 1, 16)]
    start = len(ifd(*tags, (324, 4, 1, 0), (325, 4, 1, 256)))
    path = tmp_path / "a.tif"
    path.write_bytes(ifd(*tags, (324, 4, 1, start), (325, 4, 1, 256)) + tile.tobytes())
    upright = turned(GREY, orientation)
    assert read_header(str(path))[:2] == upright.shape
    assert np.array_equal(read(path, upright.shape, grey=True), upright)


class TestOddExif:
    @pytest.mark.parametrize("name", ["a.png", "a.webp", "a.jpg"])
    def test_tags_that_do_not_matter(self, save, name):
        """Such as a resolution of -1/0, which Pillow reads but cannot write."""
        at = len(ifd(ORIENTATION, (282, 5, 1, 0)))
        self.turns(save, name, ifd(ORIENTATION, (282, 5, 1, at)) + struct.pack("<iI", -1, 0))

    @pytest.mark.parametrize("name", ["a.png", "a.webp", "a.jpg"])
    @pytest.mark.parametrize("orientation", [(274, 4, 1, 6), (274, 3, 2, 6)])
    def test_other_types(self, save, name, orientation):
        self.turns(save, name, ifd(orientation))

    @pytest.mark.parametrize("name", ["a.png", "a.webp", "a.jpg"])
    @pytest.mark.parametrize(
        "exif",
        [
            *(ifd((274, 3, 1, value)) for value in (0, 9, 65535)),
            ifd((274, 2, 2, ord("6"))),
            *(ifd((274, kind, 1, 6)) for kind in (1, 7)),
            ifd((274, 3, 0, 6)),
            ifd((274, 3, 1, 6))[:15],
            b"II*\0\xff\xff\xff\xff",
            b"damaged",
            b"Exif",
        ],
        ids=lambda exif: exif.hex(),
    )
    def test_without_an_orientation_an_image_is_upright(self, save, name, exif):
        self.turns(save, name, exif, 1)

    def test_text_of_a_png_that_is_no_exif(self, save):
        text = PngImagePlugin.PngInfo()
        text.add_text("Raw profile type exif", "\nexif\n   4\nnone", zip=True)
        assert np.array_equal(read(save(COLOUR, pnginfo=text)), COLOUR)

    @pytest.mark.parametrize("name", ["a.png", "a.webp", "a.jpg"])
    def test_xmp(self, save, name):
        xmp = '<rdf:Description tiff:Orientation="6"/>'
        options = {"xmp": xmp.encode()}
        if name == "a.png":
            options = {"pnginfo": PngImagePlugin.PngInfo()}
            options["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp)
        self.turns(save, name, None, **options)

    def test_xmp_of_a_tiff(self, save):
        xmp = b'<rdf:Description tiff:Orientation="6"/>'
        path = save(COLOUR, "a.tif", tiffinfo={700: xmp})
        assert read_header(path)[:2] == (8, 6)
        assert np.array_equal(read(path, (8, 6)), turned(COLOUR, 6))

    def turns(self, save, name, exif, orientation=6, **options):
        with Image.open(save(COLOUR, name, **({"lossless": True} | options))) as image:
            upright = turned(np.asarray(image), orientation)
        if exif is not None:
            options["exif"] = exif if name == "a.png" else b"Exif\0\0" + exif
        path = save(COLOUR, name, **({"lossless": True} | options))
        size = upright.shape[:2]
        assert read_header(path)[:2] == size
        assert np.array_equal(read(path, size), upright)
        if name == "a.jpg":
            header, jpeg = read_jpeg_header(str(path), path.read_bytes())
            assert header[:2] == size
            assert (jpeg is None) == (orientation == 6)
            pixels = decode(str(path), size, resize=False, grey=False, jpeg=jpeg)
            assert np.array_equal(pixels, upright)


def test_orientation_that_the_header_does_not_tell(save):
    """A PNG may carry its EXIF behind the pixels, where only decoding finds it."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = save(COLOUR, exif=exif)
    data = path.read_bytes()
    begin = data.index(b"eXIf") - 4
    length = int.from_bytes(data[begin : begin + 4], "big") + 12
    end = data.index(b"IEND") - 4
    chunk = data[begin : begin + length]
    path.write_bytes(data[:begin] + data[begin + length : end] + chunk + data[end:])
    refused(path, "its size is not what its header says", at="pixels")
    upright = COLOUR.transpose(1, 0, 2)[:, ::-1]
    assert np.array_equal(read(path, (8, 6), resize=True), upright)


class TestAlpha:
    @pytest.mark.parametrize("mode", ["RGBA", "LA"])
    def test_opaque_is_dropped(self, save, mode):
        image = Image.fromarray(COLOUR).convert(mode)
        assert np.array_equal(read(save(image)), np.asarray(image.convert("RGB")))

    @pytest.mark.parametrize("mode", ["RGBA", "LA"])
    def test_transparent_is_refused(self, save, mode):
        image = Image.fromarray(COLOUR).convert(mode)
        image.putalpha(254)
        refused(save(image), "it is transparent in places: flatten it", at="pixels")

    def test_a_transparent_colour_that_occurs(self, save):
        path = save(COLOUR, transparency=tuple(COLOUR[0, 0].tolist()))
        refused(path, "transparent", at="pixels")

    def test_a_transparent_colour_that_does_not_occur(self, save):
        unused = np.full((6, 8, 3), 7, np.uint8)
        assert np.array_equal(read(save(unused, transparency=(1, 2, 3))), unused)

    def test_a_transparent_palette_entry(self, save):
        image = Image.fromarray(COLOUR).quantize(256)
        refused(save(image, "a.gif", transparency=image.getpixel((0, 0))), "transp", at="pixels")

    @pytest.mark.parametrize("bits", [1, 2, 4, 8])
    @pytest.mark.parametrize("value", ["lowest", "middle", "highest"])
    def test_a_transparent_grey_of_few_bits(self, tmp_path, bits, value):
        """The value is in the bits of the file, whereas Pillow makes 8 of the pixels."""
        highest = 2**bits - 1
        value = {"lowest": 0, "middle": highest // 2, "highest": highest}[value]
        path = tmp_path / "a.png"
        for pixels, transparent in (([value] * 8, True), ([highest - value] * 8, False)):
            path.write_bytes(grey_png(pixels, bits, value))
            if transparent or highest == 2 * value:
                refused(path, "transparent in places", at="pixels")
            else:
                expected = np.full((1, 8), (highest - value) * 255 // highest)
                assert np.array_equal(read(path, (1, 8), grey=True), expected)

    @pytest.mark.parametrize("name", ["a.png", "a.gif"])
    def test_a_transparent_palette_entry_that_does_not_occur(self, save, name):
        image = Image.fromarray(np.zeros((6, 8), np.uint8), "P")
        image.putpalette([7, 8, 9, 1, 2, 3])
        path = save(image, name, transparency=1)
        assert np.array_equal(read(path), np.full((6, 8, 3), (7, 8, 9)))

    @pytest.mark.parametrize("mode", ["PA", "LA", "RGBA"])
    def test_a_channel_of_a_tiff(self, save, mode):
        image = Image.fromarray(COLOUR).convert(mode)
        assert np.array_equal(read(save(image, "a.tif")), np.asarray(image.convert("RGB")))
        image.putalpha(Image.fromarray(GREY))
        refused(save(image, "a.tif"), "transparent in places", at="pixels")

    def test_a_gif_that_does_not_fill_its_size(self, save):
        path = save(GREY, "a.gif")
        data = path.read_bytes()
        path.write_bytes(data[:6] + struct.pack("<HH", 9, 6) + data[10:])
        refused(path, "does not cover the whole image")


class TestRefused:
    def test_a_truncated_file(self, save):
        path = save(COLOUR, "a.jpg")
        path.write_bytes(path.read_bytes()[:-40])
        refused(path, "it cannot be read: image file is truncated", at="pixels")

    def test_a_truncated_png(self, save):
        path = save(COLOUR)
        path.write_bytes(path.read_bytes()[:-40])
        refused(path, "it cannot be", at="pixels")

    def test_a_damaged_header(self, save):
        path = save(COLOUR)
        data = bytearray(path.read_bytes())
        data[20] ^= 0xFF
        path.write_bytes(data)
        refused(path, "it cannot be decoded|known format")

    def test_text(self, tmp_path):
        (tmp_path / "a.jpg").write_text("hello")
        refused(tmp_path / "a.jpg", "it is not an image of a known format")

    def test_an_empty_file(self, tmp_path):
        (tmp_path / "a.jpg").touch()
        refused(tmp_path / "a.jpg", "it is empty")

    def test_a_missing_file(self, tmp_path):
        refused(tmp_path / "a.jpg", "it cannot be read: No such file")

    @pytest.mark.parametrize("factor", [1.5, 3])
    def test_a_decompression_bomb(self, save, monkeypatch, factor):
        """Pillow warns from its limit on, and raises from twice the limit on."""
        path = save(COLOUR)
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", int(48 / factor))
        refused(path, "may be a decompression bomb; raise PIL.Image.MAX_IMAGE_PIXELS")

    @pytest.mark.parametrize("name", ["a.gif", "a.png", "a.tif", "a.webp"])
    def test_several_frames(self, save, name):
        frames = [Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)]
        refused(save(frames[0], name, save_all=True, append_images=frames[1:]), "it has 2 frames")

    @pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
    def test_cmyk(self, save, name):
        refused(save(Image.fromarray(COLOUR).convert("CMYK"), name), "its colours are CMYK")

    def test_a_side_that_is_too_long_to_be_resized(self, save):
        image = Image.new("L", (65536, 1))
        path = save(image)
        with pytest.raises(BadImageError, match="more than 65535 pixels a side: cut or shrink it"):
            decode(str(path), (1, 4), resize=True, grey=True)
        assert decode(str(path), (1, 65536), resize=False, grey=True).shape == (1, 65536)

    def test_lab(self, save):
        refused(save(Image.new("LAB", (8, 6)), "a.tif"), "its colours are LAB")

    @pytest.mark.parametrize("name", ["a.png", "a.tif"])
    def test_16_bit_grey(self, save, name):
        refused(save(GREY.astype(np.uint16) * 257, name), "more than 8 bits a channel")

    @pytest.mark.parametrize("dtype", [np.int32, np.float32])
    def test_32_bit_grey(self, save, dtype):
        refused(save(GREY.astype(dtype), "a.tif"), "more than 8 bits a channel")

    def test_16_bit_colour_which_pillow_would_cut_down(self, tmp_path):
        path = tmp_path / "a.png"
        path.write_bytes(png_of_16_bit_colour())
        with Image.open(path) as image:
            assert image.mode == "RGB"  # no word of the 16 bits
        refused(path, "more than 8 bits a channel")

    @pytest.mark.parametrize("largest", [256, 1023, 65535])
    @pytest.mark.parametrize("kind", ["P6", "P3"])
    def test_deep_ppm_which_pillow_would_cut_down(self, tmp_path, kind, largest):
        values = (COLOUR.astype(int) * largest // 255).ravel()
        body = (
            values.astype(">u2").tobytes() if kind == "P6" else " ".join(map(str, values)).encode()
        )
        path = tmp_path / "a.ppm"
        path.write_bytes(f"{kind} 8 6 {largest}\n".encode() + body)
        refused(path, "more than 8 bits a channel")


def test_bitmaps_of_16_bits_a_pixel(tmp_path):
    """5, 6 and 5 bits a channel fit into 8."""
    pixel = struct.pack("<H", 0b11111_000000_11111)
    header = struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 16, 3, 4, 0, 0, 0, 0)
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    data = header + masks + pixel + b"\0\0"
    path = tmp_path / "a.bmp"
    path.write_bytes(b"BM" + struct.pack("<IHHI", 14 + len(data), 0, 0, 14 + 52) + data)
    assert read(path, (1, 1)).tolist() == [[[255, 0, 255]]]


def test_palettes_with_bytes_of_transparency(save):
    image = Image.fromarray(COLOUR).quantize(16)
    assert read(save(image, transparency=bytes([255] * 16))).shape == (6, 8, 3)
    refused(save(image, transparency=bytes([255] * 15 + [0])), "transparent", at="pixels")


@pytest.mark.parametrize("fault", [errno.EMFILE, errno.EIO])
def test_faults_of_the_machine_are_not_the_files(save, monkeypatch, fault):
    path = save(COLOUR)

    def fail(*_, **__):
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(WorkError, match="could not be read") as caught:
        read_header(path)
    assert not isinstance(caught.value, BadImageError)


def png(*chunks):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in (*chunks, (b"IEND", b"")))


def png_of_16_bit_colour():
    rows = b"".join(b"\0" + COLOUR[row].astype(">u2").tobytes() for row in range(6))
    header = struct.pack(">IIBBBBB", 8, 6, 16, 2, 0, 0, 0)
    return png((b"IHDR", header), (b"IDAT", zlib.compress(rows)))


def grey_png(row, bits, transparent):
    """A PNG of one row of grey values, one of which is declared transparent."""
    packed = int("".join(f"{value:0{bits}b}" for value in row), 2).to_bytes(len(row) * bits // 8)
    header = struct.pack(">IIBBBBB", len(row), 1, bits, 0, 0, 0, 0)
    transparency = (b"tRNS", struct.pack(">H", transparent))
    return png((b"IHDR", header), transparency, (b"IDAT", zlib.compress(b"\0" + packed)))


def test_pngs_with_a_changed_byte(save):
    """Pillow alone decodes some of them, to other pixels."""
    path = save(np.random.default_rng(0).integers(0, 9, (24, 24, 3), np.uint8), "a.png")
    whole = path.read_bytes()
    start = whole.index(b"IDAT") + 4
    stop = whole.index(b"IEND") - 8
    for at in range(start, stop, 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(BadImageError):
            decode(str(path), (24, 24), resize=False, grey=False)


class TestSettingsOfPillow:
    """They belong to the process, and any library may have changed them."""

    def test_truncated_images_cannot_be_let_through(self, save, monkeypatch):
        path = save(COLOUR, "a.jpg")
        monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
        for look in (read_header, _read):
            with pytest.raises(WorkError, match=r"LOAD_TRUNCATED_IMAGES is set.* False") as caught:
                look(str(path), None)
            assert not isinstance(caught.value, BadImageError)  # or else it could be skipped

    def test_nor_while_an_image_is_read(self, save, monkeypatch):
        path = save(COLOUR)
        load = ImageFile.ImageFile.load

        def set_and_load(image):
            ImageFile.LOAD_TRUNCATED_IMAGES = True
            return load(image)

        monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)
        monkeypatch.setattr(ImageFile.ImageFile, "load", set_and_load)
        with pytest.raises(WorkError, match="LOAD_TRUNCATED_IMAGES is set"):
            decode(str(path), (6, 8), resize=False, grey=False)

    def test_jpegs_in_memory_do_not_depend_on_them(self, save, monkeypatch):
        path = save(COLOUR, "a.jpg")
        _, jpeg = read_jpeg_header(str(path), path.read_bytes())
        monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
        with pytest.raises(ValueError, match="not enough image data"):
            jpeg._replace(data=jpeg.data[:-40]).decode(1, grey=False)

    @pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.bmp", "a.gif", "a.tif"])
    @pytest.mark.parametrize(
        ("module", "setting", "value"),
        [
            (ImageFile, "MAXBLOCK", 4096),
            (ImageFile, "MAXBLOCK", 1 << 24),
            (GifImagePlugin, "LOADING_STRATEGY", GifImagePlugin.LoadingStrategy.RGB_ALWAYS),
            (TiffImagePlugin, "READ_LIBTIFF", True),
            (Image, "WARN_POSSIBLE_FORMATS", True),
        ],
    )
    def test_others_change_nothing(self, save, monkeypatch, name, module, setting, value):
        for pixels in (COLOUR, GREY):
            image = Image.fromarray(pixels)
            path = save(image.quantize(16) if name == "a.gif" else image, name)
            before = read_header(str(path)), read(path)
            with monkeypatch.context() as patch:
                patch.setattr(module, setting, value)
                assert read_header(str(path)) == before[0]
                assert np.array_equal(read(path), before[1])

    def test_nor_do_they_change_what_is_written(self, monkeypatch):
        encoders = [Encoder("jpeg", 95), Encoder("png", None), Encoder("webp", None)]
        before = [encode(encoder, COLOUR) for encoder in encoders]
        monkeypatch.setattr(ImageFile, "MAXBLOCK", 1 << 24)
        assert [encode(encoder, COLOUR) for encoder in encoders] == before


def test_a_photograph_with_a_preview_behind_it(save):
    """Phones write MPO files, JPEGs of several pictures; the first is the photograph."""
    first, second = Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)
    path = save(first, "a.mpo", save_all=True, append_images=[second])
    path = path.rename(path.with_suffix(".jpg"))
    assert read_header(path).jpeg
    with Image.open(path) as image:
        assert image.format == "MPO"
        assert np.array_equal(read(path), np.asarray(image.convert("RGB")))


class TestEncoder:
    def encoded(self, encoder, pixels=COLOUR):
        return Image.open(io.BytesIO(encode(encoder, pixels)))

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ((None, None, True), ("jpeg", 95)),
            ((None, None, False), ("png", None)),
            ((None, 80, True), ("jpeg", 80)),
            (("png", None, True), ("png", None)),
            (("webp", None, True), ("webp", None)),
            (("webp", 70, True), ("webp", 70)),
            (("jpeg", None, False), ("jpeg", 95)),
        ],
    )
    def test_choice(self, arguments, expected):
        assert Encoder.choose(*arguments) == expected

    def test_png_has_no_quality(self):
        with pytest.raises(InputError, match="PNG has none"):
            Encoder.choose(None, 80, False)

    @pytest.mark.parametrize("format", ["png", "webp"])
    @pytest.mark.parametrize("pixels", [COLOUR, GREY])
    def test_without_loss(self, format, pixels):
        image = self.encoded(Encoder(format, None), pixels)
        assert np.array_equal(np.asarray(image.convert("L" if pixels.ndim == 2 else "RGB")), pixels)

    @pytest.mark.parametrize(
        ("format", "longest"), [("jpeg", 65_500), ("webp", 16_383), ("png", 65_535)]
    )
    def test_the_longest_sides(self, format, longest):
        encoder = Encoder(format, None if format == "png" else 95)
        for size in ((1, longest), (longest, 1)):
            encoder.check_size(*size)
            pixels = np.zeros((*size, 3), np.uint8)
            assert np.array_equal(np.asarray(self.encoded(encoder, pixels)), pixels)

    @pytest.mark.parametrize(("format", "longest"), [("jpeg", 65_500), ("webp", 16_383)])
    def test_sides_that_are_too_long(self, format, longest):
        encoder = Encoder(format, 95)
        for size in ((1, longest + 1), (longest + 1, 1)):
            with pytest.raises(OSError, match=r"broken data|16383|cannot be encoded"):
                encode(encoder, np.zeros((*size, 3), np.uint8))
            message = f"{format} has at most {longest} pixels a side, got {size[0]} x {size[1]}: "
            with pytest.raises(InputError, match=message + "choose a smaller size, or the format"):
                encoder.check_size(*size)

    @pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
    def test_a_pillow_that_lacks_a_library(self, monkeypatch, format):
        monkeypatch.setattr(features, "check", lambda library: False)
        with pytest.raises(InputError, match=f"built without {format}.*choose another format"):
            Encoder.choose(format, None, all_jpeg=False)

    def test_whatever_an_encoder_raises_is_an_error_of_the_file(self, monkeypatch):
        def fail(*_, **__):
            raise SystemError("error return without exception set")

        monkeypatch.setattr(Image.Image, "save", fail)
        for encoder in (Encoder("jpeg", 95), Encoder("png", None), Encoder("webp", None)):
            with pytest.raises(OSError, match="it cannot be encoded: SystemError: error return"):
                encode(encoder, COLOUR)

    def test_jpeg_keeps_full_colour_resolution(self):
        image = self.encoded(Encoder("jpeg", 95))
        assert {component[1:3] for component in image.layer} == {(1, 1)}
        assert np.abs(np.asarray(image).astype(int) - COLOUR).mean() < 4

    def test_quality_decides_the_size(self):
        for format in ("jpeg", "webp"):
            sizes = [len(encode(Encoder(format, quality), COLOUR)) for quality in (10, 95)]
            assert sizes[0] < sizes[1]

    @pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
    def test_nothing_but_pixels(self, format):
        image = self.encoded(Encoder(format, None if format == "png" else 95))
        assert not image.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp", "photoshop", "dpi"} & image.info.keys()
        assert not getattr(image, "text", None)


def test_no_metadata_of_the_original_comes_through(save):
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "SECRET"
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "SECRET")
    originals = [
        save(COLOUR, "a.jpg", exif=exif, comment="SECRET", icc_profile=b"SECRET"),
        save(COLOUR, "a.png", exif=exif, pnginfo=text, icc_profile=b"SECRET"),
    ]
    for path in originals:
        assert b"SECRET" in path.read_bytes()
        for encoder in (Encoder("jpeg", 95), Encoder("png", None), Encoder("webp", None)):
            assert b"SECRET" not in encode(encoder, read(path))


@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
def test_a_disk_that_takes_a_part_is_noticed(tmp_path, format):
    """Pillow does not look at how many bytes the system took; what is cut off must not pass."""
    pixels = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    encoder = Encoder.choose(format, None, all_jpeg=False)
    assert len(encode(encoder, pixels)) > 9000
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open(tmp_path / "image", "x+b", buffering=0) as file:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
            with pytest.raises(OSError, match=r"No space left|File too large"):
                encoder.save(pixels, file)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_jpeg_that_pillow_writes_in_pieces_is_written_by_us(tmp_path):
    """A part that is missing in the middle would not show at the end."""
    pixels = np.random.default_rng(0).integers(0, 256, (280, 280, 3), np.uint8)
    encoder = Encoder("jpeg", 100)
    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, "JPEG", quality=100, subsampling="4:4:4")
    assert len(memory.getvalue()) > ImageFile.MAXBLOCK
    assert encode(encoder, pixels) == memory.getvalue()
    assert encode(encoder, np.tile(pixels, (3, 3, 1)))[-2:] == b"\xff\xd9"


@pytest.mark.parametrize("format", ["jpeg", "png"])
def test_a_full_disk_says_why(format):
    pixels = np.zeros((96, 96, 3), np.uint8)
    with (
        open("/dev/full", "r+b", buffering=0) as full,
        pytest.raises(OSError, match="No space left"),
    ):
        Encoder.choose(format, None, all_jpeg=False).save(pixels, full)


def test_writing_goes_on_until_all_is_written():
    pieces = []

    class Grudging:
        def write(self, data):
            pieces.append(bytes(data[:3]))
            return len(pieces[-1])

    write_all(Grudging(), b"12345678")
    assert pieces == [b"123", b"456", b"78"]


def test_a_file_that_goes_away_while_it_is_looked_at(tmp_path, monkeypatch):
    path = tmp_path / "gone.jpg"
    path.write_bytes(b"not an image")

    def gone(path):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(os.path, "getsize", gone)
    with pytest.raises(BadImageError, match="not an image of a known format"):
        read_header(path)
