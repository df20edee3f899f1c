"""JPEGs are kept in memory after their headers were read, as long as there is room."""

import numpy as np
import pytest
from builders import random_images, write_images
from PIL import ExifTags, Image

from blockmix.datasets.decode import decode, read_header
from blockmix.datasets.folder import prefetch as prefetch_module
from blockmix.datasets.folder.image_folder import ImageFolder
from blockmix.datasets.folder.prefetch import PrefetchedJpegs
from blockmix.datasets.interfaces import BadImageError


@pytest.fixture
def jpegs(tmp_path):
    return ImageFolder(write_images(tmp_path / "src", {"a": 12}, suffix=".jpg")).samples()


def popped(prefetched, samples):
    return [prefetched.pop(sample.id) is not None for sample in samples]


def test_what_fits_is_kept_until_it_is_popped(jpegs):
    prefetched = PrefetchedJpegs()
    assert [prefetched.read_header(jpeg.id, jpeg.path) for jpeg in jpegs] == [
        read_header(jpeg.path) for jpeg in jpegs
    ]
    assert popped(prefetched, jpegs) == [True] * 12
    assert popped(prefetched, jpegs) == [False] * 12


def test_what_is_kept_is_bounded(jpegs, monkeypatch, tmp_path):
    sizes = [(tmp_path / "src" / "a" / jpeg.name).stat().st_size for jpeg in jpegs]
    room = sum(sizes[:5]) + 5 * prefetch_module._OVERHEAD_BYTES
    monkeypatch.setattr(prefetch_module, "PREFETCHED_BYTES", room)
    prefetched = PrefetchedJpegs()
    headers = [prefetched.read_header(jpeg.id, jpeg.path) for jpeg in jpegs]
    assert headers == [read_header(jpeg.path) for jpeg in jpegs]
    assert popped(prefetched, jpegs) == [True] * 5 + [False] * 7


def test_a_file_that_is_too_large_leaves_the_room_to_others(jpegs, monkeypatch, tmp_path):
    with open(jpegs[0].path, "ab") as file:
        file.write(bytes(100_000))
    monkeypatch.setattr(prefetch_module, "PREFETCHED_BYTES", 100_000)
    prefetched = PrefetchedJpegs()
    for jpeg in jpegs[:2]:
        prefetched.read_header(jpeg.id, jpeg.path)
    assert popped(prefetched, jpegs[:2]) == [False, True]


def test_only_jpegs_are_kept(tmp_path):
    """Reading a large file of another format whole, just for its header, would not pay."""
    for suffix in (".png", ".webp", ".bmp", ".gif", ".tif", ".ppm"):
        src = write_images(tmp_path / suffix, {"a": 1}, suffix=suffix)
        (sample,) = ImageFolder(src).samples()
        prefetched = PrefetchedJpegs()
        assert prefetched.read_header(sample.id, sample.path) == read_header(sample.path)
        assert popped(prefetched, [sample]) == [False]


def test_the_pixels_are_the_same(jpegs):
    prefetched = PrefetchedJpegs()
    for jpeg in jpegs:
        prefetched.read_header(jpeg.id, jpeg.path)
        images = [
            decode(jpeg.path, (16, 16), resize=False, grey=False, jpeg=kept_jpeg)
            for kept_jpeg in (prefetched.pop(jpeg.id), None)
        ]
        assert np.array_equal(*map(np.asarray, images))


def damaged(data):
    """A JPEG that is empty, not one, cut off in its header or pixels, or has bytes turned over."""
    yield from (b"", b"hello", b"\xff\xd8\xff", data[:100], data[:-2], data[: len(data) * 3 // 4])
    for position in range(2, len(data), 7):
        yield data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]


def outcome(work):
    try:
        return work()
    except BadImageError as error:
        return str(error)


def test_damage_is_reported_the_same_whether_kept_or_not(jpegs):
    jpeg = jpegs[0]
    with open(jpeg.path, "rb") as file:
        whole = file.read()
    reports = set()
    for data in damaged(whole):
        with open(jpeg.path, "wb") as file:
            file.write(data)

        def pixels(kept_jpeg):
            image = decode(jpeg.path, (16, 16), resize=False, grey=False, jpeg=kept_jpeg)
            return np.asarray(image).tobytes()

        prefetched = PrefetchedJpegs()
        header = outcome(lambda: read_header(jpeg.path))
        assert (
            outcome(lambda prefetched=prefetched: prefetched.read_header(jpeg.id, jpeg.path))
            == header
        )
        kept_jpeg = prefetched.pop(jpeg.id)
        if kept_jpeg:
            report = outcome(lambda: pixels(None))
            assert outcome(lambda kept_jpeg=kept_jpeg: pixels(kept_jpeg)) == report
            reports.add(report)
        reports.add(header)
    assert len({report for report in reports if isinstance(report, str)}) > 4


def test_a_missing_file(tmp_path):
    with pytest.raises(BadImageError, match=r"gone\.jpg: it cannot be read: No such file"):
        PrefetchedJpegs().read_header(0, str(tmp_path / "gone.jpg"))


def test_turned_photographs_take_no_room(tmp_path, monkeypatch):
    folder = tmp_path / "src" / "a"
    folder.mkdir(parents=True)
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    pixels = Image.fromarray(random_images(16, 16, 3))
    for number in range(5):
        pixels.save(folder / f"{number}.jpg", exif=turned)
    (folder / "5.jpg").write_bytes(b"\xff\xd8\xff and no more")
    pixels.save(folder / "6.jpg")
    jpegs = ImageFolder(tmp_path / "src").samples()
    monkeypatch.setattr(prefetch_module, "PREFETCHED_BYTES", 2000)
    prefetched = PrefetchedJpegs()
    for jpeg in jpegs[:5]:
        prefetched.read_header(jpeg.id, jpeg.path)
    with pytest.raises(BadImageError):
        prefetched.read_header(5, jpegs[5].path)
    prefetched.read_header(6, jpegs[6].path)
    assert popped(prefetched, jpegs) == [False] * 6 + [True]
