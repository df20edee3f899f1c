"""Groups of folders: where they come from, what they change, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from builders import SECRET, read_tree, write_images
from PIL import Image

from blockmix import InputError, InputTypeError, WorkError, mix_folder
from blockmix.datasets.folder.image_folder import FileSample
from blockmix.datasets.groups import find_groups, read_groups
from blockmix.kernels import reference

# 16 x 16 colour images in 16 blocks, see `capacity`.
EACH = 3 * 768 + 8 * 16 + 1024
COUNTS = {"cat": 30, "dog": 20}
GROUP_OF = {
    f"{label}/{number:03}.png": f"person {number * 7 % 5}"
    for label, count in COUNTS.items()
    for number in range(count)
}


def pixels_of(path):
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture
def src(tmp_path):
    return write_images(tmp_path / "src", COUNTS)


@pytest.fixture
def table(tmp_path):
    """A table of persons beside the source, with a row for an image that is not there."""
    path = tmp_path / "persons.csv"
    rows = [f'"{image}",7,"{person}"' for image, person in {**GROUP_OF, "old/1.png": "x"}.items()]
    path.write_text("\n".join(["path,age,person", *rows]))
    return path


@pytest.fixture
def run(src, tmp_path, key):
    """Mix ``src`` with small defaults; every call writes to another folder."""
    runs = iter(range(100))

    def run(dst=None, **changes):
        dst = dst or tmp_path / f"dst{next(runs)}"
        summary = mix_folder(changes.pop("src", src), dst, **{"block": 4, "sources": 3, "key": key}
                             | changes)  # fmt: skip
        return dst, summary

    return run


def test_the_result_is_the_reference(src, table, run):
    dst, summary = run(names="keep", rounds=2, groups=f"{table}:person")
    images = sorted(GROUP_OF)
    sources = reference.source_map(
        SECRET,
        [Path(image).parent.name for image in images],
        16,
        sources=3,
        rounds=2,
        probability=0.5,
        groups=[GROUP_OF[image] for image in images],
    ).reshape(-1, 4, 4)
    originals = np.stack([pixels_of(src / image) for image in images])
    edges = range(0, 17, 4)
    mixed = np.stack([pixels_of(dst / image) for image in images])
    assert np.array_equal(mixed, reference.apply(originals, sources, edges, edges))
    assert "blocks from other groups only" in str(summary)


def test_the_record_says_whether_there_were_groups_and_never_which(table, run):
    for options, grouped in (({}, False), ({"groups": f"{table}:person"}, True)):
        dst, summary = run(**options)
        record = json.loads((dst / "blockmix.json").read_text())
        assert record["parameters"]["groups"] is grouped
        assert "person" not in (dst / "blockmix.json").read_text() + str(summary)


def test_the_same_groups_from_everywhere_give_the_same(src, table, run, tmp_path):
    trees = [
        read_tree(run(groups=groups, workers=workers)[0])
        for groups, workers in [(f"{table}:person", 1), (GROUP_OF, 3)]
    ]
    numbers = {Path(image): int(group[-1]) for image, group in GROUP_OF.items()}
    trees.append(read_tree(run(groups=numbers)[0]))
    assert trees[0] == trees[1] == trees[2]
    assert trees[0] != read_tree(run()[0])


def test_groups_that_all_differ_give_the_images_without_groups(run):
    apart, plain = (
        read_tree(run(names="keep", groups=groups)[0])
        for groups in ({image: number for number, image in enumerate(GROUP_OF)}, None)
    )
    assert {name for name in apart if apart[name] != plain[name]} == {"blockmix.json"}


def test_folders_below_the_labels_as_groups(src, run, tmp_path):
    """The order of files is another one than without these folders, so ids differ."""
    for image, person in GROUP_OF.items():
        target = tmp_path / "nested" / Path(image).parent / person / Path(image).name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((src / image).read_bytes())
    dst, summary = run(src=tmp_path / "nested", groups="parent", names="keep", probability=1)
    assert summary.notes == ()  # not: are these the labels?
    for path in dst.rglob("*.png"):
        mixed, label, person = pixels_of(path), path.parts[-3], path.parts[-2]
        own = [image for image, group in GROUP_OF.items() if group == person]
        own = [pixels_of(src / image) for image in own if image.startswith(label)]
        assert not any(
            np.array_equal(image[r : r + 4, c : c + 4], mixed[r : r + 4, c : c + 4])
            for image in own
            for r in range(0, 16, 4)
            for c in range(0, 16, 4)
        )
    as_table = {str(Path(i).parent / p / Path(i).name): p for i, p in GROUP_OF.items()}
    again, _ = run(src=tmp_path / "nested", groups=as_table, names="keep", probability=1)
    assert read_tree(dst) == read_tree(again)


def test_cohorts_keep_groups_apart(src, run):
    """Persons are spread over cohorts, and no block comes from the own person."""
    dst, summary = run(names="keep", memory=10 * EACH, groups=GROUP_OF, probability=1)
    assert summary.record["cohorts"] == 3 + 2
    originals = {image: pixels_of(src / image) for image in GROUP_OF}
    for image, person in GROUP_OF.items():
        mixed = pixels_of(dst / image)
        for r in range(0, 16, 4):
            for c in range(0, 16, 4):
                block = np.s_[r : r + 4, c : c + 4]
                (origin,) = [
                    other
                    for other, pixels in originals.items()
                    if np.array_equal(pixels[block], mixed[block])
                ]
                assert GROUP_OF[origin] != person


def test_a_run_is_resumed_with_its_groups_only(run, tmp_path, table):
    dst = tmp_path / "dst"
    run(dst, groups=GROUP_OF)
    assert run(dst, groups=f"{table}:person", resume=True)[1].written == 0
    for other in (None, GROUP_OF | {"cat/000.png": "somebody else"}):
        with pytest.raises(InputError, match="was begun with another key, other parameters"):
            run(dst, groups=other, resume=True)


class TestTooFewOthers:
    def test_are_named_for_all_labels_at_once(self, run, tmp_path):
        groups = {image: "ann" if image < "cat/028" or "dog" in image else image
                  for image in GROUP_OF}  # fmt: skip
        groups["dog/000.png"] = "ben"
        with pytest.raises(
            InputError,
            match=r"labels 'cat' has 30 images \(28 of group 'ann'\), 'dog' has 20 images \(19 of "
            r"group 'ann'\), but sources=3 needs at least 3 of other groups for each image: lower "
            r"sources, or pass small_classes='clamp'",
        ):
            run(tmp_path / "dst", groups=groups)
        assert not (tmp_path / "dst").exists()
        assert run(groups=groups, small_classes="clamp")[1].images == 50

    def test_none_is_always_an_error(self, run):
        groups = {image: image.split("/")[0] for image in GROUP_OF}
        with pytest.raises(InputError, match=r"'cat' has 30 images \(30 of group 'cat'\), 'dog' .*"
                           "published unmixed"):  # fmt: skip
            run(groups=groups, small_classes="clamp")

    def test_in_a_cohort(self, run, tmp_path):
        """A label with just enough others, which are spread over its cohorts."""
        groups = {image: image if image[-5] == "0" or "dog" in image else "ann"
                  for image in GROUP_OF}  # fmt: skip
        with pytest.raises(
            InputError,
            match=r"'cat \(cohort . of 3\)' has 10 images \(\d+ of group 'ann'\).*; with more "
            "memory labels are cut into fewer cohorts",
        ):
            run(tmp_path / "dst", groups=groups, memory=10 * EACH)
        assert not (tmp_path / "dst").exists()
        assert run(groups=groups)[1].images == 50

    def test_without_files_that_cannot_be_used(self, src, run):
        cut = src / "dog" / "003.png"
        cut.write_bytes(cut.read_bytes()[:-50])
        groups = {image: image if int(image[-7:-4]) < 4 else "ann" for image in GROUP_OF}
        assert run(groups=groups, on_error="skip")[1].images == 49
        with pytest.raises(
            WorkError,
            match=r"without the files that cannot be used, label 'dog' has 19 images \(16 of group "
            r"'ann'\), but sources=4 needs",
        ):
            run(groups=groups, on_error="skip", sources=4)


SAMPLES = [FileSample(i, None, "cat", name) for i, name in enumerate(["1.png", "a/2.png"])]


def write(tmp_path, text):
    (tmp_path / "t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return f"{tmp_path / 't.csv'}:who"


@pytest.mark.parametrize(
    "text",
    [
        "path,who\ncat/1.png,x\ncat/a/2.png,y\n",
        "file,who\r\n./cat/1.png,x\r\ncat//a/2.png,y",
        "\ufeffwho , path\nx,cat/1.png\n y ,cat/a/2.png\nx,cat/1.png\n\nz,dog/1.png\n,dog/2.png",
        b"who,path\nx,cat/1.png\ny,cat/a/2.png\nz,dog/\xff.png",
    ],
)
def test_tables(tmp_path, text):
    assert find_groups(read_groups(write(tmp_path, text)), SAMPLES) == {0: "x", 1: "y"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"needs one column 'path' or 'file', .* and a column 'who', got none"),
        ("path,when\n", "and a column 'who', got 'path', 'when'"),
        ("name,who\n", "got 'name', 'who'"),
        ("path,file,who\n", "needs one column 'path' or 'file'"),
        ("path,who\na,x\na,y\n", r"row 3 of .*t\.csv gives a a second group"),
        ('path,who\n"a"b,x\n', r"t\.csv is not a CSV file"),
    ],
)
def test_tables_that_are_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_groups(write(tmp_path, text))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ("persons.csv", "groups is 'parent' or FILE.csv:COLUMN, got 'persons.csv'"),
        ("persons.csv:", "FILE.csv:COLUMN"),
        (":who", "FILE.csv:COLUMN"),
        ("nowhere.csv:who", "cannot read nowhere.csv: No such file"),
        (["a"], "or a mapping of paths, got list"),
        (np.array(["a", "b"]), "or a mapping of paths, got ndarray"),
        ({1: "a"}, "groups maps paths of images"),
        (
            {"cat/1.png": "x"},
            r"1 image has no group, such as cat/a/2\.png: every image needs a row",
        ),
        ({}, r"2 images have no group, such as cat/1\.png"),
        ("parent", r"1 image has no group, such as cat/1\.png: .*SRC/<label>/<group>/<image>"),
    ],
    ids=str,
)
def test_groups_that_are_refused(groups, message):
    with pytest.raises(InputError, match=message):
        find_groups(read_groups(groups), SAMPLES)


def test_a_folder_too_many_below_a_label():
    deep = [FileSample(0, None, "cat", "a/b/1.png")]
    with pytest.raises(InputError, match="1 image has no group"):
        find_groups(read_groups("parent"), deep)


def test_groups_of_two_kinds(run):
    with pytest.raises(InputTypeError, match="groups are integers or strings, all of one kind"):
        run(groups=GROUP_OF | {"cat/000.png": 3})
