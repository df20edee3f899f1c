"""The main job on folders: what comes out, what decides it, and what stays untouched."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from builders import SECRET, pillow_alone, read_tree, write_images
from PIL import Image, ImageFile

from blockmix import BlockGrid, InputError, Key, WorkError, mix_folder
from blockmix.datasets import cohorts as cohorts_module
from blockmix.datasets.engines import local as local_module
from blockmix.datasets.folder import image_folder as image_folder_module
from blockmix.datasets.folder import prefetch as prefetch_module
from blockmix.datasets.folder.destination import Destination
from blockmix.datasets.jpeg import codec_version
from blockmix.kernels import reference

# 16 x 16 colour images in 16 blocks, see `capacity`.
EACH = 3 * 768 + 8 * 16 + 1024


def pixels_of(path):
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture
def src(tmp_path):
    return write_images(tmp_path / "src", {"cat": 30, "dog": 20})


@pytest.fixture
def run(src, tmp_path, key):
    """Mix ``src`` with small defaults; every call writes to another folder."""
    runs = iter(range(100))

    def run(dst=None, **changes):
        dst = dst or tmp_path / f"dst{next(runs)}"
        summary = mix_folder(src, dst, **{"block": 4, "sources": 3, "key": key} | changes)
        return dst, summary

    return run


def test_the_result_is_the_reference_on_every_label(src, run):
    dst, _ = run(names="keep", rounds=2)
    first = 0
    for label, count in (("cat", 30), ("dog", 20)):
        originals = np.stack([pixels_of(src / label / f"{i:03}.png") for i in range(count)])
        grid = BlockGrid.even(16, 16, 4)
        sources = reference.source_map(
            SECRET,
            [0] * count,
            16,
            sources=3,
            rounds=2,
            probability=0.5,
            ids=range(first, first + count),
        )
        expected = reference.apply(
            originals, sources.reshape(-1, 4, 4), grid.row_edges, grid.col_edges
        )
        mixed = np.stack([pixels_of(dst / label / f"{i:03}.png") for i in range(count)])
        assert np.array_equal(mixed, expected)
        first += count


def test_cohorts_mix_among_themselves_only(src, run, key):
    dst, summary = run(names="keep", memory=10 * EACH)
    assert summary.record["cohorts"] == 3 + 2
    originals = {path: pixels_of(path) for path in src.rglob("*.png")}
    cuts = []
    for path in dst.rglob("*.png"):
        mixed = pixels_of(path)
        origins = set()
        for r in range(0, 16, 4):
            for c in range(0, 16, 4):
                block = np.s_[r : r + 4, c : c + 4]
                (origin,) = [
                    p
                    for p, pixels in originals.items()
                    if np.array_equal(pixels[block], mixed[block])
                ]
                origins.add(origin)
        assert {origin.parent.name for origin in origins} == {path.parent.name}
        cuts.append(origins)
    # Images that share a source are in one cohort: three of cat, two of dog, each of ten.
    groups = []
    for origins in cuts:
        linked = [group for group in groups if group & origins]
        groups = [group for group in groups if not group & origins]
        groups.append(origins.union(*linked))
    assert sorted(len(group) for group in groups) == [10] * 5


def test_labels_that_are_named_like_cohorts_do_not_meet(tmp_path, key):
    for label, count, value in (("a", 20, 10), ("a (cohort 2 of 2)", 8, 200)):
        (tmp_path / "src" / label).mkdir(parents=True)
        for i in range(count):
            pixels = np.full((16, 16, 3), value, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "src" / label / f"{i}.png")
    dst = tmp_path / "dst"
    mix_folder(tmp_path / "src", dst, block=4, sources=3, memory=10 * EACH, key=key)
    assert {int(v) for path in (dst / "a").iterdir() for v in np.unique(pixels_of(path))} == {10}


class TestWhatDecides:
    @pytest.mark.parametrize(
        "change", [{"workers": 1}, {"workers": 5}, {"memory": "2GiB"}], ids=str
    )
    def test_workers_and_spare_memory_do_not(self, run, change):
        assert read_tree(run()[0]) == read_tree(run(**change)[0])

    def test_the_order_of_cohorts_does_not(self, run, monkeypatch):
        forwards, _ = run(memory=10 * EACH)
        cut = cohorts_module.cut_into_cohorts
        monkeypatch.setattr(
            "blockmix.datasets.plan.cut_into_cohorts", lambda *args: cut(*args)[::-1]
        )
        backwards, _ = run(memory=10 * EACH)
        forwards, backwards = read_tree(forwards), read_tree(backwards)
        del forwards["blockmix.json"], backwards["blockmix.json"]
        assert forwards == backwards

    def test_the_grouping_into_loads_does_not(self, run, monkeypatch):
        together, _ = run(memory=10 * EACH)
        monkeypatch.setattr(
            local_module, "group_into_loads", lambda cohorts, *_: ([c] for c in cohorts)
        )
        assert read_tree(together) == read_tree(run(memory=10 * EACH)[0])

    @pytest.mark.parametrize("size", [None, 12])
    def test_how_many_images_a_worker_gets_does_not(self, tmp_path, key, monkeypatch, size):
        src = write_images(tmp_path / "src", {"a": 30, "b": 20}, suffix=".jpg")
        trees = []
        for count in (1, 7, 64):
            monkeypatch.setattr(local_module, "_CHUNK", count)
            monkeypatch.setattr(local_module, "_LARGEST_CHUNK", count)
            mix_folder(src, tmp_path / str(count), size=size, block=4, sources=3, key=key)
            trees.append(read_tree(tmp_path / str(count)))
        assert trees[0] == trees[1] == trees[2]

    def test_how_many_files_are_kept_does_not(self, tmp_path, key, monkeypatch):
        src = write_images(tmp_path / "src", {"a": 30, "b": 20}, suffix=".jpg")
        trees = []
        for room in (0, 200_000, 64 << 20):
            monkeypatch.setattr(prefetch_module, "PREFETCHED_BYTES", room)
            mix_folder(src, tmp_path / str(room), block=4, sources=3, key=key)
            trees.append(read_tree(tmp_path / str(room)))
        assert trees[0] == trees[1] == trees[2]

    def test_which_library_decodes_does_not(self, tmp_path, key):
        src = write_images(tmp_path / "src", {"a": 30}, size=(40, 30), suffix=".jpg")
        mix_folder(src, tmp_path / "dst", size=16, block=4, key=key)
        with pillow_alone():
            mix_folder(src, tmp_path / "pillow", size=16, block=4, key=key)
        trees = [read_tree(tmp_path / name) for name in ("dst", "pillow")]
        records = [json.loads(tree.pop("blockmix.json")) for tree in trees]
        assert trees[0] == trees[1]
        assert [record["simplejpeg"] for record in records] == [codec_version(), None]
        assert len({record["pillow"] for record in records}) == 1

    def test_a_budget_that_cuts_labels_does(self, run):
        whole, cut = (read_tree(run(memory=memory)[0]) for memory in ("1GiB", 10 * EACH))
        assert whole.keys() == cut.keys()
        assert whole != cut

    def test_the_key_does_names_included(self, run):
        secret, seeded = (read_tree(run(key=key)[0]) for key in (Key(SECRET), Key.from_seed(0)))
        assert secret.keys() & seeded.keys() == {"blockmix.json"}

    def test_without_a_key_every_run_differs(self, run):
        assert read_tree(run(key=None)[0]).keys() != read_tree(run(key=None)[0]).keys()


@pytest.fixture
def jpegs(tmp_path):
    return write_images(tmp_path / "jpegs", {"a": 30}, suffix=".jpg")


def test_jpegs_are_read_once(jpegs, tmp_path, key):
    """Changes to a file after its header was read do not matter."""

    def spoil(stage, done, total):
        if (stage, done) == ("check", total):
            for path in jpegs.rglob("*.jpg"):
                path.write_bytes(b"spoiled")

    mix_folder(jpegs, tmp_path / "whole", block=4, key=key)
    mix_folder(jpegs, tmp_path / "spoiled", block=4, key=key, progress=spoil)
    whole, spoiled = read_tree(tmp_path / "whole"), read_tree(tmp_path / "spoiled")
    del whole["blockmix.json"], spoiled["blockmix.json"]  # sizes of files are part of the run's id
    assert whole == spoiled


def test_nothing_is_kept_longer_than_it_is_needed(jpegs, tmp_path, key, monkeypatch):
    created = []
    monkeypatch.setattr(
        image_folder_module,
        "PrefetchedJpegs",
        lambda: created.append(prefetch_module.PrefetchedJpegs()) or created[-1],
    )
    counts = []
    mix_folder(
        jpegs,
        tmp_path / "dst",
        block=4,
        key=key,
        progress=lambda *_: counts.append(len(created[0]._files)),
    )
    assert (max(counts), counts[-1]) == (30, 0)


def test_the_source_is_untouched(src, run):
    before, times = read_tree(src), [path.stat().st_mtime_ns for path in src.rglob("*")]
    run()
    assert read_tree(src) == before
    assert [path.stat().st_mtime_ns for path in src.rglob("*")] == times


def test_nothing_leaks_beside_the_pixels(src, run):
    dst, summary = run()
    files = [path for path in dst.rglob("*") if path.is_file()]
    assert len({path.stat().st_mtime for path in files}) == 1
    assert {path.parent.name for path in files} == {"cat", "dog", dst.name}
    for path in files:
        assert path.name == "blockmix.json" or re.fullmatch(r"[0-9a-f]{32}\.png", path.name)
    text = (dst / "blockmix.json").read_text()
    for secret in (SECRET.hex(), str(src), src.name, "000.png", str(os.getpid())):
        assert secret not in text
    assert summary.record == json.loads(text, object_hook=lists_to_tuples)


def lists_to_tuples(record):
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in record.items()
    }


def test_files_are_written_in_the_order_of_their_new_names(run, monkeypatch):
    written = []
    write = Destination.write
    monkeypatch.setattr(
        Destination,
        "write",
        lambda self, path, data: (written.append(path), write(self, path, data)),
    )
    run(workers=1)
    images = [path for path in written if path.endswith(".png")]
    assert images == sorted(images)


def test_the_summary(run):
    _, summary = run(rounds=2)
    assert (summary.images, summary.written, summary.skipped) == (50, 50, ())
    assert summary.record["labels"] == {"cat": 30, "dog": 20}
    assert summary.record["grid"]["blocks"] == 16
    assert set(summary.stage_seconds) == {
        *("compile", "check", "read", "resize", "draw", "gather", "encode", "write")
    }
    assert all(spent > 0 for spent in summary.stage_seconds.values())
    text = str(summary)
    assert "mixed 50 images of 2 labels in 2 cohorts" in text
    assert "rounds 2" in text
    assert "NOT PRIVATE" not in text


def test_a_seed_is_stamped_not_private(run):
    dst, summary = run(key=Key.from_seed(5))
    assert "NOT PRIVATE" in str(summary)
    assert json.loads((dst / "blockmix.json").read_text())["private"] is False


def test_progress_reaches_its_ends(run):
    calls = []
    run(progress=lambda *call: calls.append(call))
    assert [call for call in calls if call[1] == call[2]] == [
        ("check", 50, 50),
        ("read", 50, 50),
        ("write", 50, 50),
    ]


class TestFormats:
    def suffixes(self, dst):
        return {path.suffix for path in dst.rglob("*") if path.suffix != ".json" and path.is_file()}

    def test_jpeg_stays_jpeg(self, tmp_path, key):
        src = write_images(tmp_path / "src", {"a": 12}, suffix=".jpg")
        mix_folder(src, tmp_path / "dst", block=8, key=key)
        assert self.suffixes(tmp_path / "dst") == {".jpg"}

    def test_a_set_that_holds_anything_else_becomes_png(self, tmp_path, key):
        src = write_images(tmp_path / "src", {"a": 12}, suffix=".jpg")
        write_images(src, {"b": 12}, suffix=".bmp")
        mix_folder(src, tmp_path / "dst", block=8, key=key)
        assert self.suffixes(tmp_path / "dst") == {".png"}

    def test_on_request(self, run):
        assert self.suffixes(run(format="webp")[0]) == {".webp"}

    def test_grey_sets_stay_grey(self, tmp_path, key):
        src = write_images(tmp_path / "src", {"a": 12}, grey=True)
        mix_folder(src, tmp_path / "dst", block=8, key=key)
        assert {pixels_of(path).shape for path in (tmp_path / "dst" / "a").iterdir()} == {(16, 16)}

    def test_sets_of_grey_and_colour_become_colour(self, tmp_path, key):
        src = write_images(tmp_path / "src", {"a": 12}, grey=True)
        write_images(src, {"b": 12})
        mix_folder(src, tmp_path / "dst", block=8, key=key)
        shapes = {pixels_of(path).shape for path in (tmp_path / "dst" / "a").iterdir()}
        assert shapes == {(16, 16, 3)}


class TestNames:
    def test_kept_names_keep_their_folders(self, src, run):
        (src / "cat" / "deep").mkdir()
        (src / "cat" / "000.png").rename(src / "cat" / "deep" / "x.y.png")
        dst, _ = run(names="keep", format="jpeg")
        assert (dst / "cat" / "deep" / "x.y.jpg").exists()
        assert len(list(dst.rglob("*.jpg"))) == 50

    def test_kept_names_that_collide(self, src, run):
        Image.open(src / "cat" / "000.png").save(src / "cat" / "000.bmp")
        with pytest.raises(InputError, match=r"000\.bmp and .*000\.png would both become cat/000"):
            run(names="keep")
        assert run()[1].images == 51

    def test_kept_names_where_one_would_be_a_folder_and_a_file(self, src, run):
        (src / "cat" / "a.png").mkdir()
        (src / "cat" / "000.png").rename(src / "cat" / "a.png" / "x.png")
        (src / "cat" / "001.png").rename(src / "cat" / "a.bmp")
        with pytest.raises(InputError, match=r"would both become cat/a\.png"):
            run(names="keep")


class TestSizes:
    def test_resizing(self, run):
        dst, _ = run(size=(8, 12))
        assert {pixels_of(path).shape for path in dst.rglob("*.png")} == {(8, 12, 3)}

    def test_images_of_several_sizes_need_a_size(self, src, run):
        write_images(src, {"emu": 20}, size=(16, 20))
        with pytest.raises(
            InputError, match=r"differ in size: .* is 16 x 16, but .* is 16 x 20; give"
        ):
            run()
        assert run(size=16)[1].images == 70

    def test_a_block_larger_than_the_image(self, run):
        with pytest.raises(InputError, match="block height 17 is larger"):
            run(block=17)


class TestBadImages:
    @pytest.fixture
    def bad(self, src):
        (src / "cat" / "text.jpg").write_text("hello")
        cut = src / "dog" / "cut.png"
        cut.write_bytes((src / "dog" / "000.png").read_bytes()[:-50])
        return {src / "cat" / "text.jpg": "not an image", cut: "cannot be"}

    def test_stop_the_run_before_anything_is_written(self, bad, run, tmp_path):
        with pytest.raises(WorkError, match=r"text\.jpg: it is not an image.*on_error='skip'"):
            run(tmp_path / "dst")
        assert not (tmp_path / "dst").exists()

    def test_that_show_only_when_decoded_stop_the_run_too(self, src, bad, run):
        (src / "cat" / "text.jpg").unlink()
        with pytest.raises(WorkError, match=r"cut\.png: it cannot be .*on_error='skip'"):
            run()

    def test_can_be_skipped(self, src, bad, run, key):
        dst, summary = run(on_error="skip")
        assert summary.images == summary.written == 50
        assert dict(summary.skipped).keys() == bad.keys()
        for path, reason in summary.skipped:
            assert bad[path] in reason
            assert f"skipped {path}" in str(summary)
        record = json.loads((dst / "blockmix.json").read_text())
        assert record["skipped"] == 2
        assert record["labels"] == {"cat": 30, "dog": 20}
        assert record["smallest_cohorts"] == record["labels"]
        assert "text" not in (dst / "blockmix.json").read_text()

    def test_that_make_a_label_too_small(self, src, bad, run):
        with pytest.raises(
            WorkError, match="'dog' has 20 images, but sources=20 needs at least 21"
        ):
            run(sources=20, on_error="skip")

    def test_that_are_all_of_a_label(self, src, run):
        (src / "emu").mkdir()
        (src / "emu" / "a.jpg").touch()
        with pytest.raises(InputError, match="the label 'emu' has no image that can be used"):
            run(on_error="skip")


class TestSmallLabels:
    def test_are_all_listed(self, src, run, tmp_path):
        write_images(src, {"emu": 2, "fox": 1})
        with pytest.raises(InputError, match="'emu' has 2 images, 'fox' has 1 image, but"):
            run(tmp_path / "dst")
        assert not (tmp_path / "dst").exists()

    def test_can_be_clamped(self, src, run):
        write_images(src, {"emu": 2})
        assert run(small_classes="clamp")[1].images == 52

    def test_of_one_image_never(self, src, run):
        write_images(src, {"fox": 1})
        with pytest.raises(InputError, match=r"'fox' has 1 image, but .*published unmixed"):
            run(small_classes="clamp")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": "hash"}, "names is one of opaque, keep"),
        ({"on_error": "ignore"}, "on_error is one of error, skip"),
        ({"format": "gif"}, "format is one of jpeg, png, webp"),
        ({"quality": 0}, "quality is from 1 to 100"),
        ({"quality": 50}, "PNG has none"),
        ({"workers": 0}, "workers is from 1"),
        ({"memory": "lots"}, "memory is an amount"),
        ({"memory": 7 * EACH}, r"holds 7 of these images, but sources=3 needs 8"),
        ({"size": 0}, "size is"),
        ({"probability": 2}, "probability is from 0 to 1"),
        ({"resume": True, "key": None}, "resume needs the key"),
        ({"resume": True, "overwrite": True}, "choose one"),
    ],
    ids=str,
)
def test_bad_arguments_write_nothing(run, tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        run(tmp_path / "dst", **arguments)
    assert not (tmp_path / "dst").exists()


@pytest.mark.parametrize("label", ["blockmix.json", "ünï çødé 🙂", "-x", "a'b"])
def test_names_of_labels(src, run, label):
    write_images(src, {label: 10})
    if label == "blockmix.json":
        with pytest.raises(InputError, match=r"a label cannot be named 'blockmix\.json'"):
            run()
    else:
        dst, _ = run()
        assert len(list((dst / label).iterdir())) == 10


def test_names_that_are_not_unicode(src, run):
    name = os.fsdecode(b"\xff\xfe.png")
    (src / "cat" / "000.png").rename(src / "cat" / name)
    dst, _ = run(names="keep")
    assert (dst / "cat" / name).exists()


def test_real_faces(faces, tmp_path, key):
    """A few of the real images: the labels stay, every block is found at its place."""
    src = tmp_path / "src"
    for label in faces.iterdir():
        (src / label.name).mkdir(parents=True)
        for path in sorted(label.iterdir())[:12]:
            (src / label.name / path.name).symlink_to(path)
    with pytest.raises(WorkError, match="leads out of the source folder"):
        mix_folder(src, tmp_path / "dst", key=key)
    for link in src.rglob("*.jpg"):
        data = link.read_bytes()
        link.unlink()
        Path(link).write_bytes(data)
    dst = tmp_path / "dst"
    mix_folder(src, dst, size=192, format="png", key=key)
    for label in src.iterdir():
        originals = []
        for path in sorted(label.iterdir()):
            with Image.open(path) as image:
                originals.append(np.asarray(image.resize((192, 192), Image.Resampling.LANCZOS)))
        originals = np.stack(originals)
        mixed = [pixels_of(path) for path in (dst / label.name).iterdir()]
        assert len(mixed) == 12
        for image in mixed:
            for r in range(0, 192, 24):
                for c in range(0, 192, 24):
                    block = np.s_[r : r + 24, c : c + 24]
                    assert (originals[:, *block] == image[block]).all((1, 2, 3)).any()


class TestWhatPillowCannotDo:
    def test_a_side_that_is_too_long_is_refused_before_anything_is_begun(self, run, tmp_path):
        with pytest.raises(
            InputError, match="webp has at most 16383 pixels a side, got 24 x 16384"
        ):
            run(size=(24, 16384), format="webp")
        assert not (tmp_path / "dst0").exists()

    @pytest.mark.parametrize("error", [SystemError("odd"), ValueError("odd"), MemoryError("odd")])
    def test_an_encoder_that_fails_is_named_with_the_file(self, run, tmp_path, monkeypatch, error):
        def fail(*_, **__):
            raise error

        monkeypatch.setattr(Image.Image, "save", fail)
        with pytest.raises(WorkError, match=r"dst0/\w+/\w+\.png: it cannot be encoded: \w+: odd"):
            run()
        assert not list((tmp_path / "dst0").rglob("*.part"))

    def test_truncated_images_that_pillow_lets_through(self, run, tmp_path, monkeypatch):
        monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
        with pytest.raises(WorkError, match="LOAD_TRUNCATED_IMAGES is set"):
            run(on_error="skip")
        assert not (tmp_path / "dst0").exists()
