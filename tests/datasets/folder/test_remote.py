"""Folders mixed by other processes: the same files, and what is left when something fails."""

import gc
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from builders import SECRET, read_tree, write_images
from foreign_executor import ForeignExecutor

from blockmix import InputError, Key, KeyFile, WorkError, mix_folder
from blockmix.datasets.engines.tasks import Failure
from blockmix.datasets.folder import remote as remote_module
from blockmix.datasets.folder.remote import FolderJob, mix_cohorts

LABELS = {"a": 40, "b": 30, "c": 20}


@pytest.fixture
def src(tmp_path):
    return write_images(tmp_path / "src", LABELS, suffix=".jpg")


@pytest.fixture
def key_file(tmp_path, key):
    key.save(tmp_path / "my.key")
    return KeyFile(tmp_path / "my.key")


@pytest.fixture
def run(src, tmp_path, key_file, monkeypatch):
    """Mix ``src`` into a folder of a name, in several tasks; labels are cut into cohorts."""
    monkeypatch.setattr(remote_module, "LOAD_BYTES", 20_000)

    def run(name, **changes):
        options = {"block": 4, "sources": 3, "key": key_file, "memory": "200KiB"}
        return mix_folder(src, tmp_path / name, **options | changes)

    return run


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"rounds": 2, "size": 12},
        {"names": "keep", "format": "webp"},
        {"memory": "1GiB"},
        {"sources": 25, "small_classes": "clamp", "memory": "1GiB"},
    ],
)
def test_the_files_are_those_of_this_process(run, tmp_path, change):
    run("expected", **change)
    summary = run("dst", executor="processes:2", **change)
    assert read_tree(tmp_path / "dst") == read_tree(tmp_path / "expected")
    assert summary.written == summary.images == 90


def test_groups(run, src, tmp_path):
    rows = [f"{path.relative_to(src)},{path.stem[-1]}" for path in src.rglob("*.jpg")]
    (tmp_path / "persons.csv").write_text("\n".join(["path,person", *rows]) + "\n")
    groups = f"{tmp_path / 'persons.csv'}:person"
    run("expected", groups=groups)
    with ThreadPoolExecutor(2) as executor:
        run("dst", groups=groups, executor=executor)
    assert read_tree(tmp_path / "dst") == read_tree(tmp_path / "expected")


def test_what_travels_is_small_and_names_nothing(run):
    executor = ForeignExecutor()
    run("dst", executor=executor)
    assert len(executor.jobs) == 3
    for job in executor.jobs:
        pickled = pickle.dumps(job)
        assert len(pickled) < 4096
        assert b".jpg" not in pickled
        assert SECRET not in pickled
        assert SECRET.hex() not in repr(job)
        assert repr(SECRET) not in repr(job)


def test_a_key_goes_to_our_own_workers_alone_and_does_not_show(run):
    seen = []

    class Own(ThreadPoolExecutor):
        def submit(self, function, job):
            seen.append(job)
            return super().submit(function, job)

    with Own(1) as executor:
        run("dst", key=Key(SECRET), executor=executor)
    assert seen
    assert not any(repr(SECRET)[2:-1] in repr(job) for job in seen)
    with pytest.raises(InputError, match="the key does not travel to workers: pass key=KeyFile"):
        run("other", key=Key(SECRET), executor=ForeignExecutor())


def test_a_fresh_key_is_forgotten(run):
    with ThreadPoolExecutor(1) as executor:
        run("dst", key=None, executor=executor)
    gc.collect()
    # By type: asking some objects of other libraries for their class makes them warn.
    assert not [item for item in gc.get_objects() if type(item) is FolderJob]


class TestFailure:
    @pytest.fixture
    def damaged(self, src):
        """An image whose header is whole."""
        path = src / "b" / "007.jpg"
        path.write_bytes(path.read_bytes()[:-40])
        return path

    def test_a_damaged_image_stops_the_run_which_can_be_resumed(self, run, damaged, tmp_path):
        run("expected", on_error="skip")
        with pytest.raises(WorkError, match=r"007\.jpg: .*on_error='skip'"):
            run("dst", executor="processes:2")
        assert (tmp_path / "dst" / ".blockmix").is_dir()
        summary = run("dst", executor="processes:2", resume=True, on_error="skip")
        assert summary.written < summary.images == 89
        assert read_tree(tmp_path / "dst") == read_tree(tmp_path / "expected")

    def test_images_without_a_header_are_left_out_as_by_this_process(self, run, src, tmp_path):
        for path in (src / "a" / "000.jpg", src / "c" / "019.jpg"):
            path.write_bytes(b"no image")
        run("expected", on_error="skip")
        summary = run("dst", on_error="skip", executor=ForeignExecutor())
        assert (summary.images, len(summary.skipped)) == (88, 2)
        assert read_tree(tmp_path / "dst") == read_tree(tmp_path / "expected")

    def test_an_interrupt_leaves_what_can_be_resumed(self, run, tmp_path):
        def stop(stage, done, total):
            if stage == "write" and done:
                raise KeyboardInterrupt

        run("expected")
        with pytest.raises(KeyboardInterrupt), ThreadPoolExecutor(1) as executor:
            run("dst", executor=executor, progress=stop)
        assert run("dst", resume=True).written < 90
        assert read_tree(tmp_path / "dst") == read_tree(tmp_path / "expected")

    def test_an_interrupted_run_can_be_overwritten(self, run, tmp_path, damaged):
        with pytest.raises(WorkError):
            run("dst", executor="processes:1")
        assert run("dst", overwrite=True, on_error="skip").images == 89

    def test_tasks_that_fail_leave_the_others(self, run, tmp_path, monkeypatch):
        def fail_once(workers, function, jobs):
            for number, job in enumerate(jobs):
                yield job, Failure("no memory") if number == 0 else function(job)

        run("expected")
        with monkeypatch.context() as patch:
            patch.setattr(remote_module, "run_tasks", fail_once)
            with pytest.raises(WorkError, match=r"no memory \(1 task failed; all .*resume=True"):
                run("dst", executor=ForeignExecutor())
        assert 0 < run("dst", resume=True, executor=ForeignExecutor()).written < 90
        assert read_tree(tmp_path / "dst") == read_tree(tmp_path / "expected")

    def test_a_source_that_differs_for_a_worker_is_refused(self, run, src):
        executor = ForeignExecutor()
        run("dst", executor=executor)
        remote_module._LAST.clear()
        (src / "a" / "000.jpg").rename(src / "a" / "999.jpg")
        with pytest.raises(WorkError, match="a worker sees other files in the source"):
            mix_cohorts(executor.jobs[0])

    def test_a_worker_writes_for_the_run_that_goes_on_alone(self, run):
        executor = ForeignExecutor()
        run("dst", executor=executor)
        job = executor.jobs[0]
        other = job._replace(folder=job.folder._replace(run="0" * 32))
        with pytest.raises(WorkError, match="another one has taken its place"):
            mix_cohorts(other)
