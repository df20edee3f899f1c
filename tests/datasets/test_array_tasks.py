"""Arrays in files are mixed by other processes to the bytes of `mix`, and nothing else is left."""

import os
import pickle
import signal
import stat
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Lock

import numpy as np
import pytest
from builders import SECRET, random_images
from hypothesis import given, settings
from hypothesis import strategies as st

from blockmix import BlockGrid, InputError, InputTypeError, Key, KeyFile, WorkError, mix, mix_file
from blockmix.datasets import array_tasks
from blockmix.datasets.array_tasks import mix_tile

IMAGES = random_images(24, 12, 10, 3)
LABELS = ["cat", "dog", "cow"] * 8
OPTIONS = {"block": 3, "sources": 4, "rounds": 2, "key": Key(SECRET)}
# Each label in tiles of a row of blocks: the map of 8 images, and their pixels twice.
BY_ROWS = 8 * 16 * 16 + 2 * 8 * 3 * 10 * 3
# The same, block by block.
BY_BLOCKS = 8 * 16 * 16 + 2 * 8 * 3 * 3 * 3


@pytest.fixture
def src(tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, IMAGES)
    return path


@pytest.fixture
def dst(tmp_path):
    return tmp_path / "mixed.npy"


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(3) as pool:
        yield pool


class Watching(ThreadPoolExecutor):
    """Threads; ``watch`` gets each task before it begins."""

    def __init__(self, watch):
        super().__init__(2)
        self.watch = watch

    def submit(self, function, job):
        self.watch(job)
        return super().submit(function, job)


class Shuffled(ThreadPoolExecutor):
    """Threads that take tasks in another order than they came."""

    def __init__(self, seed):
        super().__init__(3)
        self.rng, self.lock, self.waiting = np.random.default_rng(seed), Lock(), []

    def submit(self, function, job):
        future = Future()
        self.waiting.append((future, function, job))
        super().submit(self.run_any)
        return future

    def run_any(self):
        with self.lock:
            task = self.waiting.pop(self.rng.integers(len(self.waiting)))
        future, function, job = task
        if future.set_running_or_notify_cancel():
            future.set_result(function(job))


class Foreign(Executor):
    """What may be anywhere, as far as blockmix knows; it is here, and pickles what it gets."""

    def __init__(self):
        self.pickles = []

    def submit(self, function, job):
        self.pickles.append(pickle.dumps((function, job)))
        future = Future()
        function, job = pickle.loads(self.pickles[-1])  # noqa: S301
        future.set_result(function(job))
        return future


def check(src, dst, images, labels, executor, **options):
    """Mix a file, and compare it with what is mixed in memory."""
    np.save(src, images)
    before, time = src.read_bytes(), src.stat().st_mtime_ns
    mix_file(src, labels, dst, executor=executor, overwrite=True, **options)
    del options["memory"]
    mixed = np.load(dst)
    assert (mixed.dtype, mixed.shape) == (images.dtype, images.shape)
    assert mixed.tobytes() == mix(np.load(src), labels, **options).tobytes()
    assert (src.read_bytes(), src.stat().st_mtime_ns) == (before, time)
    assert sorted(os.listdir(src.parent)) == [src.name, dst.name]


# Tiles of three sizes, whole labels, and all at once.
MEMORIES = pytest.mark.parametrize("memory", [BY_BLOCKS, BY_ROWS, "6KiB", "10KiB", "1MiB"])
ASPECTS = {
    "plain": {},
    "ids": {"ids": np.arange(24, dtype=np.uint64)[::-1] + 2**63},
    "groups": {"groups": [f"person {number // 2}" for number in range(24)]},
}


class TestSameBytes:
    @MEMORIES
    @pytest.mark.parametrize("aspect", ASPECTS.values(), ids=ASPECTS)
    def test_processes(self, src, dst, processes, memory, aspect):
        check(src, dst, IMAGES, LABELS, processes, memory=memory, **OPTIONS | aspect)

    def test_processes_that_are_started_for_it(self, src, dst):
        check(src, dst, IMAGES, LABELS, "processes:2", memory=BY_ROWS, **OPTIONS)

    def test_channels_first(self, src, dst, processes):
        images = random_images(24, 3, 12, 10, dtype=">i2")
        options = OPTIONS | {"layout": "NCHW"}
        for memory in (8 * 16 * 16 + 4 * 8 * 3 * 3 * 3, "6KiB", "1MiB"):
            check(src, dst, images, LABELS, processes, memory=memory, **options)

    def test_uneven_grids(self, src, dst, processes):
        options = OPTIONS | {"block": BlockGrid([0, 1, 8, 9, 12], [0, 6, 7, 10])}
        for memory in (8 * 16 * 12 + 2 * 8 * 7 * 6 * 3, "6KiB", "1MiB"):
            check(src, dst, IMAGES, LABELS, processes, memory=memory, **options)

    @pytest.mark.parametrize("memory", ["8KiB", "1MiB"])
    def test_bytes_between_fields(self, src, dst, processes, memory):
        kind = np.dtype([("grey", "u1"), ("depth", "<i4")], align=True)
        images = random_images(24, 12, 10, dtype=f"V{kind.itemsize}").view(kind)
        check(src, dst, images, LABELS, processes, memory=memory, **OPTIONS)

    @pytest.mark.parametrize("seed", range(5))
    def test_the_order_of_tasks_does_not_matter(self, src, dst, seed):
        with Shuffled(seed) as executor:
            check(src, dst, IMAGES, LABELS, executor, memory=BY_BLOCKS, **OPTIONS)

    @settings(max_examples=60)
    @given(data=st.data())
    def test_any_array(self, tmp_path_factory, threads, data):
        height, width = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 7))
        layout, shape = data.draw(
            st.sampled_from(
                [
                    ("NHWC", (18, height, width, 3)),
                    ("NCHW", (18, 2, height, width)),
                    ("NHWC", (18, height, width)),
                ]
            )
        )
        images = random_images(*shape, dtype=data.draw(st.sampled_from(["u1", "<f4"])))
        rng = np.random.default_rng(data.draw(st.integers(0, 99)))
        block = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
        blocks = BlockGrid.even(height, width, block).blocks
        # From the least that does for one label to what does for all.
        block_bytes = 2 * images[0].nbytes // (height * width) * block[0] * block[1]
        folder = tmp_path_factory.mktemp("file")
        check(
            folder / "images.npy",
            folder / "mixed.npy",
            images,
            rng.permutation(np.arange(18) % data.draw(st.integers(1, 3))),
            threads,
            memory=data.draw(st.integers(1, 4)) * 18 * (16 * blocks + block_bytes),
            block=block,
            layout=layout,
            sources=2,
            rounds=data.draw(st.integers(1, 2)),
            small_classes="clamp",
            key=Key(SECRET),
            ids=rng.permutation(1000)[:18] if data.draw(st.booleans()) else None,
            groups=np.arange(18) // 2 if data.draw(st.booleans()) else None,
        )

    @pytest.mark.parametrize("images", [IMAGES[:0], IMAGES[..., :0]], ids=["images", "channels"])
    def test_none_of_something(self, src, dst, threads, images):
        check(src, dst, images, [0] * len(images), threads, memory="1MiB", **OPTIONS)

    def test_without_a_key_every_call_mixes_anew(self, src, dst, threads):
        options = {"block": 3, "sources": 4, "executor": threads}
        mix_file(src, LABELS, dst, **options)
        first = np.load(dst)
        mix_file(src, LABELS, dst, overwrite=True, **options)
        assert not np.array_equal(first, np.load(dst))

    def test_paths_from_the_folder_of_the_caller(self, src, dst, processes, monkeypatch):
        """Workers are in another one."""
        monkeypatch.chdir(src.parent)
        mix_file(src.name, LABELS, dst.name, executor=processes, **OPTIONS)
        assert np.array_equal(np.load(dst), mix(IMAGES, LABELS, **OPTIONS))

    def test_progress_counts_blocks(self, src, dst, threads):
        done = []
        mix_file(
            src,
            LABELS,
            dst,
            memory=BY_ROWS,
            executor=threads,
            progress=lambda *numbers: done.append(numbers),
            **OPTIONS,
        )
        assert done == [("mix", 8 * 4 * tiles, 24 * 16) for tiles in range(1, 13)]


class TestKeyFile:
    @pytest.fixture
    def key_file(self, tmp_path_factory):
        path = tmp_path_factory.mktemp("secret") / "my.key"
        Key(SECRET).save(path)
        return KeyFile(path)

    @pytest.mark.parametrize("executor", [None, "processes:1"])
    def test_it_gives_the_bytes_of_its_key(self, src, dst, key_file, executor):
        mix_file(src, LABELS, dst, executor=executor, **OPTIONS | {"key": key_file})
        assert np.array_equal(np.load(dst), mix(IMAGES, LABELS, **OPTIONS))

    def test_no_secret_is_in_a_task(self, src, dst, key_file):
        executor = Foreign()
        options = OPTIONS | {"key": key_file}
        mix_file(src, LABELS, dst, executor=executor, memory=BY_ROWS, **options)
        assert np.array_equal(np.load(dst), mix(IMAGES, LABELS, **OPTIONS))
        assert len(executor.pickles) == 12
        for task in executor.pickles:
            for secret in (SECRET, SECRET.hex().encode(), *map(str.encode, set(LABELS))):
                assert secret not in task

    @pytest.mark.parametrize("key", [None, Key(SECRET), Key.from_seed(0)], ids=str)
    def test_a_key_itself_goes_to_our_own_processes_alone(self, src, dst, key):
        executor = Foreign()
        with pytest.raises(InputError, match=r"does not travel to workers: pass key=KeyFile\(path"):
            mix_file(src, LABELS, dst, executor=executor, **OPTIONS | {"key": key})
        assert not executor.pickles
        assert os.listdir(src.parent) == [src.name]

    def test_another_key_on_the_machine_of_a_worker(self, src, dst, key_file):
        other = Path(key_file._path).with_name("other.key")
        Key(SECRET[::-1]).save(other)

        def swap(job):
            if other.exists():
                other.replace(key_file._path)

        with (
            Watching(swap) as executor,
            pytest.raises(WorkError, match=r"holds another key on this machine.*\(3 tasks failed"),
        ):
            mix_file(
                src, LABELS, dst, executor=executor, memory="10KiB", **OPTIONS | {"key": key_file}
            )
        assert os.listdir(src.parent) == [src.name]


class TestTasks:
    def test_they_stay_small(self, src, dst):
        """Whatever is known of the images."""
        np.save(src, random_images(3000, 4, 4))
        sizes = []
        with Watching(lambda job: sizes.append(len(pickle.dumps(job)))) as executor:
            mix_file(
                src,
                ["label " * 20 + str(number % 2) for number in range(3000)],
                dst,
                groups=[f"person {number}" for number in range(3000)],
                ids=np.arange(3000) + 2**40,
                memory="400KiB",
                executor=executor,
                **OPTIONS | {"block": 1},
            )
        assert len(sizes) == 4  # two tiles of each label
        assert max(sizes) < 4096

    def test_small_labels_are_tasks_of_their_own(self, src, dst, monkeypatch):
        """So that there is work for all, although one process would mix everything at once."""
        monkeypatch.setattr("blockmix.datasets.mix_file.LOAD_BYTES", 10_000)
        jobs = []
        with Watching(jobs.append) as executor:
            mix_file(src, LABELS, dst, executor=executor, **OPTIONS)
        assert len(jobs) == 3

    def test_what_lies_beside_the_array_meanwhile(self, src, dst):
        """The numbers of images, for their owner alone, without a label or a group."""
        modes, contents = [], []

        def look(task):
            path = Path(task.members)
            assert path.parent == Path(task.part).parent == dst.parent
            modes.append(stat.S_IMODE(path.stat().st_mode))
            contents.append(path.read_bytes())

        with Watching(look) as executor:
            groups = [f"person {number // 2}" for number in range(24)]
            mix_file(src, LABELS, dst, groups=groups, executor=executor, **OPTIONS)
        assert set(modes) == {0o600}
        for name in (b"cat", b"dog", b"person", SECRET):
            assert name not in contents[0]
        assert sorted(os.listdir(src.parent)) == [src.name, dst.name]

    @pytest.fixture
    def job(self, src, dst):
        """One that ended."""
        jobs = []
        with Watching(jobs.append) as executor:
            mix_file(src, LABELS, dst, executor=executor, **OPTIONS)
        return jobs[0]

    def test_another_version_refuses_to_work(self, job):
        old = job.array._replace(versions=(("blockmix", "0.0"), ("rule", 0)))
        with pytest.raises(WorkError, match=r"has blockmix .*, not blockmix 0\.0, rule 0, and wou"):
            mix_tile(job._replace(array=old))

    def test_a_worker_that_sees_another_array(self, job, src):
        np.save(src, IMAGES.astype("u2"))
        with pytest.raises(
            WorkError, match=r"sees another array in .*images\.npy: all workers need"
        ):
            mix_tile(job)


def mix_tile_or_die(job):
    """Kill the first process that comes here."""
    try:
        Path(job.array.src).with_name("died").touch(exist_ok=False)
    except FileExistsError:
        return mix_tile(job)
    return os.kill(os.getpid(), signal.SIGKILL)


class TestFailures:
    def test_a_killed_worker_costs_what_it_was_doing(self, src, dst, monkeypatch):
        monkeypatch.setattr(array_tasks, "mix_tile", mix_tile_or_die)
        mix_file(src, LABELS, dst, executor="processes:2", memory=BY_ROWS, **OPTIONS)
        assert np.array_equal(np.load(dst), mix(IMAGES, LABELS, **OPTIONS))
        assert sorted(os.listdir(src.parent)) == ["died", src.name, dst.name]

    @pytest.mark.parametrize("executor", ["threads", "processes"])
    def test_nothing_is_left_of_a_failed_call(self, src, dst, executor, request, monkeypatch):
        dst.write_text("earlier")
        monkeypatch.setattr(array_tasks, "mix_tile", mix_first_tile)
        with pytest.raises(WorkError, match=r"^no room \(11 tasks failed\): remove the cause"):
            mix_file(
                src,
                LABELS,
                dst,
                executor=request.getfixturevalue(executor),
                memory=BY_ROWS,
                overwrite=True,
                **OPTIONS,
            )
        assert dst.read_text() == "earlier"
        assert sorted(os.listdir(src.parent)) == [src.name, dst.name]

    def test_a_folder_that_a_worker_lacks(self, src, dst):
        with (
            Watching(lambda job: Path(job.part).unlink(missing_ok=True)) as executor,
            pytest.raises(WorkError, match=r"a worker cannot write .*\.part: No such file .*\(1 "),
        ):
            mix_file(src, LABELS, dst, executor=executor, **OPTIONS)
        assert os.listdir(src.parent) == [src.name]

    def test_an_interrupt(self, src, dst, threads):
        def interrupt(stage, done, total):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            mix_file(src, LABELS, dst, executor=threads, progress=interrupt, **OPTIONS)
        assert os.listdir(src.parent) == [src.name]

    @pytest.mark.parametrize(
        ("executor", "error", "words"),
        [
            ("cluster", InputError, "executor is one of processes, dask, ray, or an Executor"),
            ("processes:0", InputError, "processes is from 1 to 1024"),
            ("dask", InputError, "name the scheduler|needs dask.distributed"),
            (4, InputTypeError, "executor is a concurrent.futures.Executor, .* got int"),
        ],
    )
    def test_what_is_no_executor_is_refused(self, src, dst, executor, error, words):
        with pytest.raises(error, match=words):
            mix_file(src, LABELS, dst, executor=executor, **OPTIONS)
        assert os.listdir(src.parent) == [src.name]

    def test_small_labels_are_refused_before_workers_start(self, src, dst):
        executor = Foreign()
        with pytest.raises(InputError, match="sources=9 needs at least 10"):
            mix_file(src, LABELS, dst, executor=executor, **OPTIONS | {"sources": 9})
        assert not executor.pickles


def mix_first_tile(job):
    """Fail on all tiles but one."""
    if job.begin or job.tile.rows.start:
        raise WorkError("no room")
    return mix_tile(job)
