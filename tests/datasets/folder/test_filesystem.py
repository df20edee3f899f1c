"""Destinations that are not a local POSIX disk: each operation is made to fail as mounts do."""

import errno
import os
import time
import zipfile

import pytest
from builders import SECRET, read_tree, write_images

from blockmix import InputError, Key, WorkError, mix_folder
from blockmix.datasets.folder import destination as destination_module
from blockmix.datasets.folder import filesystem
from blockmix.datasets.time_stamp import time_stamp

NOT_OFFERED = ["ENOSYS", "EOPNOTSUPP", "ENOTTY"]


@pytest.fixture
def src(tmp_path):
    return write_images(tmp_path / "src", {"cat": 5, "dog": 4})


@pytest.fixture
def dst(tmp_path):
    return tmp_path / "dst"


def run(src, dst, **changes):
    return mix_folder(src, dst, **{"block": 4, "sources": 3, "key": Key(SECRET)} | changes)


@pytest.fixture
def expected(src, tmp_path):
    """The tree that a run writes on a file system that offers everything."""
    run(src, tmp_path / "expected")
    return read_tree(tmp_path / "expected")


def fail(monkeypatch, module, name, code, *, only=""):
    """Let a call of the system fail, for files of a name."""
    call = getattr(module, name)

    def failing(path, *arguments, **options):
        if only in str(path):
            raise OSError(getattr(errno, code), os.strerror(getattr(errno, code)))
        return call(path, *arguments, **options)

    monkeypatch.setattr(module, name, failing)


class TestFilesThatAreRemovedWhileTheyAreOpen:
    """NFS and FUSE keep them in their folder, by another name, until they are closed."""

    @pytest.fixture(params=[".fuse_hidden0001", ".nfs0001"])
    def hidden(self, request):
        return request.param

    def hide(self, monkeypatch, dst, hidden, *, when_closed):
        unlink, close = os.unlink, os.close

        def unlink_or_hide(path, *arguments, **options):
            if str(path).endswith(".blockmix/lock"):
                return os.rename(path, dst / ".blockmix" / hidden)
            return unlink(path, *arguments, **options)

        def close_and_forget(handle):
            close(handle)
            if when_closed and (dst / ".blockmix" / hidden).exists():
                unlink(dst / ".blockmix" / hidden)

        monkeypatch.setattr(filesystem.os, "unlink", unlink_or_hide)
        monkeypatch.setattr(destination_module.os, "close", close_and_forget)

    def test_nothing_is_left(self, src, dst, expected, hidden, monkeypatch):
        with monkeypatch.context() as patched:
            self.hide(patched, dst, hidden, when_closed=True)
            summary = run(src, dst)
        assert read_tree(dst) == expected
        assert not (dst / ".blockmix").exists()
        assert summary.notes == ()

    def test_what_is_left_for_a_while_is_no_failure(self, src, dst, expected, hidden, monkeypatch):
        with monkeypatch.context() as patched:
            self.hide(patched, dst, hidden, when_closed=False)
            summary = run(src, dst)
        (note,) = summary.notes
        assert f"removing {dst}/.blockmix: Directory not empty" in note
        assert f"note: {note}" in str(summary)
        assert read_tree(dst) == expected | {f".blockmix/{hidden}": b""}
        assert run(src, dst, resume=True).written == 0
        assert run(src, dst, overwrite=True).written == 9


class TestLocks:
    @pytest.mark.parametrize("code", [*NOT_OFFERED, "ENOLCK", "EINVAL"])
    def test_are_done_without_where_there_are_none(self, src, dst, expected, code, monkeypatch):
        fail(monkeypatch, filesystem.fcntl, "flock", code)
        summary = run(src, dst)
        assert read_tree(dst) == expected
        (note,) = summary.notes
        assert f"offers no locks (locking {dst}/.blockmix/lock: " in note
        assert "take care that no other run writes" in note

    def test_that_fail_name_themselves(self, src, dst, monkeypatch):
        fail(monkeypatch, filesystem.fcntl, "flock", "EIO")
        with pytest.raises(WorkError, match=f"locking {dst}/.blockmix/lock: Input/output error"):
            run(src, dst)


class TestTimeStamps:
    @pytest.mark.parametrize("code", [*NOT_OFFERED, "EPERM", "EINVAL"])
    def test_are_done_without_where_they_cannot_be_set(self, src, dst, expected, code, monkeypatch):
        fail(monkeypatch, filesystem.os, "utime", code)
        summary = run(src, dst)
        assert read_tree(dst) == expected
        (note,) = summary.notes
        assert "lets no time stamps be set" in note

    def test_that_fail_otherwise_end_the_run(self, src, dst, monkeypatch):
        fail(monkeypatch, filesystem.os, "utime", "EIO")
        with pytest.raises(WorkError, match="Input/output error"):
            run(src, dst)

    @pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+12", "America/Los_Angeles", "Etc/GMT-14"])
    @pytest.mark.parametrize(
        "run_id", ["0" * 32, "f" * 32, "2590d280" + "0" * 24], ids=lambda i: i[:4]
    )
    def test_can_be_zipped_in_every_zone(self, zone, run_id, tmp_path, monkeypatch):
        stamp = time_stamp(run_id)
        (tmp_path / "file").touch()
        os.utime(tmp_path / "file", (stamp, stamp))
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        try:
            with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
                archive.write(tmp_path / "file")
                (member,) = archive.infolist()
            assert time.mktime((*member.date_time, 0, 0, -1)) == stamp
        finally:
            monkeypatch.undo()
            time.tzset()

    def test_are_one_in_a_run_and_differ_between_runs(self, src, tmp_path):
        """Else whoever copies by size and time would keep the files of the first."""
        times = []
        for name, options in (("a", {}), ("again", {}), ("b", {"key": Key.from_seed(0)})):
            run(src, tmp_path / name, names="keep", **options)
            files = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
            times.append({path.stat().st_mtime_ns for path in files})
        assert times[0] == times[1] != times[2]
        assert all(len(stamps) == 1 for stamps in times)
        (earliest, *_), (latest, *_) = ({time_stamp(i * 8)} for i in "0f")
        assert time.gmtime(earliest)[:3] == (1980, 1, 2)
        assert time.gmtime(latest).tm_year < 2020


class TestWhatIsNeededNamesItself:
    @pytest.mark.parametrize("code", ["ENOSYS", "EPERM", "EIO"])
    @pytest.mark.parametrize(
        ("module", "name", "only", "operation"),
        [
            (filesystem, "FileIO", ".part", "creating {dst}/.blockmix/"),
            (
                filesystem.os,
                "replace",
                ".part",
                "renaming a finished file to {dst}/.blockmix/state",
            ),
            (filesystem.os, "makedirs", "/cat", "making the folder {dst}/cat"),
            (filesystem.os, "open", "/lock", "opening {dst}/.blockmix/lock"),
        ],
        ids=["create", "rename", "folder", "open"],
    )
    def test_operation_and_file(self, src, dst, module, name, only, operation, code, monkeypatch):
        with monkeypatch.context() as patched:
            fail(patched, module, name, code, only=only)
            with pytest.raises(WorkError) as failed:
                run(src, dst)
        assert operation.format(dst=dst) in str(failed.value)
        assert os.strerror(getattr(errno, code)) in str(failed.value)
        assert run(src, dst, resume=True).images == 9


class TestNames:
    @pytest.fixture
    def ignoring_case(self, monkeypatch):
        """A file system that takes names for the same that differ in case alone."""

        def exists(path):
            names = {entry.name.casefold() for entry in path.parent.iterdir()}
            return path.name.casefold() in names

        monkeypatch.setattr(filesystem, "exists", exists)

    def test_here_all_names_differ(self, tmp_path):
        assert filesystem.name_folding(tmp_path) is None
        assert list(tmp_path.iterdir()) == []

    def test_case(self, tmp_path, ignoring_case):
        fold = filesystem.name_folding(tmp_path)
        assert fold("Cat") == fold("cAT") != fold("dog")
        assert fold("\u00e9") == fold("\u00c9")

    def test_form(self, tmp_path, monkeypatch):
        monkeypatch.setattr(filesystem, "exists", lambda path: "e\u0301" in path.name)
        fold = filesystem.name_folding(tmp_path)
        assert fold("\u00e9") == fold("e\u0301") != fold("\u00c9")

    def test_a_file_system_without_such_names_has_no_form(
        self, tmp_path, ignoring_case, monkeypatch
    ):
        fail(monkeypatch, filesystem.Path, "touch", "EPERM", only="\u00e9")
        fold = filesystem.name_folding(tmp_path)
        assert fold("Cat") == fold("cAT")

    @pytest.mark.parametrize("names", ["opaque", "keep"])
    def test_labels_that_would_become_one_folder(self, tmp_path, dst, names, ignoring_case):
        src = write_images(tmp_path / "src", {"Cat": 4, "cat": 4})
        with pytest.raises(InputError, match=r"labels 'Cat' and 'cat' would become one folder"):
            run(src, dst, names=names)
        assert not dst.exists()

    def test_files_that_would_become_one(self, src, dst, ignoring_case):
        (src / "cat" / "000.png").rename(src / "cat" / "X.png")
        (src / "cat" / "001.png").rename(src / "cat" / "x.png")
        with pytest.raises(InputError, match=r"X.png and .*x.png would both become cat/x.png"):
            run(src, dst, names="keep")
        assert not dst.exists()
        assert run(src, dst).images == 9

    def test_an_earlier_result_outlives_the_refusal(self, src, dst, ignoring_case):
        run(src, dst)
        before = read_tree(dst)
        (src / "dog").rename(src / "CAT")
        with pytest.raises(InputError, match="one folder"):
            run(src, dst, overwrite=True)
        assert read_tree(dst) == before

    def test_that_become_too_long_with_their_suffix(self, src, dst):
        long = src / "cat" / ("x" * 255)
        (src / "cat" / "000.png").rename(long)
        with pytest.raises(InputError) as refused:
            run(src, dst, names="keep")
        assert f"{long} would become cat/{'x' * 255}.png" in str(refused.value)
        assert "is longer than 255 bytes" in str(refused.value)
        assert not dst.exists()
        assert run(src, dst).images == 9

    def test_of_labels_that_are_too_long_there(self, src, dst, monkeypatch):
        monkeypatch.setattr(filesystem, "name_limits", lambda folder: (143, 4096))
        (src / "cat").rename(src / ("\u00e9" * 72))
        with pytest.raises(InputError, match="is longer than 143 bytes: name another folder"):
            run(src, dst)
        (src / ("\u00e9" * 72)).rename(src / ("\u00e9" * 71))
        assert run(src, dst).images == 9

    @pytest.mark.parametrize(("room", "fits"), [(0, True), (-1, False)])
    def test_paths_that_are_too_long(self, src, dst, room, fits, monkeypatch):
        needed = len(f"{dst}/cat/000.png\0")
        monkeypatch.setattr(filesystem, "name_limits", lambda folder: (255, needed + room))
        if fits:
            assert run(src, dst, names="keep").images == 9
        else:
            with pytest.raises(InputError, match="the path would be longer than"):
                run(src, dst, names="keep")

    def test_limits_that_the_file_system_does_not_tell(self, tmp_path, monkeypatch):
        assert filesystem.name_limits(tmp_path) == (255, 4096)
        fail(monkeypatch, filesystem.os, "pathconf", "EINVAL")
        assert filesystem.name_limits(tmp_path) == (255, 4096)


def test_a_refused_run_leaves_no_folders(src, tmp_path):
    (src / "cat" / "a.png").symlink_to("000.png")
    (src / "cat" / "a.gif").symlink_to("000.png")
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="would both become"):
        run(src, tmp_path / "there" / "new" / "dst", names="keep")
    assert list((tmp_path / "there").iterdir()) == []
