"""What Pillow warns of: refused by name where pixels may be wrong, dropped where it is metadata."""

import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from PIL import Image, ImageFile, WebPImagePlugin
from test_codec import COLOUR, GREY, ORIENTATION, decode, ifd, png, read, refused, save, turned

from blockmix.datasets.interfaces import BadImageError
from blockmix.datasets.pillow_warnings import collected_warnings, collecting, concerns_pixels

__all__ = ["save"]  # the fixture


_seen = {}  # by which Python would show a warning once


def warn(message):
    """Have Pillow warn, as far as Python can tell."""
    warnings.warn_explicit(message, UserWarning, ImageFile.__file__, 1, "PIL.ImageFile", _seen)


class TestHeard:
    def test_by_the_thread_that_is_warned(self):
        both = Barrier(2, timeout=60)

        def listen(message):
            with collected_warnings() as collected:
                both.wait()
                warn(message)
                both.wait()
            return [str(warning) for warning in collected]

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(listen, "ab")) == [["a"], ["b"]]

    def test_every_time(self):
        for _ in range(2):
            with collected_warnings() as collected:
                warn("again")
                warn("again")
            assert len(collected) == 2

    def test_others_are_shown(self):
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("always")
            with collected_warnings() as collected:
                warnings.warn("not of Pillow", stacklevel=1)
            with collecting():
                warn("of a file that is not ours")
        assert collected == []
        assert [str(warning.message) for warning in shown] == [
            "not of Pillow",
            "of a file that is not ours",
        ]

    def test_settings_are_restored_by_the_last_to_leave(self):
        filters, show = warnings.filters, warnings.showwarning
        first, second = collecting(), collecting()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        with collected_warnings() as collected:
            warn("still collected")
        assert len(collected) == 1
        second.__exit__(None, None, None)
        assert warnings.filters is filters
        assert warnings.showwarning is show


def test_one_that_is_not_known_may_be_of_pixels(save, monkeypatch):
    path = save(COLOUR)
    load = ImageFile.ImageFile.load

    def warn_and_load(image):
        warn("some rows were guessed")
        return load(image)

    monkeypatch.setattr(ImageFile.ImageFile, "load", warn_and_load)
    with pytest.raises(BadImageError, match="its pixels may be wrong: some rows were guessed"):
        decode(str(path), (6, 8), resize=False, grey=False)


def test_all_that_pillow_says_of_metadata_is_known():
    with collected_warnings() as collected:
        for message in (
            "Possibly corrupt EXIF data.  Expecting to read 8 bytes but only got 0. Skipping tag 9",
            "Possibly corrupt EXIF MakerNote data.  Expecting to read 8 bytes but only got 0.",
            "Corrupt EXIF data.  Expecting to read 12 bytes but only got 0. ",
            "Metadata Warning, tag 282 had too many entries: 2, expected 1",
            "Tag offset too large",
            "JPEG opening failed. not a JPEG file",
        ):
            warn(message)
    assert len(collected) == 6
    assert not any(map(concerns_pixels, collected))
    assert not concerns_pixels(Image.DecompressionBombWarning("Image size"))


class TestMetadata:
    """Each of these files makes Pillow warn, which the suite would take for an error."""

    @pytest.mark.parametrize("name", ["a.png", "a.webp", "a.jpg"])
    @pytest.mark.parametrize(
        "exif",
        [
            ifd(ORIENTATION, (282, 5, 1, 9999)),
            ifd((274, 3, 2, 6)),
            ifd((271, 3, 2, 0), ORIENTATION)[:-4].replace(b"\x02\0\x0f", b"\x03\0\x0f"),
        ],
        ids=["outside", "too many", "cut off"],
    )
    def test_exif(self, save, name, exif):
        options = {"exif": exif if name == "a.png" else b"Exif\0\0" + exif, "lossless": True}
        with Image.open(save(COLOUR, name, lossless=True)) as image:
            upright = turned(np.asarray(image), 6)
        path = save(COLOUR, name, **options)
        with pytest.warns(UserWarning, match=" "), Image.open(path) as image:
            assert image.getexif()[274] == 6
        assert np.array_equal(read(path, (8, 6)), upright)

    def test_a_damaged_list_of_more_pictures(self, save):
        first, second = Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)
        path = save(first, "a.mpo", save_all=True, append_images=[second])
        pixels = read(path)
        path.write_bytes(path.read_bytes().replace(b"MPF\0II*\0", b"MPF\0IIII"))
        with pytest.warns(UserWarning, match="malformed MPO"), Image.open(path):
            pass
        assert np.array_equal(read(path), pixels)

    def test_an_animation_of_no_frames(self, save):
        path = save(COLOUR)
        data = path.read_bytes()
        chunk = png((b"acTL", bytes(8)))[8:-12]
        path.write_bytes(data[:33] + chunk + data[33:])
        with pytest.warns(UserWarning, match="Invalid APNG"), Image.open(path):
            pass
        assert np.array_equal(read(path), COLOUR)


class TestTiff:
    """Its tags say how its pixels are to be read."""

    def stored(self, tmp_path, *more, bits=(258, 3, 1, 8)):
        tags = [(256, 3, 1, 8), (257, 3, 1, 6), bits, (259, 3, 1, 1), (262, 3, 1, 1)]
        tags += [(277, 3, 1, 1), (278, 3, 1, 6), (279, 4, 1, 48)]
        start = len(ifd(*tags, *more, (273, 4, 1, 0)))
        path = tmp_path / "a.tif"
        path.write_bytes(ifd(*sorted([*tags, *more, (273, 4, 1, start)])) + GREY.tobytes())
        return path

    def test_tags_that_do_not_matter(self, tmp_path):
        path = self.stored(tmp_path, (282, 3, 2, 0), (33_432, 3, 2, 0))
        assert np.array_equal(read(path, grey=True), GREY)

    def test_a_tag_that_was_skipped(self, tmp_path):
        """Without their number of bits, pixels are read as black and white."""
        path = self.stored(tmp_path, bits=(258, 3, 5000, 0))
        refused(path, "its pixels may be wrong: |not an image of a known format")

    def test_a_directory_that_is_cut_off(self, save):
        path = save(COLOUR, "a.tif")
        data = bytearray(path.read_bytes())
        begin = struct.unpack_from("<I", data, 4)[0]
        data[begin : begin + 2] = struct.pack("<H", 5000)
        path.write_bytes(data)
        refused(path, "its pixels may be wrong: |cannot be")


def test_a_pillow_that_cannot_read_webp(save, monkeypatch):
    path = save(COLOUR, "a.webp")
    monkeypatch.setattr(WebPImagePlugin, "SUPPORTED", False)
    refused(path, "Pillow was built without what reads it: .*WEBP support not installed")
