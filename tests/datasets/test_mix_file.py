"""Arrays in files are mixed as arrays in memory are, whatever the memory."""

import os
import stat
import tracemalloc

import numba
import numpy as np
import pytest
from builders import random_images
from hypothesis import given, settings
from hypothesis import strategies as st

from blockmix import BlockGrid, InputError, InputTypeError, Key, WorkError, mix, mix_file
from blockmix.datasets import array_file
from blockmix.kernels import gather_cpu

KEY = Key.from_seed(3)
IMAGES = random_images(24, 12, 10, 3)
LABELS = ["cat", "dog", "cow"] * 8
# Of the set above: a map of 4 x 4 blocks of 8 images, and one block of each of them twice.
SMALLEST = 8 * 16 * 16 + 2 * 8 * 3 * 3 * 3
OPTIONS = {"block": 3, "sources": 4, "key": KEY}


@pytest.fixture
def src(tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, IMAGES)
    return path


@pytest.fixture
def dst(tmp_path):
    return tmp_path / "mixed.npy"


def draw_options(data, count):
    """Labels, and options of mixing, for a number of images."""
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    labels = rng.permutation(np.arange(count) % data.draw(st.integers(1, 3)))
    return labels, {
        "sources": 2,
        "rounds": data.draw(st.integers(1, 2)),
        "small_classes": "clamp",
        "key": KEY,
        "ids": rng.permutation(1000)[:count] if data.draw(st.booleans()) else None,
        "groups": np.arange(count) // 2 if data.draw(st.booleans()) else None,
    }


@settings(max_examples=100)
@given(data=st.data())
def test_bytes_are_those_of_mix(tmp_path_factory, data):
    count, height, width = 18, data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    layout, shape = data.draw(
        st.sampled_from(
            [
                ("NHWC", (count, height, width, 3)),
                ("NCHW", (count, 2, height, width)),
                ("NHWC", (count, height, width)),
            ]
        )
    )
    images = random_images(*shape, dtype=data.draw(st.sampled_from(["u1", "<f4", ">i2"])))
    labels, options = draw_options(data, count)
    block = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    options |= {"block": block, "layout": layout}
    # From the least that does for one label to what does for all.
    block_bytes = 2 * images[0].nbytes // (height * width) * block[0] * block[1]
    blocks = BlockGrid.even(height, width, block).blocks
    memory = data.draw(st.integers(1, 4)) * count * (16 * blocks + block_bytes)
    folder = tmp_path_factory.mktemp("file")
    src, dst = folder / "images.npy", folder / "mixed.npy"
    np.save(src, images)
    mix_file(src, labels, dst, memory=memory, **options)
    mixed = np.load(dst)
    assert (mixed.dtype, mixed.shape) == (images.dtype, images.shape)
    assert mixed.tobytes() == mix(images, labels, **options).tobytes()
    assert np.load(src).tobytes() == images.tobytes()


@pytest.mark.parametrize(
    ("memory", "steps"),
    [
        (SMALLEST, [8 * done for done in range(1, 49)]),  # block by block
        (2 * SMALLEST, None),
        (8 * 16 * 16 + 2 * 8 * 3 * 10 * 3, [8 * 4 * done for done in range(1, 13)]),  # by rows
        ("4KiB", None),
        ("10KiB", [128, 256, 384]),  # by labels
        ("20KiB", [256, 384]),
        ("1MiB", [384]),
    ],
)
def test_as_much_at_once_as_fits(src, dst, memory, steps):
    done = []
    mix_file(
        src,
        LABELS,
        dst,
        memory=memory,
        progress=lambda stage, *numbers: done.append((stage, *numbers)),
        **OPTIONS,
    )
    assert np.array_equal(np.load(dst), mix(IMAGES, LABELS, **OPTIONS))
    assert steps in (None, [number for _, number, _ in done])
    assert {(stage, total) for stage, _, total in done} == {("mix", 24 * 16)}


def test_memory_stays_within_the_budget(src, dst):
    """Beside the scratch memory of threads, and some bytes for each image."""
    images = random_images(4000, 40, 40, 3)
    np.save(src, images)
    mix_file(src, [0] * 4000, dst, block=10, key=KEY, memory="4MiB")  # and compile
    tracemalloc.start()
    mix_file(src, [0] * 4000, dst, block=10, key=KEY, memory="4MiB", overwrite=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    scratch = 2 * gather_cpu.SCRATCH_BYTES * numba.get_num_threads()
    assert peak < (4 << 20) + scratch + 200 * 4000
    assert np.array_equal(np.load(dst), mix(images, [0] * 4000, block=10, key=KEY))


def test_uneven_grids(src, dst):
    grid = BlockGrid([0, 1, 8, 9, 12], [0, 6, 7, 10])
    options = OPTIONS | {"block": grid, "rounds": 2}
    mix_file(src, LABELS, dst, memory=8 * 16 * 12 + 2 * 8 * 7 * 6 * 3, **options)
    assert np.array_equal(np.load(dst), mix(IMAGES, LABELS, **options))


@pytest.mark.parametrize("images", [IMAGES[:0], IMAGES[..., :0]], ids=["images", "channels"])
def test_none_of_something(src, dst, images):
    np.save(src, images)
    mix_file(src, [0] * len(images), dst, block=3, memory=24 * 16 * 16 + 24 * 2 * 9)
    assert np.load(dst).shape == images.shape


def test_a_link_as_target_stays_one(src, dst, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    dst.symlink_to(elsewhere / "mixed.npy")
    mix_file(src, LABELS, dst, overwrite=True, **OPTIONS)
    assert dst.is_symlink()
    assert np.array_equal(np.load(elsewhere / "mixed.npy"), mix(IMAGES, LABELS, **OPTIONS))


def test_without_a_key_every_call_mixes_anew(src, dst):
    mix_file(src, LABELS, dst, block=3, sources=4)
    first = np.load(dst)
    mix_file(os.fspath(src), LABELS, os.fspath(dst), block=3, sources=4, overwrite=True)
    assert not np.array_equal(first, np.load(dst))


def test_the_file_has_usual_permissions_and_no_leftovers(src, dst):
    mix_file(src, LABELS, dst, **OPTIONS)
    assert stat.S_IMODE(dst.stat().st_mode) == stat.S_IMODE(src.stat().st_mode)
    assert sorted(os.listdir(src.parent)) == [src.name, dst.name]


class TestBadInput:
    """An error names the rule, and nothing is written."""

    def refused(self, src, dst, match, *, labels=LABELS, error=InputError, **options):
        before = sorted(os.listdir(dst.parent))
        with pytest.raises(error, match=match):
            mix_file(src, labels, dst, **OPTIONS | options)
        assert sorted(os.listdir(dst.parent)) == before
        assert np.array_equal(np.load(src), IMAGES)

    def test_memory(self, src, dst):
        self.refused(
            src,
            dst,
            r"takes, with the map, 3KiB, but memory is 2,479 bytes: raise memory",
            memory=SMALLEST - 1,
        )
        self.refused(src, dst, "memory is an amount", memory="much")

    def test_arguments_of_mixing(self, src, dst):
        self.refused(src, dst, "sources=8 needs at least 9", sources=8)
        self.refused(src, dst, "one label for each image", labels=LABELS[:-1])
        self.refused(src, dst, "larger than the image", block=13)
        self.refused(src, dst, "one id for each", ids=[1, 2])
        self.refused(src, dst, "one group for each", groups=[1, 2])
        self.refused(src, dst, "layout is one of", layout="HWC")

    @pytest.mark.parametrize("path", [None, 3, ""])
    def test_paths(self, src, dst, path):
        with pytest.raises(InputTypeError, match="src is the path of a file"):
            mix_file(path, LABELS, dst)
        with pytest.raises(InputTypeError, match="dst is the path of a file"):
            mix_file(src, LABELS, path)

    def test_a_target_that_exists(self, src, dst):
        dst.write_text("precious")
        self.refused(src, dst, "exists: name a new file, or pass overwrite=True")
        assert dst.read_text() == "precious"

    def test_a_target_that_is_no_file(self, src, dst):
        os.mkfifo(dst)
        self.refused(src, dst, "which is not overwritten", overwrite=True)
        self.refused(src, dst.parent, "which is not overwritten", overwrite=True)

    def test_a_target_that_is_a_broken_link(self, src, dst):
        dst.symlink_to("nowhere")
        self.refused(src, dst, "exists")

    def test_the_source_as_target(self, src, dst):
        dst.symlink_to(src)
        self.refused(src, src, "are one file", overwrite=True)
        self.refused(src, dst, "are one file", overwrite=True)

    def test_a_folder_that_is_missing(self, src, tmp_path):
        with pytest.raises(InputError, match="is not a folder: make it first"):
            mix_file(src, LABELS, tmp_path / "missing" / "mixed.npy")


class TestSources:
    """Files that are not arrays of images."""

    def refused(self, path, dst, match):
        with pytest.raises(InputError, match=match):
            mix_file(path, LABELS, dst, **OPTIONS)
        assert not dst.exists()

    def test_missing(self, tmp_path, dst):
        self.refused(tmp_path / "missing.npy", dst, "cannot read .*missing.npy: No such file")

    def test_another_format(self, src, dst):
        src.write_text("text")
        self.refused(src, dst, "is not an array as numpy.save writes it")
        src.write_bytes(b"")
        self.refused(src, dst, "is not an array as numpy.save writes it")

    def test_cut_off(self, src, dst):
        os.truncate(src, src.stat().st_size - 1)
        self.refused(src, dst, "is not an array as numpy.save writes it, whole")

    def test_objects(self, src, dst):
        np.save(src, np.full((24, 12, 10), None), allow_pickle=True)
        self.refused(src, dst, "of fixed size")

    def test_several_arrays(self, tmp_path, dst):
        np.savez(tmp_path / "images.npz", IMAGES, IMAGES)
        self.refused(tmp_path / "images.npz", dst, "save the images alone")

    def test_fortran_order(self, src, dst):
        np.save(src, np.asfortranarray(IMAGES))
        self.refused(src, dst, "ascontiguousarray")

    def test_shapes(self, src, dst):
        np.save(src, IMAGES[0])
        self.refused(src, dst, "one label for each image")
        np.save(src, IMAGES.ravel())
        self.refused(src, dst, "images have shape")


class TestFailures:
    """Nothing is left of a file that could not be finished, and an earlier one is kept."""

    @pytest.fixture
    def earlier(self, src, dst):
        dst.write_text("earlier")
        yield
        assert dst.read_text() == "earlier"
        assert sorted(os.listdir(src.parent)) == [src.name, dst.name]

    @pytest.mark.usefixtures("earlier")
    def test_an_error_meanwhile(self, src, dst):
        def interrupt(stage, done, total):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            mix_file(src, LABELS, dst, progress=interrupt, overwrite=True, **OPTIONS)

    @pytest.mark.usefixtures("earlier")
    def test_too_little_room(self, src, dst, monkeypatch):
        usage = array_file.shutil.disk_usage(dst.parent)._replace(free=5000)
        monkeypatch.setattr(array_file.shutil, "disk_usage", lambda path: usage)
        with pytest.raises(WorkError, match=r"5KiB free, but the mixed images take 9KiB"):
            mix_file(src, LABELS, dst, overwrite=True, **OPTIONS)

    @pytest.mark.usefixtures("earlier")
    def test_a_disk_that_fills_up(self, src, dst, monkeypatch):
        def fail(*arguments):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "posix_fallocate", fail)
        with pytest.raises(WorkError, match=r"cannot write .*mixed.npy: No space left"):
            mix_file(src, LABELS, dst, overwrite=True, **OPTIONS)

    @pytest.mark.usefixtures("earlier")
    def test_a_folder_that_cannot_be_written(self, src, dst, monkeypatch):
        open_memmap = np.lib.format.open_memmap

        def only_read(path, mode, *arguments, **options):
            if mode != "r":
                raise PermissionError(13, "Permission denied")
            return open_memmap(path, mode, *arguments, **options)

        monkeypatch.setattr(np.lib.format, "open_memmap", only_read)
        with pytest.raises(WorkError, match=r"cannot write .*mixed.npy: Permission denied"):
            mix_file(src, LABELS, dst, overwrite=True, **OPTIONS)
