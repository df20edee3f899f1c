"""The destination: nobody's files are lost, and an interrupted run ends in the same bytes."""

import errno
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from builders import SECRET, read_tree, write_images

from blockmix import InputError, Key, WorkError, mix_folder
from blockmix.datasets import run as run_module
from blockmix.datasets.encode import Encoder, write_all
from blockmix.datasets.engines.local import LocalEngine
from blockmix.datasets.folder import destination as destination_module
from blockmix.datasets.folder.destination import Destination

PARAMETERS = {"block": 4, "sources": 3, "memory": 10 * (3 * 768 + 8 * 16 + 1024)}


@pytest.fixture(scope="session")
def shared_src(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("shared") / "src", {"cat": 30, "dog": 20})


@pytest.fixture
def src(shared_src, tmp_path):
    return shutil.copytree(shared_src, tmp_path / "src")


@pytest.fixture
def dst(tmp_path):
    return tmp_path / "dst"


@pytest.fixture(scope="session")
def kill(shared_src, tmp_path_factory):
    """Make ``dst`` what a run leaves that is killed at its ``count``-th image."""
    killed = {}

    def kill(dst, count=7):
        if count not in killed:
            killed[count] = tmp_path_factory.mktemp("killed") / "dst"
            run_until_killed(shared_src, killed[count], count)
        shutil.copytree(killed[count], dst)

    return kill


def run(src, dst, **changes):
    return mix_folder(src, dst, **PARAMETERS | {"key": Key(SECRET)} | changes)


class TestWhatMayBeThere:
    def refused(self, src, dst, message, **changes):
        before = read_tree(dst) if dst.is_dir() else None
        with pytest.raises(InputError, match=message):
            run(src, dst, **changes)
        assert before is None or read_tree(dst) == before

    def test_nothing_or_an_empty_folder(self, src, dst):
        dst.mkdir()
        assert run(src, dst).images == 50
        assert run(src, dst.parent / "new" / "deep").images == 50

    def test_not_other_files(self, src, dst):
        dst.mkdir()
        (dst / "precious").touch()
        self.refused(src, dst, "is not empty: name a new folder")
        self.refused(src, dst, "is not a result of blockmix", overwrite=True)
        self.refused(src, dst, "is not empty", resume=True)

    def test_not_an_earlier_result(self, src, dst):
        run(src, dst)
        self.refused(src, dst, "is not empty")

    def test_not_a_file(self, src, dst):
        dst.touch()
        self.refused(src, dst, "is not a folder")

    @pytest.mark.parametrize("inside", ["src", "src/cat", "src/new", ".", "src/../src/x"])
    def test_not_inside_the_source_or_around_it(self, src, tmp_path, inside):
        self.refused(src, tmp_path / inside, "lie inside each other", overwrite=True)

    def test_not_inside_the_source_by_a_link(self, src, tmp_path):
        (tmp_path / "link").symlink_to(src)
        self.refused(src, tmp_path / "link" / "new", "lie inside each other")

    def test_not_inside_the_source_by_a_mount(self, src, tmp_path, monkeypatch):
        """The path of a mount does not show it, but the folder is the same."""
        (tmp_path / "mount").symlink_to(src)
        monkeypatch.setattr(destination_module.os.path, "realpath", os.path.abspath)
        self.refused(src, tmp_path / "mount" / "new", "lie inside each other")
        self.refused(tmp_path / "mount", src / "cat" / "new", "lie inside each other")

    def test_not_what_appears_while_the_images_are_looked_at(self, src, dst, monkeypatch):
        real_plan = run_module.make_plan

        def plan_while_somebody_writes(*arguments):
            dst.mkdir()
            (dst / "precious").touch()
            return real_plan(*arguments)

        monkeypatch.setattr(run_module, "make_plan", plan_while_somebody_writes)
        with pytest.raises(InputError, match="is not empty"):
            run(src, dst)
        assert list(read_tree(dst)) == ["precious"]

    def test_not_another_run(self, src, dst, monkeypatch):
        """Started while the first writes, whatever it is allowed, the second gives way."""
        real_run, refused = LocalEngine.run, []

        def run_while_others_try(self, plan, sink):
            monkeypatch.setattr(LocalEngine, "run", real_run)
            for allowed in ({}, {"overwrite": True}, {"resume": True}):
                with pytest.raises(InputError, match="another run is writing"):
                    run(src, dst, **allowed)
                refused.append(allowed)
            return real_run(self, plan, sink)

        monkeypatch.setattr(LocalEngine, "run", run_while_others_try)
        run(src, dst)
        assert len(refused) == 3
        run(src, dst.parent / "other")
        assert read_tree(dst) == read_tree(dst.parent / "other")

    def test_not_somebody_elses_work_folder(self, src, dst):
        (dst / ".blockmix").mkdir(parents=True)
        (dst / ".blockmix" / "note").touch()
        self.refused(src, dst, "is not empty")

    def test_a_lock_that_was_left_by_a_kill_does_not_matter(self, src, dst):
        (dst / ".blockmix").mkdir(parents=True)
        (dst / ".blockmix" / "lock").touch()
        assert run(src, dst).images == 50


class TestOverwrite:
    def test_replaces_an_earlier_result(self, src, dst):
        run(src, dst, key=Key.from_seed(1))
        run(src, dst, overwrite=True)
        run(src, dst.parent / "fresh")
        assert read_tree(dst) == read_tree(dst.parent / "fresh")

    def test_replaces_an_unfinished_result(self, src, dst, kill):
        kill(dst)
        assert run(src, dst, overwrite=True).written == 50

    def test_serves_a_new_folder_too(self, src, dst):
        assert run(src, dst, overwrite=True).images == 50

    @pytest.mark.parametrize("names", ["opaque", "keep"])
    @pytest.mark.parametrize(
        "foreign",
        ["notes.txt", "cat/notes.txt", "other/x.png", "cat/holiday.png", "cat/mine/x.png"],
    )
    def test_refuses_where_anything_else_lies(self, src, dst, foreign, names):
        run(src, dst, names=names)
        (dst / foreign).parent.mkdir(exist_ok=True)
        (dst / foreign).touch()
        before = read_tree(dst)
        with pytest.raises(InputError, match=r"was not written by blockmix.*move it away"):
            run(src, dst, overwrite=True)
        assert read_tree(dst) == before

    @pytest.mark.parametrize(
        "record", ["", "[]", '{"run": 1, "labels": 5}', '{"run": "", "labels": 5, "files": {}}']
    )
    def test_refuses_what_only_looks_like_a_result(self, src, dst, record):
        dst.mkdir()
        (dst / "blockmix.json").write_text(record)
        with pytest.raises(InputError, match="is not a result of blockmix"):
            run(src, dst, overwrite=True)

    def test_keeps_the_earlier_result_when_the_new_run_is_refused(self, src, dst):
        run(src, dst)
        before = read_tree(dst)
        (src / "cat" / "text.png").write_text("hello")
        with pytest.raises(WorkError):
            run(src, dst, overwrite=True)
        assert read_tree(dst) == before


def run_until_killed(src, dst, count):
    """Run in a process of its own that SIGKILLs itself at its ``count``-th image."""
    script = """
        import os, signal, sys
        from pathlib import Path
        from blockmix import Key, mix_folder

        replace, remaining = os.replace, int(sys.argv[3])

        def replace_or_die(passing, target):
            global remaining
            if Path(target).suffix == ".png":
                if remaining == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                remaining -= 1
            return replace(passing, target)

        os.replace = replace_or_die
        key, parameters = Key(bytes(range(32))), eval(sys.argv[4])
        mix_folder(sys.argv[1], sys.argv[2], key=key, workers=1, **parameters)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), src, dst, str(count), repr(PARAMETERS)],
        check=False,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL
    assert len(list(dst.rglob("*.png"))) == count
    assert not (dst / "blockmix.json").exists()


class TestResume:
    @pytest.mark.parametrize("count", [0, 13, 49])
    def test_a_killed_run_ends_in_the_same_bytes(self, src, dst, tmp_path, kill, count):
        before = read_tree(src)
        kill(dst, count)
        summary = run(src, dst, resume=True)
        assert (summary.images, summary.written) == (50, 50 - count)
        run(src, tmp_path / "uninterrupted")
        assert read_tree(dst) == read_tree(tmp_path / "uninterrupted")
        assert read_tree(src) == before

    def test_what_skips_files_counts_them_again(self, src, dst, tmp_path):
        (src / "cat" / "cut.png").write_bytes((src / "cat" / "000.png").read_bytes()[:-50])
        run(src, dst, on_error="skip")
        (dst / "blockmix.json").rename(tmp_path / "record")
        (dst / ".blockmix").mkdir()
        (tmp_path / "record").rename(dst / ".blockmix" / "state.json")
        with pytest.raises(InputError, match="was begun with"):
            run(src, dst, on_error="skip", resume=True, rounds=2)
        assert run(src, dst, on_error="skip", resume=True).record["skipped"] == 1

    def test_a_finished_run_has_nothing_left_to_do(self, src, dst):
        run(src, dst)
        before = read_tree(dst)
        assert run(src, dst, resume=True).written == 0
        assert read_tree(dst) == before

    def test_an_empty_file_is_written_again(self, src, dst):
        """As a loss of power can leave it."""
        run(src, dst)
        before = read_tree(dst)
        emptied = min(dst.rglob("*.png"))
        emptied.write_bytes(b"")
        run(src, dst, resume=True)
        assert read_tree(dst) == before

    def test_serves_a_new_folder_too(self, src, dst):
        assert run(src, dst, resume=True).written == 50

    @pytest.mark.parametrize(
        "changes",
        [{"key": Key.from_seed(0)}, {"rounds": 2}, {"names": "keep"}, {"memory": "1GiB"}],
        ids=str,
    )
    def test_refuses_another_run(self, src, dst, kill, changes):
        kill(dst)
        before = read_tree(dst)
        with pytest.raises(InputError, match="was begun with another key, other parameters"):
            run(src, dst, resume=True, **changes)
        assert read_tree(dst) == before

    def test_refuses_a_changed_source(self, src, dst, kill):
        kill(dst)
        os.utime(src / "cat" / "000.png")
        with pytest.raises(InputError, match="was begun with"):
            run(src, dst, resume=True)

    def test_after_a_kill_before_the_state_was_written(self, src, dst):
        (dst / ".blockmix").mkdir(parents=True)
        assert run(src, dst, resume=True).written == 50

    def test_the_state_tells_no_secrets(self, src, dst, kill):
        kill(dst)
        text = (dst / ".blockmix" / "state.json").read_text()
        assert SECRET.hex() not in text
        assert "000.png" not in text
        assert str(src) not in text


def save_bytes(data, file):
    write_all(file, data)


class TestThreads:
    def test_each_folder_is_made_once(self, src, dst, monkeypatch):
        mkdir, folders = os.mkdir, []

        def count(path, *arguments, **options):
            folders.append(Path(path))
            return mkdir(path, *arguments, **options)

        monkeypatch.setattr(os, "mkdir", count)
        run(src, dst, workers=1)
        assert folders.count(dst / "cat") == folders.count(dst / "dog") == 1

    def test_files_from_several_threads_are_whole(self, src, dst):
        destination = Destination(dst, src, overwrite=False, resume=False)
        destination.claim("00")
        destination.begin({"run": "00", "labels": {}, "files": {"format": "png"}})
        files = {f"{i % 3}/{i}.png": bytes([i]) * 5000 for i in range(200)}
        with ThreadPoolExecutor(4) as pool:
            saves = [functools.partial(save_bytes, data) for data in files.values()]
            list(pool.map(destination.write, files, saves))
        destination.finish("{}")
        destination.release()
        assert {name: (dst / name).read_bytes() for name in files} == files
        assert len(list(dst.glob("*/*"))) == 200


class TestRunsThatWriteNothing:
    """They leave the destination as if they had never begun."""

    @pytest.fixture
    def damaged(self, src):
        whole = (src / "cat" / "000.png").read_bytes()
        (src / "cat" / "000.png").write_bytes(whole[:-50])
        return whole

    @pytest.mark.parametrize("exists", [False, True])
    def test_so_that_the_ways_out_of_the_error_are_open(self, src, dst, damaged, exists):
        if exists:
            dst.mkdir()
        with pytest.raises(WorkError, match="go on without such files, with the same key"):
            run(src, dst, memory="1GiB")
        assert dst.exists() == exists
        assert not exists or list(dst.iterdir()) == []
        assert run(src, dst, memory="1GiB", on_error="skip").images == 49
        (src / "cat" / "000.png").write_bytes(damaged)
        assert run(src, dst.parent / "mended", memory="1GiB").images == 50

    def test_nor_folders_of_images_that_never_came(self, src, dst, monkeypatch):
        (src / "cat" / "deep" / "er").mkdir(parents=True)
        (src / "cat" / "000.png").rename(src / "cat" / "deep" / "er" / "000.png")

        def fail(self, pixels, file):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(Encoder, "save", fail)
        with pytest.raises(WorkError, match="No space left"):
            run(src, dst, names="keep", memory="1GiB")
        assert not dst.exists()

    def test_but_what_is_written_can_be_resumed(self, src, dst):
        (src / "dog" / "000.png").write_bytes((src / "dog" / "000.png").read_bytes()[:-50])
        cohorts = {"workers": 1, "memory": 10 * (3 * 768 + 8 * 16 + 1024)}
        with pytest.raises(WorkError):
            run(src, dst, **cohorts)
        assert len(list(dst.rglob("*.png"))) > 0
        with pytest.raises(InputError, match="is not empty"):
            run(src, dst, **cohorts)


class TestFailingDisks:
    def full_after(self, count, monkeypatch):
        save, allowed = Encoder.save, iter(range(count))

        def save_or_fail(self, pixels, file):
            if next(allowed, None) is None:
                write_all(file, b"the beginning of a file")
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            save(self, pixels, file)

        monkeypatch.setattr(Encoder, "save", save_or_fail)

    @pytest.mark.parametrize("count", [0, 1, 20])
    def test_a_full_disk_leaves_only_whole_files(self, src, dst, tmp_path, monkeypatch, count):
        with monkeypatch.context() as patched:
            self.full_after(count, patched)
            with pytest.raises(WorkError, match=r"No space left on device.*then resume"):
                run(src, dst)
        run(src, tmp_path / "other")
        whole = read_tree(tmp_path / "other")
        written = {
            name: data for name, data in read_tree(dst).items() if not name.startswith(".blockmix")
        }
        assert written.items() <= whole.items()
        assert not list(dst.rglob("*.part"))
        assert run(src, dst, resume=True).images == 50
        assert read_tree(dst) == whole

    def test_a_disk_still_full_at_resume_keeps_the_way_open(self, src, dst, monkeypatch, kill):
        kill(dst)
        for _ in range(2):
            with monkeypatch.context() as patched:
                self.full_after(0, patched)
                with pytest.raises(WorkError, match="No space left"):
                    run(src, dst, resume=True)
        assert run(src, dst, resume=True).written == 43

    def test_a_full_disk_at_the_very_end(self, src, dst, monkeypatch):
        room = iter([write_all])  # for the state, when it begins; not for the record

        def write_or_fail(file, data):
            for write in room:
                return write(file, data)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patched:
            patched.setattr(destination_module, "write_all", write_or_fail)
            with pytest.raises(WorkError, match="No space left"):
                run(src, dst)
        assert not (dst / "blockmix.json").exists()
        assert run(src, dst, resume=True).written == 0
        assert json.loads((dst / "blockmix.json").read_text())["labels"] == {"cat": 30, "dog": 20}

    def test_a_destination_that_cannot_be_written(self, src, dst):
        dst.parent.joinpath("file").touch()
        with pytest.raises(WorkError, match="Not a directory"):
            run(src, dst.parent / "file" / "dst")

    @pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc, read-only to all")
    def test_a_destination_where_nothing_can_be_made(self, src):
        with pytest.raises(WorkError, match="cannot write to"):
            run(src, Path("/proc/self/dst"))
