"""`mix` and `BlockMixer`: parameters, and the laws that a user can rely on."""

import dataclasses
import pickle
import traceback

import numpy as np
import pytest
from builders import SECRET, random_images

from blockmix import BlockGrid, BlockMixer, InputError, InputTypeError, Key, mix
from blockmix.kernels import reference

LABELS = ["a", "b", "c"] * 12
GROUPS = [i % 5 for i in range(36)]


@pytest.fixture
def images():
    return random_images(36, 20, 28, 3)


def test_mix_equals_the_reference(images, key):
    grid = BlockGrid.even(20, 28, (6, 8))
    sources = reference.source_map(
        SECRET, LABELS, grid.blocks, sources=4, rounds=3, probability=0.3
    ).reshape(36, grid.rows, grid.cols)
    expected = reference.apply(images, sources, grid.row_edges, grid.col_edges)
    mixed = mix(images, LABELS, block=(6, 8), sources=4, rounds=3, probability=0.3, key=key)
    assert np.array_equal(mixed, expected)


def test_mix_with_groups_equals_the_reference(images, key):
    grid = BlockGrid.even(20, 28, (6, 8))
    groups = [f"person {i // 5}" for i in range(36)]
    parameters = {"sources": 4, "rounds": 3, "probability": 0.3}
    sources = reference.source_map(SECRET, LABELS, grid.blocks, groups=groups, **parameters)
    expected = reference.apply(
        images, sources.reshape(36, grid.rows, grid.cols), grid.row_edges, grid.col_edges
    )
    mixed = mix(images, LABELS, block=(6, 8), key=key, groups=groups, **parameters)
    assert np.array_equal(mixed, expected)


def test_rounds_on_the_map_equal_rounds_on_pixels(images, key):
    """Mixing a mixed set, with the next round's choices, gives the same as the composed map."""
    grid = BlockGrid.even(20, 28, 4)
    pixels = images
    for round_ in range(3):
        drawn = [
            [
                member[face] if face < 2 else image
                for face in reference.faces_shown(SECRET, round_, image, grid.blocks, 2, 0.5)
            ]
            for image in range(36)
            for candidates in [[j for j in range(36) if j != image and LABELS[j] == LABELS[image]]]
            for member in [reference.pool(SECRET, round_, image, candidates, 2)]
        ]
        sources = np.array(drawn).reshape(36, grid.rows, grid.cols)
        pixels = reference.apply(pixels, sources, grid.row_edges, grid.col_edges)
    assert np.array_equal(mix(images, LABELS, block=4, sources=2, rounds=3, key=key), pixels)


def test_blocks_come_from_the_same_position_and_label(images, key):
    mixed = mix(images, LABELS, block=(5, 7), sources=10, rounds=2, key=key)
    for r in range(0, 20, 5):
        for c in range(0, 28, 7):
            for i, label in enumerate(LABELS):
                block = mixed[i, r : r + 5, c : c + 7]
                same = (images[:, r : r + 5, c : c + 7] == block).all((1, 2, 3))
                assert [LABELS[j] for j in np.flatnonzero(same)] == [label]


def test_the_input_is_never_modified(images, key):
    before = images.copy()
    mix(images, LABELS, block=4, rounds=2, key=key)
    assert np.array_equal(images, before)


def test_layouts_agree(images, key):
    last = mix(images, LABELS, block=5, key=key)
    first = mix(
        np.ascontiguousarray(images.transpose(0, 3, 1, 2)), LABELS, block=5, key=key, layout="NCHW"
    )
    grey = mix(np.ascontiguousarray(images[..., 0]), LABELS, block=5, key=key)
    assert np.array_equal(first.transpose(0, 2, 3, 1), last)
    assert np.array_equal(grey, last[..., 0])


def test_uneven_grids(images, key):
    grid = BlockGrid([0, 1, 20], [0, 10, 11, 28])
    mixed = mix(images, LABELS, block=grid, key=key)
    plan = BlockMixer(block=grid, key=key).plan(LABELS, 20, 28)
    assert plan.grid == grid
    assert np.array_equal(mixed, reference.apply(images, plan.sources, *dataclasses.astuple(grid)))


def test_balanced_is_a_die_with_one_face_more_than_the_pool(images, key):
    """For each pool size, where classes are smaller than sources + 1."""
    labels = ["a"] * 2 + ["b"] * 5 + ["c"] * 29
    grid = BlockGrid.even(20, 28, 4)
    for rounds in (1, 3):
        options = {"sources": 10, "rounds": rounds, "probability": "balanced"}
        plan = BlockMixer(block=4, small_classes="clamp", key=key, **options).plan(labels, 20, 28)
        expected = reference.source_map(SECRET, labels, grid.blocks, **options)
        assert np.array_equal(plan.sources.reshape(36, -1), expected)
    mixed = mix(images, LABELS, block=4, probability="balanced", key=key)
    assert np.array_equal(mixed, mix(images, LABELS, block=4, probability=10 / 11, key=key))


def test_probability_zero_and_one(images, key):
    assert np.array_equal(mix(images, LABELS, block=4, probability=0, rounds=5, key=key), images)
    sources = BlockMixer(block=4, probability=1, key=key).plan(LABELS, 20, 28).sources
    assert (sources != np.arange(36)[:, None, None]).all()


class TestInputs:
    """Which changes of the input change the result."""

    def plan(self, labels=LABELS, ids=None, groups=None, **changes):
        parameters = {"block": 4, "rounds": 2, "key": Key(SECRET)} | changes
        return BlockMixer(**parameters).plan(labels, 20, 28, ids=ids, groups=groups).sources

    @pytest.mark.parametrize(
        "change",
        [{"key": Key.from_seed(0)}, {"rounds": 1}, {"sources": 9}, {"probability": 0.4}],
        ids=str,
    )
    def test_key_and_parameters_do(self, change):
        assert not np.array_equal(self.plan(), self.plan(**change))

    def test_the_names_of_labels_do_not(self):
        renamed = [{"a": 9, "b": 1, "c": 5}[label] for label in LABELS]
        assert np.array_equal(self.plan(), self.plan(renamed))

    def test_groups_do(self):
        assert not np.array_equal(self.plan(sources=3), self.plan(sources=3, groups=GROUPS))

    def test_the_names_of_groups_do_not(self):
        renamed = [f"person {-group}" for group in GROUPS]
        expected = self.plan(sources=3, groups=GROUPS)
        assert np.array_equal(self.plan(sources=3, groups=renamed), expected)

    def test_shuffling_images_with_their_groups_and_ids_does_not(self):
        order = np.random.default_rng(0).permutation(36)
        shuffled = self.plan(
            [LABELS[i] for i in order], order, [GROUPS[i] for i in order], sources=3
        )
        assert np.array_equal(order[shuffled], self.plan(sources=3, groups=GROUPS)[order])

    def test_shuffling_images_with_their_labels_does(self):
        order = np.random.default_rng(0).permutation(36)
        shuffled = self.plan([LABELS[i] for i in order])
        assert not np.array_equal(order[shuffled], self.plan()[order])

    def test_shuffling_images_with_their_labels_and_ids_does_not(self):
        order = np.random.default_rng(0).permutation(36)
        shuffled = self.plan([LABELS[i] for i in order], ids=order)
        assert np.array_equal(order[shuffled], self.plan()[order])

    def test_other_labels_in_the_same_call_do_not(self):
        """Two machines, each with some of the labels, do the same as one with all of them."""
        whole = self.plan()
        for label in "abc":
            members = np.array([i for i in range(36) if LABELS[i] == label])
            alone = self.plan([label] * 12, ids=members)
            assert np.array_equal(members[alone], whole[members])


class TestMixer:
    def test_is_immutable_and_comparable(self, key):
        mixer = BlockMixer(block=4, key=key)
        with pytest.raises(dataclasses.FrozenInstanceError):
            mixer.sources = 3
        assert mixer == BlockMixer(block=(4, 4), key=Key(SECRET))
        assert len({mixer, BlockMixer(block=4, key=key), BlockMixer(block=5, key=key)}) == 2

    def test_keeps_its_key_from_call_to_call(self, images):
        mixer = BlockMixer(block=4)
        assert np.array_equal(mixer(images, LABELS), mixer(images, LABELS))
        assert np.array_equal(mixer(images, LABELS), mixer.plan(LABELS, 20, 28).apply(images))

    def test_without_a_key_every_mixer_has_a_fresh_private_one(self):
        assert BlockMixer().key != BlockMixer().key
        assert BlockMixer().key.is_private

    def test_survives_pickle(self):
        mixer = BlockMixer(block=BlockGrid.even(20, 28, 4), key=Key.from_seed(0))
        assert pickle.loads(pickle.dumps(mixer)) == mixer  # noqa: S301

    def test_does_not_show_its_key(self, key):
        assert "key=Key(<secret>)" in repr(BlockMixer(key=key))

    def test_quantised_probability(self):
        assert BlockMixer(probability=0.5).quantised_probability() == 0.5
        assert BlockMixer(sources=3, probability="balanced").quantised_probability() == 0.75
        assert BlockMixer(probability=1e-12).quantised_probability() == 2**-32


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"sources": 0}, InputError, "sources is from 1 to 255, got 0"),
        ({"sources": 256}, InputError, "sources is from 1 to 255, got 256"),
        ({"sources": 2.0}, InputTypeError, r"sources is a whole number, got 2\.0"),
        ({"sources": True}, InputTypeError, "sources is a whole number"),
        ({"rounds": 0}, InputError, "rounds is from 1 to"),
        ({"rounds": 2**24 + 1}, InputError, "rounds is from 1 to 16777216"),
        ({"rounds": "3"}, InputTypeError, "rounds is a whole number"),
        ({"probability": -0.1}, InputError, r"probability is from 0 to 1, got -0\.1"),
        ({"probability": 1.0001}, InputError, "probability is from 0 to 1"),
        ({"probability": float("nan")}, InputError, "probability is from 0 to 1, got nan"),
        ({"probability": "half"}, InputTypeError, "probability is a number"),
        ({"probability": None}, InputTypeError, "probability is a number"),
        ({"probability": True}, InputTypeError, "probability is a number"),
        ({"probability": 1e308}, InputError, "probability is from 0 to 1"),
        ({"block": True}, InputTypeError, "block takes integers"),
        ({"layout": np.array(["NHWC"])}, InputError, "layout is one of"),
        ({"block": 0}, InputError, "a block is"),
        ({"block": "24x24"}, InputTypeError, "block takes integers"),
        ({"block": (21, 4)}, InputError, "block height 21 is larger than the image height 20"),
        ({"block": BlockGrid.even(9, 9, 3)}, InputError, "the grid is for images of 9 x 9"),
        ({"key": SECRET}, InputTypeError, r"key is a blockmix\.Key, not bytes"),
        ({"key": 7}, InputTypeError, r"key is a blockmix\.Key, not int"),
        ({"layout": "CHW"}, InputError, "layout is one of NHWC, NCHW"),
        ({"small_classes": "drop"}, InputError, "small_classes is one of error, clamp"),
        ({"block": 4, "sources": 12}, InputError, "labels 'a' has 12 images, .*needs at least 13"),
    ],
    ids=str,
)
def test_bad_parameters(images, parameters, error, message):
    before = images.copy()
    with pytest.raises(error, match=message) as caught:
        mix(images, LABELS, **parameters)
    assert np.array_equal(images, before)
    assert str(SECRET) not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("labels", [LABELS[:-1], [*LABELS, "a"], [], np.arange(5)])
def test_lengths_differ(images, labels):
    with pytest.raises(InputError, match="one label for each image"):
        mix(images, labels, block=4)


@pytest.mark.parametrize("labels", [None, 3, np.array(3), "a" * 36])
def test_labels_that_are_no_sequence(images, labels):
    with pytest.raises(InputError, match=r"labels (are 1-D|cannot be read)"):
        mix(images, labels, block=4)


@pytest.mark.parametrize("size", [8.0, "8", None, 0])
def test_sizes_of_plans(size):
    with pytest.raises(InputError, match="height is"):
        BlockMixer(block=1).plan(LABELS, size, 8)


def test_numbers_of_numpy(images, key):
    parameters = {"sources": np.uint8(4), "rounds": np.int64(2), "probability": np.float32(0.5)}
    assert np.array_equal(
        mix(images, LABELS, block=np.int16(4), key=key, **parameters),
        mix(images, LABELS, block=4, key=key, sources=4, rounds=2),
    )


def test_float_labels_with_nan(images):
    with pytest.raises(InputTypeError, match="labels are integers or strings"):
        mix(images, [float("nan")] * 36, block=4)


def test_no_images(key):
    images = np.empty((0, 24, 24, 3), np.uint8)
    assert mix(images, [], key=key).shape == (0, 24, 24, 3)
    assert mix(images, [], key=key, groups=[]).shape == (0, 24, 24, 3)
