"""Every kind of bad or odd image gets a stated treatment: exact conversion, or a named error."""

import errno
import io
import os
import resource
import struct
import tempfile
import warnings
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageFile, ImageOps, PngImagePlugin
from skimage import data
from skimage.metrics import peak_signal_noise_ratio

from blockmix import InputError, WorkError
from blockmix.folders.codec import BadImageError, Encoder, decode, read_header, resized, write_all

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


def read(path, size=(6, 8), *, resize=False, grey=False):
    read_header(str(path))
    return resized(decode(str(path), size, resize=resize, grey=grey), size)


def encode(encoder, pixels):
    with tempfile.TemporaryFile(buffering=0) as file:
        encoder.save(pixels, file)
        file.seek(0)
        return file.read()


def refused(path, message, at="header"):
    with pytest.raises(BadImageError, match=message) as caught:
        read_header(path) if at == "header" else read(path)
    assert str(path) in str(caught.value)


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
    image = decode(path, size, resize=True, grey=False)
    assert max(image.size) == decoded
    assert (image.width > image.height) == (orientation == 1)
    with Image.open(path) as whole:
        whole = ImageOps.exif_transpose(whole).resize(size[::-1], Image.Resampling.LANCZOS)
    assert peak_signal_noise_ratio(np.asarray(whole), resized(image, size)) > 44


def test_jpegs_are_decoded_smaller_only_by_a_scale_that_divides_them(save):
    path = save(data.astronaut()[:508], "a.jpg")
    assert decode(path, (40, 40), resize=True, grey=False).size == (128, 127)
    path = save(data.astronaut()[:509], "b.jpg")
    assert decode(path, (40, 40), resize=True, grey=False).size == (512, 509)


def test_jpegs_are_decoded_whole_where_less_would_show(save):
    path = save(data.astronaut(), "a.jpg")
    assert decode(path, (86, 86), resize=True, grey=False).size == (512, 512)
    assert decode(path, (512, 512), resize=False, grey=False).size == (512, 512)


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


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_before_all_else(save, orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path = save(COLOUR, exif=exif)
    upright = {
        1: COLOUR,
        2: COLOUR[:, ::-1],
        3: COLOUR[::-1, ::-1],
        4: COLOUR[::-1],
        5: COLOUR.transpose(1, 0, 2),
        6: COLOUR.transpose(1, 0, 2)[:, ::-1],
        7: COLOUR.transpose(1, 0, 2)[::-1, ::-1],
        8: COLOUR.transpose(1, 0, 2)[::-1],
    }[orientation]
    assert read_header(path)[:2] == upright.shape[:2]
    assert np.array_equal(read(path, upright.shape[:2]), upright)


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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            refused(path, "may be a decompression bomb; raise PIL.Image.MAX_IMAGE_PIXELS")

    @pytest.mark.parametrize("name", ["a.gif", "a.png", "a.tif", "a.webp"])
    def test_several_frames(self, save, name):
        frames = [Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)]
        refused(save(frames[0], name, save_all=True, append_images=frames[1:]), "it has 2 frames")

    @pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
    def test_cmyk(self, save, name):
        refused(save(Image.fromarray(COLOUR).convert("CMYK"), name), "its colours are CMYK")

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


def png_of_16_bit_colour():
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + COLOUR[row].astype(">u2").tobytes() for row in range(6))
    header = struct.pack(">IIBBBBB", 8, 6, 16, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


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
    taken = []

    class Grudging:
        def write(self, data):
            taken.append(bytes(data[:3]))
            return len(taken[-1])

    write_all(Grudging(), b"12345678")
    assert taken == [b"123", b"456", b"78"]


def test_a_file_that_goes_away_while_it_is_looked_at(tmp_path, monkeypatch):
    path = tmp_path / "gone.jpg"
    path.write_bytes(b"not an image")

    def gone(path):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(os.path, "getsize", gone)
    with pytest.raises(BadImageError, match="not an image of a known format"):
        read_header(path)
