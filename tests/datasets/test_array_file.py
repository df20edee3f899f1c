"""Arrays in files: what is refused, and files that appear whole or not at all."""

import os
import stat

import numpy as np
import pytest
from builders import random_images
from hypothesis import given
from hypothesis import strategies as st

from blockmix import InputError, WorkError
from blockmix.datasets import array_file
from blockmix.datasets.array_file import new_array, open_array, private_array, write_images

IMAGES = random_images(5, 4, 3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "array.npy"


class TestOpen:
    def test_it_is_mapped_and_cannot_be_written(self, path):
        np.save(path, IMAGES)
        array = open_array(path)
        assert np.array_equal(array, IMAGES)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1

    def refused(self, path, match):
        with pytest.raises(InputError, match=match):
            open_array(path)

    def test_missing(self, path):
        self.refused(path, "cannot read .*array.npy: No such file")

    @pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY\x01\x00"])
    def test_another_format(self, path, content):
        path.write_bytes(content)
        self.refused(path, "is not a whole file of numpy.save")

    @pytest.mark.parametrize(
        "shape", ["(-5, 4, 3)", "(5, 4, True)", "(5, 4, 10**30)", "(((", "'x'", f"({9**99},)"]
    )
    def test_damaged_headers(self, path, shape):
        header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
        size = len(header).to_bytes(2, "little")
        path.write_bytes(b"\x93NUMPY\x01\x00" + size + header.encode() + bytes(60))
        self.refused(path, "is not a whole file of numpy.save")

    def test_cut_off(self, path):
        np.save(path, IMAGES)
        os.truncate(path, path.stat().st_size - 1)
        self.refused(path, "is not a whole file")

    def test_objects(self, path):
        np.save(path, np.full((5, 4, 3), None), allow_pickle=True)
        self.refused(path, "an array of fixed size")

    def test_several_arrays(self, path, tmp_path):
        np.savez(tmp_path / "arrays.npz", IMAGES, IMAGES)
        self.refused(tmp_path / "arrays.npz", "save the images alone")
        path.write_bytes(b"PK\x03\x04 no archive")
        self.refused(path, "save the images alone")

    def test_fortran_order(self, path):
        np.save(path, np.asfortranarray(IMAGES))
        self.refused(path, "ascontiguousarray")


def write(path, *, overwrite=False):
    with new_array(path, IMAGES.shape, IMAGES.dtype, overwrite=overwrite) as (array, _):
        array[:] = IMAGES


class TestNew:
    def test_it_appears_at_the_end(self, path):
        with new_array(path, IMAGES.shape, IMAGES.dtype, overwrite=False) as (array, _):
            array[:] = IMAGES
            assert not path.exists()
        assert np.array_equal(np.load(path), IMAGES)
        assert os.listdir(path.parent) == [path.name]

    def test_it_lies_beside_until_then(self, path):
        with new_array(path, IMAGES.shape, IMAGES.dtype, overwrite=False) as (_, part):
            assert os.listdir(path.parent) == [part.name]
            write_images(part, IMAGES.shape, (np.arange(5), *[slice(None)] * 2), IMAGES)
        assert np.array_equal(np.load(path), IMAGES)

    def test_the_longest_name(self, path):
        write(path.with_name("x" * 255))
        assert np.array_equal(np.load(path.with_name("x" * 255)), IMAGES)


class TestFailures:
    """Nothing is left of a file that could not be finished, and an earlier one is kept."""

    @pytest.fixture(autouse=True)
    def earlier(self, path):
        path.write_text("earlier")
        yield
        assert path.read_text() == "earlier"
        assert os.listdir(path.parent) == [path.name]

    def test_it_is_there_already(self, path):
        with pytest.raises(WorkError, match="has appeared since"):
            write(path)

    def test_an_error_meanwhile(self, path):
        with (
            pytest.raises(OSError, match="of the caller"),
            new_array(path, (3,), np.dtype("u1"), overwrite=True),
        ):
            raise OSError("of the caller")

    def test_too_little_room(self, path, monkeypatch):
        usage = array_file.shutil.disk_usage(path.parent)._replace(free=100)
        monkeypatch.setattr(array_file.shutil, "disk_usage", lambda path: usage)
        with pytest.raises(WorkError, match="1KiB free, but the mixed images take 1KiB"):
            write(path, overwrite=True)

    def test_a_disk_that_fills_up(self, path, monkeypatch):
        def fail(*arguments):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "posix_fallocate", fail, raising=False)
        with pytest.raises(WorkError, match=r"cannot write .*array.npy: No space left"):
            write(path, overwrite=True)

    def test_a_folder_that_cannot_be_written(self, path, monkeypatch):
        def fail(*arguments):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(array_file, "open_memmap", fail)
        with pytest.raises(WorkError, match=r"cannot write .*array.npy: Permission denied"):
            write(path, overwrite=True)


class TestPrivate:
    def test_only_its_owner_reads_it_while_it_is_there(self, path):
        with private_array(path.parent, IMAGES) as file:
            assert np.array_equal(np.load(file), IMAGES)
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert file.parent == path.parent
        assert os.listdir(path.parent) == []

    def test_an_error_meanwhile(self, path):
        with pytest.raises(KeyboardInterrupt), private_array(path.parent, IMAGES):
            raise KeyboardInterrupt
        assert os.listdir(path.parent) == []

    def test_a_disk_that_fills_up(self, path, monkeypatch):
        def fail(file, array):
            file.write(b"some")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(array_file.np, "save", fail)
        with (
            pytest.raises(WorkError, match=r"cannot write .*\.part: No space left"),
            private_array(path.parent, IMAGES),
        ):
            pass
        assert os.listdir(path.parent) == []


@given(data=st.data())
def test_images_are_written_as_numpy_assigns_them(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("file") / "array.npy"
    shape = data.draw(st.sampled_from([(9, 4, 5), (9, 4, 5, 3), (9, 2, 4, 5), (9, 4, 5, 0)]))
    dtype = data.draw(st.sampled_from(["u1", ">i4", "V3"]))
    array, others = random_images(*shape, dtype=dtype), random_images(*shape, dtype=dtype, seed=1)
    images = np.flatnonzero(data.draw(st.lists(st.booleans(), min_size=9, max_size=9)))
    spans = []
    for length in shape[1:]:
        begin = data.draw(st.integers(0, max(length - 1, 0)))
        part = slice(begin, data.draw(st.integers(begin + 1, max(length, begin + 1))))
        spans.append(data.draw(st.sampled_from([slice(None), part])))
    index = (images, *spans)
    np.save(path, array)
    write_images(path, shape, index, others[index])
    array[index] = others[index]
    assert np.load(path).tobytes() == array.tobytes()
