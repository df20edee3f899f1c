"""Labels and ids: which are accepted, which are refused, and how classes are formed."""

import numpy as np
import pytest

from blockmix import InputError, InputTypeError
from blockmix.labels import partition


def classes_of(labels, ids=None, sources=1, small_classes="clamp"):
    """The classes as lists of indices of images."""
    parts = partition(labels, ids, sources, small_classes)
    return [list(part) for part in np.split(parts.order, parts.starts[1:-1])]


@pytest.mark.parametrize(
    "labels",
    [
        [1, 0, 1, 0],
        (1, 0, 1, 0),
        ["b", "a", "b", "a"],
        [b"b", b"a", b"b", b"a"],
        [True, False, True, False],
        np.array([1, 0, 1, 0], np.uint8),
        np.array([1, 0, 1, 0], ">i8"),
        np.array(["b", "a", "b", "a"]),
        np.array(["b", "a", "b", "a"], object),
        np.array(["b", "a", "b", "a"], np.dtypes.StringDType()),
        np.array([2**63 + 1, 5, 2**63 + 1, 5], np.uint64),
        [2, -(10**12), 2, -(10**12)],
        [2**63, -1, 2**63, -1],
    ],
    ids=str,
)
def test_labels_that_are_accepted(labels):
    assert classes_of(labels) == [[1, 3], [0, 2]]


def test_groups_are_runs_in_the_order_of_their_lowest_ids():
    labels = [0, 1, 0, 0, 1, 0]
    groups = ["b", "b", "a", "b", "c", "c"]
    parts = partition(labels, None, 1, "clamp", groups=groups)
    assert parts.order.tolist() == [0, 3, 2, 5, 1, 4]
    assert parts.group_runs.reshape(-1, 2).tolist() == [
        *([0, 2], [0, 2], [2, 1], [3, 1]),
        *([4, 1], [5, 1]),
    ]
    parts = partition(labels, [5, 4, 3, 2, 1, 0], 1, "clamp", groups=groups)
    assert parts.order.tolist() == [5, 3, 0, 2, 4, 1]
    assert partition(labels, None, 1, "clamp").group_runs.size == 0


@pytest.mark.parametrize(
    "groups",
    [
        (7, -3, 7, 5),
        ["b", "a", "b", "c"],
        np.array(["b", "a", "b", "c"], object),
        np.array([7, 2, 7, 5], np.uint8),
        iter([1, 0, 1, 2]),
    ],
    ids=str,
)
def test_groups_that_are_accepted(groups):
    parts = partition([0, 0, 0, 0], None, 1, "error", groups=groups)
    assert parts.order.tolist() == [0, 2, 1, 3]


def test_groups_from_torch(torch):
    parts = partition([0, 0, 0, 0], None, 1, "error", groups=torch.tensor([1, 0, 1, 2]))
    assert parts.order.tolist() == [0, 2, 1, 3]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([1], "one group for each image, got 1 groups for 2 images"),
        ([0.5, 1.5], "groups are integers or strings, all of one kind, got float"),
        ([None, "a"], "groups are integers or strings, all of one kind, got NoneType, string"),
        (np.array([1.0, 2.0]), r"groups are integers or strings, got float64.*groups\.astype"),
        (np.array([[1], [2]]), r"groups are 1-D.*groups\.reshape"),
        (7, "groups cannot be read"),
    ],
)
def test_bad_groups(groups, message):
    with pytest.raises(InputError, match=message):
        partition([0, 0], None, 1, "error", groups=groups)


def test_labels_from_torch(torch):
    for dtype in (torch.int64, torch.uint8, torch.uint16, torch.bool):
        assert classes_of(torch.tensor([1, 0, 1, 0], dtype=dtype)) == [[1, 3], [0, 2]]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "complex64"])
def test_tensors_of_other_dtypes(torch, dtype):
    values = torch.tensor([1, 0, 1, 0], dtype=getattr(torch, dtype), requires_grad=True)
    with pytest.raises(InputTypeError, match=rf"integers or strings, got {dtype}: .*long\(\)"):
        partition(values, None, 1, "error")
    with pytest.raises(InputTypeError, match="ids are integers from 0"):
        partition([0, 0, 0, 0], values, 1, "error")


@pytest.mark.parametrize("name", ["labels", "ids"])
def test_tensors_that_hold_no_plain_values(torch, name):
    numbers = torch.arange(4)
    sparse, meta = numbers.to_sparse(), numbers.to("meta")
    for values, message in ((sparse, "is a sparse, nested"), (meta, "is a torch tensor on meta")):
        arguments = {"labels": [0] * 4, "ids": None} | {name: values}
        with pytest.raises(InputTypeError, match=f"{name} {message}"):
            partition(**arguments, sources=1, small_classes="error")


def test_classes_are_in_the_order_of_ids():
    assert classes_of([0, 0, 1, 1, 0], ids=[9, 4, 7, 8, 2**64 - 1]) == [[1, 0, 4], [2, 3]]


@pytest.mark.parametrize(
    "labels",
    [
        [0.0, 1.0],
        np.array([0.0, np.nan]),
        [1, "a"],
        ["a", b"a"],
        [[1], [1, 2]],
        ["a", None],
        [1, None],
        [object(), object()],
        np.array([1, "a"], object),
        np.array(["2020-01-01"], "M8[D]"),
        np.array([1j, 1j]),
    ],
    ids=str,
)
def test_labels_of_other_kinds(labels):
    with pytest.raises(InputTypeError, match="labels are integers or strings"):
        partition(labels, None, 1, "error")


@pytest.mark.parametrize("labels", [np.zeros((2, 2), int), np.array(7), np.zeros((2, 0))])
def test_labels_are_one_dimensional(labels):
    with pytest.raises(InputError, match="labels are 1-D"):
        partition(labels, None, 1, "error")


@pytest.mark.parametrize(
    ("labels", "way_out"),
    [
        (np.zeros((2, 1), int), r"pass labels.reshape\(-1\)"),
        (np.eye(2), r"mix before one-hot or soft labels are made of them, or pass their argmax"),
    ],
)
def test_the_way_to_flat_labels(labels, way_out):
    with pytest.raises(InputError, match=way_out):
        partition(labels, None, 1, "error")


@pytest.mark.parametrize("labels", [7, None, "word", b"word"])
def test_labels_that_are_no_sequence(labels):
    with pytest.raises(InputTypeError, match="labels cannot be read as a 1-D sequence"):
        partition(labels, None, 1, "error")


def test_masked_labels():
    with pytest.raises(InputTypeError, match="mask would be lost"):
        partition(np.ma.array([1, 1], mask=[0, 1]), None, 1, "error")


def test_labels_that_differ_in_a_trailing_nul_differ():
    assert classes_of(["a", "a\0", "a", "a\0"]) == [[0, 2], [1, 3]]


def test_labels_from_a_generator():
    assert classes_of(label for label in (1, 0, 1, 0)) == [[1, 3], [0, 2]]


def test_no_labels():
    assert partition([], None, 10, "error").order.size == 0


def test_every_small_label_is_listed_with_its_count():
    labels = ["cat"] * 4 + ["dog"] * 11 + ["emu"] * 2
    with pytest.raises(
        InputError,
        match=r"labels 'cat' has 4 images, 'emu' has 2 images, but sources=10 needs at least 11: "
        r"lower sources, or pass small_classes='clamp'",
    ):
        partition(labels, None, 10, "error")


@pytest.mark.parametrize("small_classes", ["error", "clamp"])
def test_a_label_with_one_image_is_always_refused(small_classes):
    with pytest.raises(InputError, match=r"7 has 1 image.*would be published unmixed"):
        partition([7, 8, 8], None, 1, small_classes)


def test_every_label_with_too_few_others_is_listed_with_group_and_counts():
    labels = ["cat"] * 14 + ["dog"] * 3 + ["emu"] * 30 + ["fox"] * 12
    groups = ["a"] * 5 + ["b"] * 9 + list("abc") + ["a"] * 20
    groups += ["b"] * 10 + [f"x{i}" for i in range(12)]
    with pytest.raises(
        InputError,
        match=r"^labels 'cat' has 14 images \(5 of group 'a', 9 of group 'b'\), 'dog' has 3 "
        r"images, but sources=10 needs at least 10 of other groups for each image: lower sources, "
        r"or pass small_classes='clamp'$",
    ):
        partition(labels, None, 10, "error", groups=groups)


@pytest.mark.parametrize(
    ("small_classes", "rule"),
    [("clamp", ""), ("error", "sources=2 needs at least 2 of other groups for each image; ")],
)
def test_an_image_with_none_of_another_group_is_always_refused(small_classes, rule):
    with pytest.raises(
        InputError,
        match=rf"^label 7 has 3 images \(3 of group -1\), but {rule}an image with none of another "
        r"group in its label would be published unmixed: add images or leave it out$",
    ):
        partition([7, 8, 8, 7, 8, 7], None, 2, small_classes, groups=[-1, 0, 1, -1, 2, -1])


def test_clamped_classes_use_all_their_images():
    assert classes_of([0, 0, 0], sources=10, small_classes="clamp") == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([1], "one id for each of 2 labels"),
        (np.array([[1], [2]]), "ids are 1-D"),
        ([1, 1], "ids must differ"),
        ([-1, 1], "ids are integers from 0"),
        ([0.5, 1], "ids are integers from 0"),
        (["a", "b"], "ids are integers from 0"),
        (7, "ids cannot be read"),
        ([[1], [1, 2]], "ids are integers from 0"),
        (np.ma.array([1, 2], mask=[0, 1]), "ids is a masked array"),
        ([0, 2**64], "ids are integers from 0"),
    ],
)
def test_bad_ids(ids, message):
    with pytest.raises(InputError, match=message):
        partition([0, 0], ids, 1, "error")
