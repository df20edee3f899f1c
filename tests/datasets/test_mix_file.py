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


def test_bytes_between_fields(src, dst):
    kind = np.dtype([("grey", "u1"), ("depth", "<i4")], align=True)
    images = random_images(24, 12, 10, dtype=f"V{kind.itemsize}").view(kind)
    np.save(src, images)
    mix_file(src, LABELS, dst, memory="8KiB", **OPTIONS)
    assert np.load(dst).dtype == kind
    assert np.load(dst).tobytes() == mix(np.load(src), LABELS, **OPTIONS).tobytes()


def test_labels_and_groups_are_read_once(src, dst):
    groups = [number // 3 for number in range(24)]
    mix_file(src, iter(LABELS), dst, groups=iter(groups), ids=iter(range(24)), **OPTIONS)
    assert np.array_equal(np.load(dst), mix(IMAGES, LABELS, groups=groups, **OPTIONS))


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
        before = sorted(os.listdir(src.parent))
        with pytest.raises(error, match=match):
            mix_file(src, labels, dst, **OPTIONS | options)
        assert sorted(os.listdir(src.parent)) == before
        assert np.array_equal(np.load(src), IMAGES)

    def test_memory(self, src, dst):
        rule = "of the 8 images of label 'cat' takes, with the map, 3KiB, but memory is 2,479 bytes"
        self.refused(src, dst, f"{rule}: raise memory", memory=SMALLEST - 1)
        self.refused(src, dst, "memory is an amount", memory="much")

    def test_memory_for_the_largest_label(self, src, dst):
        """Whoever follows the advice is not refused again."""
        labels = ["a"] * 5 + ["b"] * 12 + ["c"] * 7
        self.refused(
            src, dst, "12 images of label 'b' takes, with the map, 4KiB", labels=labels, memory=1
        )
        mix_file(src, labels, dst, **OPTIONS | {"memory": "4KiB"})

    def test_arguments_of_mixing(self, src, dst):
        self.refused(src, dst, "sources=8 needs at least 9", sources=8)
        self.refused(src, dst, "one label for each image", labels=LABELS[:-1])
        self.refused(src, dst, "larger than the image", block=13)
        self.refused(src, dst, "one id for each", ids=[1, 2])
        self.refused(src, dst, "one group for each", groups=[1, 2])
        self.refused(src, dst, "layout is one of", layout="HWC")

    @pytest.mark.parametrize("path", [None, 3, "", b"images.npy", "images\0.npy"])
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
        self.refused(src, dst, "is a folder or a device", overwrite=True)
        self.refused(src, dst.parent, "is a folder or a device", overwrite=True)

    def test_a_target_that_is_a_broken_link(self, src, dst):
        dst.symlink_to("nowhere")
        self.refused(src, dst, "exists")

    def test_the_source_as_target(self, src, dst):
        dst.symlink_to(src)
        self.refused(src, src, "are one file", overwrite=True)
        self.refused(src, dst, "are one file", overwrite=True)

    @pytest.mark.parametrize("name", ["x" * 300, "images.npy/mixed.npy"])
    def test_names_that_no_file_can_have(self, src, name):
        self.refused(src, src.parent / name, "cannot be written")

    def test_a_folder_that_is_missing(self, src, tmp_path):
        with pytest.raises(InputError, match="is not a folder: make it first"):
            mix_file(src, LABELS, tmp_path / "missing" / "mixed.npy")


def test_an_error_meanwhile_leaves_the_earlier_file(src, dst):
    dst.write_text("earlier")

    def interrupt(stage, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mix_file(src, LABELS, dst, progress=interrupt, overwrite=True, **OPTIONS)
    assert dst.read_text() == "earlier"
    assert sorted(os.listdir(src.parent)) == [src.name, dst.name]


def test_a_file_that_appears_meanwhile_is_kept(src, dst):
    with pytest.raises(WorkError, match="has appeared since"):
        mix_file(src, LABELS, dst, progress=lambda *_: dst.write_text("other"), **OPTIONS)
    assert dst.read_text() == "other"
    assert sorted(os.listdir(src.parent)) == [src.name, dst.name]
