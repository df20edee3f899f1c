"""Sets in shards: what comes out, what decides it, and what stays untouched."""

import hashlib
import io
import json
import os
import pickle
import re
import shutil
import tarfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from builders import SECRET, read_tree
from foreign_executor import ForeignExecutor
from PIL import Image
from shard_builders import image_file, read_tar, samples_of, write_set, write_tar

from blockmix import BlockMixer, InputError, InputTypeError, Key, KeyFile, WorkError, mix_shards
from blockmix.datasets.opaque_names import opaque_name
from blockmix.datasets.shards import mix_unit as mix_unit_module
from blockmix.datasets.shards import shard_plan as shard_plan_module
from blockmix.datasets.shards.grouping import shuffled
from blockmix.datasets.shards.mix_unit import UnitJob, unit_key
from blockmix.datasets.shards.state import RunState
from blockmix.datasets.shards.storage import LocalStore
from blockmix.datasets.worker_check import traits

COUNTS = [{"cat": 5, "dog": 4}, {"cat": 6, "dog": 7}, {"dog": 5, "cat": 4}]


@pytest.fixture
def src(tmp_path):
    return write_set(tmp_path / "src", COUNTS)


@pytest.fixture
def run(src, tmp_path):
    """Mix ``src`` with small defaults; every call writes to another folder."""
    runs = iter(range(1000))

    def run(**changes):
        options = {
            "src": src,
            "dst": tmp_path / f"dst-{next(runs)}",
            "block": 4,
            "sources": 3,
            "key": Key(SECRET),
        }
        return mix_shards(**options | changes)

    return run


def outputs(folder):
    return {name: data for name, data in read_tree(folder).items() if name != "blockmix.json"}


class TestResult:
    def test_every_unit_is_mixed_as_mix_does_it(self, src, run, tmp_path):
        """The whole way, by the public mixer: shards are units, ids are positions in them."""
        summary = run(dst=tmp_path / "dst", rounds=2)
        mixed = samples_of(tmp_path / "dst")
        shards = {path.name: read_tar(path) for path in sorted(src.iterdir())}
        for number in range(3):
            key = unit_key(Key(SECRET), summary.record["run"], number)
            mixer = BlockMixer(block=4, sources=3, rounds=2, key=key)
            matches = []
            for shard, members in shards.items():
                images = [content for name, content in members if name.endswith(".png")]
                labels = [content.decode() for name, content in members if name.endswith(".cls")]
                pixels = np.stack([np.asarray(Image.open(io.BytesIO(image))) for image in images])
                names = [opaque_name(key, position) for position in range(len(images))]
                if all(
                    name in mixed
                    and mixed[name][0] == label
                    and np.array_equal(mixed[name][1], one)
                    for name, label, one in zip(names, labels, mixer(pixels, labels), strict=True)
                ):
                    matches.append(shard)
            del shards[matches[0]]
        assert not shards
        assert len(mixed) == summary.images == 31

    def test_images_of_a_unit_come_from_all_its_shards(self, tmp_path, run):
        write_set(tmp_path / "small", [{"a": 2}] * 5)
        summary = run(src=tmp_path / "small", dst=tmp_path / "dst")
        assert summary.record["units"] == 2
        assert summary.record["smallest_cohorts"] == {"a": 4}
        assert len(list((tmp_path / "dst").glob("*.tar"))) == 5

    def test_ids_are_positions_in_the_unit_whatever_is_left_out(self, tmp_path, run):
        rng = np.random.default_rng(0)
        for shard in range(2):
            members = []
            for number in range(3):
                image = b"no image" if (shard, number) == (0, 1) else image_file(rng)
                members += [(f"{number}.png", image), (f"{number}.cls", b"a")]
            write_tar(tmp_path / "bad" / f"set-{shard}.tar", members)
        summary = run(src=tmp_path / "bad", dst=tmp_path / "dst", on_error="skip")
        key = unit_key(Key(SECRET), summary.record["run"], 0)
        left_out = 1 if shuffled(Key(SECRET), "shard order", 2)[0] == 0 else 4
        assert summary.record["units"] == 1
        assert set(samples_of(tmp_path / "dst")) == {
            opaque_name(key, position) for position in range(6) if position != left_out
        }

    def test_the_numbers_of_shards_follow_from_the_key_alone(self, tmp_path, run):
        """Not from the order in which shards are read, so that nobody can tell which is which."""
        src = write_set(tmp_path / "many", [{"a": 4}] * 12)
        summary = run(src=src, dst=tmp_path / "dst")
        order = [output["name"] for output in summary.record["outputs"]]
        assert order == [f"shard-{number:06d}.tar" for number in range(12)]
        numbers = shuffled(Key(SECRET), "shard number", 12)
        for unit, number in enumerate(numbers):
            key = unit_key(Key(SECRET), summary.record["run"], unit)
            names = {name for name, _ in read_tar(tmp_path / "dst" / f"shard-{number:06d}.tar")}
            assert f"{opaque_name(key, 0)}.png" in names

    def test_nothing_is_left_of_the_originals(self, src, run, tmp_path):
        run(dst=tmp_path / "dst")
        for path in (tmp_path / "dst").glob("*.tar"):
            assert b"person" not in path.read_bytes()
            with tarfile.open(path) as archive:
                for member in archive:
                    assert (member.mtime, member.uid, member.gid) == (0, 0, 0)
                    assert (member.uname, member.gname, member.mode) == ("", "", 0o644)
                    assert re.fullmatch(r"[0-9a-f]{32}\.(png|cls)", member.name)
            names = [name for name, _ in read_tar(path)]
            assert names[::2] == sorted(names[::2])
        assert len({path.stat().st_mtime for path in (tmp_path / "dst").iterdir()}) == 1
        assert read_tree(src) == read_tree(write_set(tmp_path / "again", COUNTS))

    def test_the_record(self, run, tmp_path):
        summary = run(dst=tmp_path / "dst")
        record = json.loads((tmp_path / "dst" / "blockmix.json").read_text())
        assert record == json.loads(json.dumps(summary.record))
        assert record["labels"] == {"cat": 15, "dog": 16}
        assert record["smallest_cohorts"] == {"cat": 4, "dog": 4}
        assert record["units"] == record["shards"]["count"] == 3
        assert record["private"]
        assert record["expected"]["own_kept"] == 0.5
        for output in record["outputs"]:
            data = (tmp_path / "dst" / output["name"]).read_bytes()
            assert output["bytes"] == len(data)
            assert output["sha256"] == hashlib.sha256(data).hexdigest()
        assert sum(output["images"] for output in record["outputs"]) == 31
        assert SECRET.hex() not in json.dumps(record)

    def test_the_summary(self, run, tmp_path):
        text = str(run(key=Key.from_seed(1)))
        assert text.startswith("mixed 31 images of 2 labels in 3 shards, 3 units\ntook ")
        assert "NOT PRIVATE" in text

    def test_images_are_resized(self, run, tmp_path):
        run(dst=tmp_path / "dst", size=(12, 20))
        assert {pixels.shape for _, pixels in samples_of(tmp_path / "dst").values()} == {
            (12, 20, 3)
        }

    def test_jpegs_become_jpegs(self, tmp_path, run):
        write_set(tmp_path / "jpegs", [{"a": 4}], suffix="jpg")
        run(src=tmp_path / "jpegs", dst=tmp_path / "dst")
        (path,) = (tmp_path / "dst").glob("*.tar")
        assert {name[-4:] for name, _ in read_tar(path)} == {".jpg", ".cls"}

    @pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
    def test_formats(self, run, format):
        assert run(format=format).record["files"]["format"] == format


class TestSameBytes:
    def test_a_key_gives_the_same_bytes(self, run, tmp_path):
        run(dst=tmp_path / "one")
        run(dst=tmp_path / "other")
        assert read_tree(tmp_path / "one") == read_tree(tmp_path / "other")

    def test_a_copy_of_the_shards_is_mixed_alike(self, src, run, tmp_path):
        run(dst=tmp_path / "one")
        shutil.copytree(src, tmp_path / "elsewhere", copy_function=shutil.copy)  # at another time
        run(src=tmp_path / "elsewhere", dst=tmp_path / "other")
        assert read_tree(tmp_path / "one") == read_tree(tmp_path / "other")

    def test_shards_of_other_names_are_mixed_otherwise(self, src, run, tmp_path):
        run(dst=tmp_path / "one")
        os.rename(src / "set-0001.tar", src / "set-0001-again.tar")
        run(dst=tmp_path / "other")
        one, other = outputs(tmp_path / "one"), outputs(tmp_path / "other")
        assert not {*one.values()} & {*other.values()}

    @pytest.mark.parametrize("change", [{"key": Key(SECRET[::-1])}, {"rounds": 2}, {"quality": 7}])
    def test_others_give_others(self, run, tmp_path, change):
        if "quality" in change:
            change = change | {"format": "jpeg"}
        run(dst=tmp_path / "one")
        run(dst=tmp_path / "other", **change)
        one, other = outputs(tmp_path / "one"), outputs(tmp_path / "other")
        assert not {*one.values()} & {*other.values()}

    @pytest.mark.parametrize("load_bytes", [1, 5000, 1 << 30])
    def test_labels_that_are_mixed_together_make_no_difference(
        self, run, tmp_path, monkeypatch, load_bytes
    ):
        run(dst=tmp_path / "one")
        monkeypatch.setattr(mix_unit_module, "LOAD_BYTES", load_bytes)
        run(dst=tmp_path / "other")
        assert read_tree(tmp_path / "one") == read_tree(tmp_path / "other")

    def test_a_key_file_gives_the_bytes_of_its_key(self, run, tmp_path):
        Key(SECRET).save(tmp_path / "my.key")
        run(dst=tmp_path / "one")
        run(dst=tmp_path / "other", key=KeyFile(tmp_path / "my.key"), executor="processes:2")
        assert read_tree(tmp_path / "one") == read_tree(tmp_path / "other")


class TestBadImages:
    @pytest.fixture
    def src(self, tmp_path):
        """One shard in which samples 1 and 5 are no images, and sample 7 has no label."""
        rng = np.random.default_rng(0)
        members = []
        for number in range(9):
            data = image_file(rng)
            if number in (1, 5):
                data = data[:60] if number == 1 else b"no image"
            members.append((f"{number}.png", data))
            if number != 7:
                members.append((f"{number}.cls", b"a"))
        return write_tar(tmp_path / "src" / "set.tar", members).parent

    def test_they_stop_the_run_before_anything_is_written(self, src, run, tmp_path):
        with pytest.raises(InputError, match=r"sample 5 of .*set\.tar: it is not an image .*skip"):
            run(dst=tmp_path / "dst")
        assert not (tmp_path / "dst").exists()

    def test_they_are_left_out_and_listed(self, run, src):
        summary = run(on_error="skip")
        assert summary.images == 6
        assert [(url, position) for url, position, _ in summary.skipped] == [
            (str(src / "set.tar"), position) for position in (5, 7, 1)
        ]
        assert summary.record["labels"] == {"a": 6}
        assert summary.record["smallest_cohorts"] == {"a": 6}
        assert summary.record["skipped"] == 3
        assert "skipped sample 7" in str(summary)

    def test_what_only_decoding_shows_fails_the_unit(self, tmp_path, run):
        rng = np.random.default_rng(0)
        members = []
        for number in range(6):
            data = image_file(rng, suffix="jpg", size=(64, 64))
            members += [(f"{number}.jpg", data[: -500 if number == 4 else None])]
            members += [(f"{number}.cls", b"3")]
        src = write_tar(tmp_path / "cut" / "set.tar", members)
        with pytest.raises(WorkError, match=r"unit 0 \(.*set\.tar\): sample 4 of its shard 0: "):
            run(src=src, dst=tmp_path / "dst")
        summary = run(src=src, on_error="skip")
        assert summary.images == summary.record["labels"]["3"] == 5
        assert summary.record["skipped"] == 1

    def test_too_few_images_are_left(self, run):
        with pytest.raises(InputError, match="'a' has 7: lower sources"):
            run(on_error="skip", sources=7)
        with pytest.raises(WorkError, match="label 'a' has 6 images, but sources=6 needs"):
            run(on_error="skip", sources=6)


class TestResume:
    @pytest.fixture
    def interrupted(self, run, tmp_path, monkeypatch):
        """A destination in which two of three units are done."""
        write = mix_unit_module._Work.write
        written = []

        def stop(self, *arguments):
            if len(written) == 2:
                raise KeyboardInterrupt
            written.append(1)
            return write(self, *arguments)

        with monkeypatch.context() as patch:
            patch.setattr(mix_unit_module._Work, "write", stop)
            with pytest.raises(KeyboardInterrupt):
                run(dst=tmp_path / "dst")
        return tmp_path / "dst"

    def test_only_what_is_left_is_done(self, run, interrupted, tmp_path):
        run(dst=tmp_path / "whole")
        summary = run(dst=interrupted, resume=True)
        assert summary.written < summary.images == 31
        assert read_tree(interrupted) == read_tree(tmp_path / "whole")

    def test_a_new_run_is_refused(self, run, interrupted):
        with pytest.raises(InputError, match="is not empty: name a new folder"):
            run(dst=interrupted)

    @pytest.mark.parametrize(
        "change", [{"key": Key(SECRET[::-1])}, {"rounds": 2}, {"block": 8}, {"format": "webp"}]
    )
    def test_another_run_is_refused(self, run, interrupted, change):
        before = read_tree(interrupted)
        with pytest.raises(InputError, match="was begun with another key, other parameters"):
            run(dst=interrupted, resume=True, **change)
        assert read_tree(interrupted) == before

    def test_shards_that_have_changed_are_refused(self, run, interrupted, src):
        write_set(src, COUNTS, seed=1)
        with pytest.raises(InputError, match="other parameters, versions or shards"):
            run(dst=interrupted, resume=True)

    def test_overwrite_starts_anew(self, run, interrupted, tmp_path):
        run(dst=tmp_path / "whole", rounds=2)
        summary = run(dst=interrupted, overwrite=True, rounds=2)
        assert summary.written == 31
        assert read_tree(interrupted) == read_tree(tmp_path / "whole")

    @pytest.mark.parametrize("name", ["notes.txt", "shard-000003.tar", "shard-000001.parquet"])
    @pytest.mark.parametrize("is_finished", [True, False])
    def test_overwrite_touches_nothing_that_is_not_blockmixs(
        self, run, interrupted, name, is_finished
    ):
        if is_finished:
            run(dst=interrupted, resume=True)
        (interrupted / name).write_text("mine")
        (interrupted / "empty").mkdir()
        with pytest.raises(InputError, match=f"holds {name}, which was not written"):
            run(dst=interrupted, overwrite=True)
        assert (interrupted / name).read_text() == "mine"
        (interrupted / name).unlink()
        run(dst=interrupted, overwrite=True)
        assert (interrupted / "empty").is_dir()

    @pytest.mark.parametrize("damage", [os.unlink, lambda path: path.write_bytes(b"")])
    def test_a_marker_counts_only_with_its_shards(self, run, interrupted, tmp_path, damage):
        """They may have been removed, or lost with the power of the machine."""
        run(dst=tmp_path / "whole")
        damage(next(interrupted.glob("shard-*.tar")))
        run(dst=interrupted, resume=True)
        assert read_tree(interrupted) == read_tree(tmp_path / "whole")

    def test_a_kill_while_an_earlier_result_is_removed(self, run, interrupted, tmp_path):
        """Wherever it comes, the old run goes on to its old bytes."""
        run(dst=tmp_path / "whole")
        before = read_tree(interrupted)
        for number in range(len(before)):
            folder = tmp_path / f"copy-{number}"
            shutil.copytree(interrupted, folder)
            removed = []

            def stop(self, url, remove=LocalStore.remove, removed=removed, number=number):
                if len(removed) == number:
                    raise KeyboardInterrupt
                removed.append(url)
                remove(self, url)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(LocalStore, "remove", stop)
                with pytest.raises(KeyboardInterrupt):
                    run(dst=folder, overwrite=True, rounds=2)
            run(dst=folder, resume=True)
            assert read_tree(folder) == read_tree(tmp_path / "whole")

    def test_reasons_of_failures_go_when_a_run_goes_on(self, run, interrupted):
        state = RunState(str(interrupted))
        state.note_failure(2, "the disk is full")
        seen = []
        run(
            dst=interrupted,
            resume=True,
            progress=lambda stage, done, total: seen.append(state.failed()),
        )
        assert not any(seen)

    def test_markers_of_another_run_do_not_count(self, run, interrupted, tmp_path):
        for path in (interrupted / ".blockmix/units").iterdir():
            path.write_text(path.read_text().replace('"run": "', '"run": "0'))
        assert run(dst=interrupted, resume=True).written == 31

    def test_the_state_names_no_original_and_holds_no_key(self, interrupted):
        for name, data in read_tree(interrupted / ".blockmix").items():
            assert b"person" not in data
            assert b"set-0" not in data
            assert SECRET.hex().encode() not in data, name

    def test_a_complete_set_is_left_as_it_is(self, run, tmp_path):
        first = run(dst=tmp_path / "dst")
        before = read_tree(tmp_path / "dst")
        summary = run(dst=tmp_path / "dst", resume=True)
        assert (summary.images, summary.written) == (31, 0)
        assert json.dumps(summary.record) == json.dumps(first.record)
        assert read_tree(tmp_path / "dst") == before
        (tmp_path / "dst/.blockmix/drivers").mkdir(parents=True)  # left by a kill at the very end
        run(dst=tmp_path / "dst", resume=True)
        (tmp_path / "dst/.blockmix/drivers").mkdir(parents=True)
        (tmp_path / "dst/.blockmix/drivers/000003.json").write_text("{}")
        run(dst=tmp_path / "dst", resume=True)
        assert not (tmp_path / "dst/.blockmix").exists()
        assert read_tree(tmp_path / "dst") == before
        with pytest.raises(InputError, match="was begun with another key, other parameters"):
            run(dst=tmp_path / "dst", resume=True, rounds=2)
        (tmp_path / "dst/notes.txt").write_text("mine")
        with pytest.raises(InputError, match="is not empty"):
            run(dst=tmp_path / "dst", resume=True)

    @pytest.mark.parametrize("overwrite", [True, False])
    def test_what_came_while_shards_were_looked_at_is_kept(self, run, tmp_path, overwrite):
        """Such as the set of another run, or a file of somebody else."""
        if overwrite:
            run(dst=tmp_path / "dst")

        def come(stage, done, total):
            if stage == "check":
                (tmp_path / "dst").mkdir(exist_ok=True)
                (tmp_path / "dst/shard-000007.tar").write_bytes(b"of somebody else")

        with pytest.raises(InputError, match=r"is not empty|holds shard-000007\.tar"):
            run(dst=tmp_path / "dst", progress=come, overwrite=overwrite)
        assert (tmp_path / "dst/shard-000007.tar").read_bytes() == b"of somebody else"
        assert not (tmp_path / "dst/.blockmix").exists()

    def test_of_runs_that_begin_at_once_one_succeeds(self, run, src, tmp_path):
        """Whether new or to replace an earlier one: the set is that of one of them."""
        for number, options in enumerate([{}, {"overwrite": True}] * 5):
            dst = tmp_path / f"race-{number}"
            if options:
                run(dst=dst)

            def race(rounds, dst=dst, options=options):
                try:
                    return run(dst=dst, rounds=rounds, **options)
                except (InputError, WorkError) as error:
                    return error

            with ThreadPoolExecutor(3) as pool:
                outcomes = list(pool.map(race, (1, 2, 3)))
            assert any(not isinstance(outcome, Exception) for outcome in outcomes)
            record = json.loads((dst / "blockmix.json").read_text())
            found = {name: hashlib.sha256(data).hexdigest() for name, data in outputs(dst).items()}
            assert found == {output["name"]: output["sha256"] for output in record["outputs"]}

    def test_a_new_destination_is_begun(self, run, tmp_path):
        assert run(dst=tmp_path / "new", resume=True).written == 31


class TestKeys:
    def test_units_of_other_runs_have_other_keys(self):
        key = Key(SECRET)
        keys = {unit_key(key, run, unit).words().tobytes() for run in ("a", "b") for unit in (0, 1)}
        assert len(keys | {key.words().tobytes()}) == 5

    @pytest.fixture
    def executor(self):
        return ForeignExecutor()

    def test_no_key_travels_where_others_may_read_it(self, run, tmp_path, executor):
        with pytest.raises(InputError, match=r"is not encrypted, so keys must not .*=KeyFile"):
            run(dst=tmp_path / "dst", executor=executor)
        assert not (tmp_path / "dst").exists()
        assert executor.jobs == []

    def test_keys_from_a_seed_are_no_secret(self, run, executor):
        run(key=Key.from_seed(0), executor=executor)
        assert executor.jobs

    def test_what_travels_holds_no_key_and_names_no_original(self, run, tmp_path, executor):
        Key(SECRET).save(tmp_path / "my.key")
        run(key=KeyFile(tmp_path / "my.key"), executor=executor)
        for job in executor.jobs:
            pickled = pickle.dumps(job)
            assert len(pickled) < 4096
            for secret in (SECRET, SECRET.hex().encode(), b"person-"):
                assert secret not in pickled

    def test_the_key_of_a_unit_does_not_show(self, run):
        with ThreadPoolExecutor(1) as pool:
            jobs = []
            submit = pool.submit
            pool.submit = lambda function, job: jobs.append(job) or submit(function, job)
            run(executor=pool)
        units = [job for job in jobs if isinstance(job, UnitJob)]
        assert len(units) == 3
        assert all("key=CarriedKey(<secret>)" in repr(job) for job in units)

    def test_a_worker_that_would_give_other_bytes_is_refused(self, run, monkeypatch):
        def other(encoder, libraries):
            return traits(encoder, libraries) | {"pillow": "1.0"}

        monkeypatch.setattr(shard_plan_module, "traits", other)
        with pytest.raises(WorkError, match=r"other bytes: pillow is .*, not 1\.0"):
            run()


class TestBadInput:
    def test_the_source_is_not_overwritten(self, run, tmp_path, monkeypatch):
        run(dst=tmp_path / "one")
        before = read_tree(tmp_path / "one")
        os.symlink(tmp_path / "one", tmp_path / "link")
        monkeypatch.chdir(tmp_path)
        for src in ("one", "link", f"file://{tmp_path}/one", "one/shard-{000000..000002}.tar"):
            with pytest.raises(InputError, match="lies in the destination: keep them apart"):
                run(src=src, dst=tmp_path / "one", overwrite=True, rounds=2)
        assert read_tree(tmp_path / "one") == before

    def test_a_destination_that_is_a_file(self, run, tmp_path):
        (tmp_path / "file").write_text("mine")
        with pytest.raises(InputError, match="file is not a folder: name a folder"):
            run(dst=tmp_path / "file", overwrite=True)

    def test_a_label_that_is_a_number_and_a_text(self, run, tmp_path):
        rng = np.random.default_rng(0)
        members = []
        for number in range(16):
            members.append((f"{number}.png", image_file(rng)))
            label = [5, "5"][number % 2]
            members.append((f"{number}.json", json.dumps({"c": label}).encode()))
        src = write_tar(tmp_path / "x" / "set.tar", members)
        with pytest.raises(InputError, match="label 5 is a number in some samples and a text"):
            run(src=src, label="json:c")

    def test_many_small_labels_are_not_all_listed(self, run, tmp_path):
        src = write_set(tmp_path / "many", [{f"person {n:03}": 1 for n in range(200)}])
        with pytest.raises(InputError, match=r"and 195 more have too few") as caught:
            run(src=src)
        assert "person 006" not in str(caught.value)

    def test_an_executor_that_is_closed(self, run):
        pool = ThreadPoolExecutor(1)
        pool.shutdown()
        with pytest.raises(WorkError, match="the executor takes no task"):
            run(executor=pool)

    @pytest.mark.parametrize(
        ("change", "error", "words"),
        [
            ({"src": 3}, InputTypeError, "src names shards, by a path, a URL or several, got 3"),
            ({"src": [3]}, InputTypeError, "src is a path or a URL, got 3"),
            ({"dst": ""}, InputTypeError, "dst is a path or a URL, got ''"),
            ({"label": ""}, InputTypeError, "label says where labels are"),
            ({"label": "txt"}, InputError, "hold no image that can be used|has no label"),
            ({"resume": True, "key": None}, InputError, "resume needs the key"),
            ({"resume": True, "overwrite": True}, InputError, "choose one"),
            ({"sources": 90}, InputError, "'cat' has 15, 'dog' has 16: lower sources"),
            ({"memory": "1MiB"}, InputError, "largest unit, of 1 shard, takes about"),
            ({"executor": "cluster"}, InputError, "executor is one of"),
            ({"size": 0}, InputError, "size is"),
        ],
    )
    def test_it_is_refused_before_anything_is_written(self, run, tmp_path, change, error, words):
        with pytest.raises(error, match=words):
            run(**{"dst": tmp_path / "dst"} | change)
        assert not (tmp_path / "dst").exists()

    def test_a_destination_with_files_is_refused(self, run, tmp_path):
        (tmp_path / "dst").mkdir()
        (tmp_path / "dst" / "mine.txt").write_text("mine")
        for options in ({}, {"overwrite": True}, {"resume": True}):
            with pytest.raises(InputError):
                run(dst=tmp_path / "dst", **options)
        assert os.listdir(tmp_path / "dst") == ["mine.txt"]

    def test_a_damaged_shard_is_named(self, run, src):
        (src / "set-0001.tar").write_bytes(b"no archive" * 99)
        with pytest.raises(WorkError, match=r"set-0001\.tar cannot be read"):
            run()

    def test_images_of_several_sizes_need_a_size(self, run, src):
        write_set(src, [{"cat": 4, "dog": 4}], size=(8, 12))
        with pytest.raises(InputError, match="some are 8 x 12, some 16 x 16; give the size"):
            run()


def test_labels_keep_their_number(run, tmp_path):
    write_set(tmp_path / "digits", [{0: 5, 10: 5, 9: 4}] * 2)
    summary = run(src=tmp_path / "digits", dst=tmp_path / "dst")
    assert list(summary.record["labels"]) == ["0", "9", "10"]
    labels = Counter(label for label, _ in samples_of(tmp_path / "dst").values())
    assert labels == {"0": 10, "10": 10, "9": 8}
