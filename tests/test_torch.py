"""The batch transform, on CPU torch; on a GPU it calls `mix`, which tests/gpu covers."""

import collections
import copy
import io

import numpy as np
import pytest
from builders import SECRET

from blockmix import BlockMixer, InputError, InputTypeError, Key


@pytest.fixture
def loader(torch, batch):
    """A DataLoader over four batches."""

    def make(transform, workers=1, start="fork", **options):
        dataset = torch.utils.data.TensorDataset(batch[0].repeat(4, 1, 1, 1), batch[1].repeat(4))
        return torch.utils.data.DataLoader(
            dataset,
            batch_size=24,
            num_workers=workers,
            collate_fn=transform.collate,
            multiprocessing_context=start if workers else None,
            **options,
        )

    return make


@pytest.fixture
def batch(torch):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (24, 3, 8, 12), dtype=torch.uint8, generator=generator)
    return images, torch.arange(24) % 3


def ids(epoch, number, count=24):
    return np.uint64((epoch << 24 | number) << 24) + np.arange(count, dtype=np.uint64)


def expected(batch, epoch, number):
    mixer = BlockMixer(block=4, sources=3, key=Key(SECRET), layout="NCHW")
    return mixer(batch[0].numpy(), batch[1].numpy(), ids=ids(epoch, number))


def test_every_batch_has_its_own_choices(block_mix, batch):
    transform = block_mix()
    for number in range(3):
        mixed, labels = transform(*batch)
        assert np.array_equal(mixed.numpy(), expected(batch, 0, number))
        assert labels is batch[1]
    assert not np.array_equal(expected(batch, 0, 0), expected(batch, 0, 1))


def test_epochs(block_mix, batch):
    transform = block_mix()
    transform(*batch)
    transform.set_epoch(7)
    assert np.array_equal(transform(*batch)[0].numpy(), expected(batch, 7, 0))
    with pytest.raises(InputError, match="epoch"):
        transform.set_epoch(1 << 16)


def test_a_balanced_probability(block_mix, batch):
    transform = block_mix(probability="balanced")
    assert "probability='balanced'" in repr(transform)
    assert transform(*batch)[0].equal(block_mix(probability=3 / 4)(*batch)[0])


def test_a_fresh_key_without_one(block_mix, batch):
    first, second = (block_mix(key=None)(*batch)[0] for _ in range(2))
    assert not first.equal(second)


class TestState:
    def test_is_the_count_and_not_the_key(self, torch, block_mix, batch):
        transform, resumed = block_mix(), block_mix()
        transform.set_epoch(2)
        transform(*batch)
        state = transform.state_dict()
        assert list(state) == ["_extra_state"]
        assert state["_extra_state"].tolist() == [2, 1]
        resumed.load_state_dict(state)
        assert resumed(*batch)[0].equal(transform(*batch)[0])

    def test_loops_over_a_state_leave_the_count_alone(self, torch, block_mix, batch):
        transform = block_mix()
        transform(*batch)
        average = copy.deepcopy(transform)
        for value, latest in zip(
            average.state_dict().values(), transform.state_dict().values(), strict=True
        ):
            value.mul_(0.999).add_(latest, alpha=0.001)
            value.copy_(0.5 * value + 0.5 * latest)
            value /= 3
        assert average.state_dict()["_extra_state"].tolist() == [0, 1]

    def test_of_a_model_that_is_averaged_or_cast(self, torch, block_mix, batch):
        model = torch.nn.Sequential(block_mix(), torch.nn.BatchNorm2d(3))
        model[0](*batch)
        average = torch.optim.swa_utils.AveragedModel(model, use_buffers=True)
        model[0](*batch)
        average.update_parameters(model)
        assert average.module[0].state_dict()["_extra_state"].tolist() == [0, 1]
        assert model.half()[0].state_dict()["_extra_state"].tolist() == [0, 2]
        assert list(model[0].buffers()) == []

    def test_travels_in_a_file_of_weights(self, torch, block_mix, batch):
        transform, file = block_mix(), io.BytesIO()
        transform(*batch)
        torch.save(transform.state_dict(), file)
        file.seek(0)
        resumed = block_mix()
        resumed.load_state_dict(torch.load(file, weights_only=True))
        assert np.array_equal(resumed(*batch)[0].numpy(), expected(batch, 0, 1))

    @pytest.mark.parametrize("counts", [[1.5, 7.0], [1.0, float("nan")], [1.0, 3e7], [1.0, -1.0]])
    def test_that_was_averaged(self, torch, block_mix, counts):
        transform = block_mix()
        with pytest.warns(UserWarning, match="numbers could repeat: call set_epoch"):
            transform.load_state_dict({"_extra_state": torch.tensor(counts)})
        assert transform.state_dict()["_extra_state"].tolist() == [1, 7 if counts[1] == 7 else 0]

    def test_that_was_rounded(self, torch, block_mix):
        state = torch.tensor([1.0, 2049.0]).half()
        with pytest.warns(UserWarning, match="numbers could repeat: call set_epoch"):
            block_mix().load_state_dict({"_extra_state": state})


def test_the_key_does_not_show(block_mix):
    shown = repr(block_mix())
    assert "block=(4, 4)" in shown
    assert "key" not in shown.lower()


def test_grey_and_channels_last(torch, block_mix, batch):
    mixed, _ = block_mix()(*batch)
    last, _ = block_mix(layout="NHWC")(batch[0].permute(0, 2, 3, 1).contiguous(), batch[1])
    assert last.permute(0, 3, 1, 2).equal(mixed)
    grey, _ = block_mix()(batch[0][:, 0].contiguous(), batch[1])
    assert grey.equal(mixed[:, 0])


class TestSmallClasses:
    def test_are_an_error(self, torch, block_mix, batch):
        with pytest.raises(InputError, match="label 9 has 1 image"):
            block_mix()(batch[0], torch.where(torch.arange(24) == 5, 9, batch[1]))

    def test_are_dropped_on_request(self, torch, block_mix, batch):
        labels = torch.where(torch.arange(24) == 5, 9, batch[1])
        mixed, kept = block_mix(small_classes="drop")(batch[0], labels)
        assert 9 not in kept
        assert mixed.shape == (23, 3, 8, 12)
        assert kept.equal(labels[labels != 9])

    def test_all_may_be_dropped(self, torch, block_mix, batch):
        mixed, kept = block_mix(small_classes="drop")(batch[0], torch.arange(24))
        assert mixed.shape == (0, 3, 8, 12)
        assert len(kept) == 0

    def test_clamp_to_all_others(self, torch, block_mix, batch):
        labels = torch.where(torch.arange(24) < 2, 9, batch[1])
        assert block_mix(small_classes="clamp")(batch[0], labels)[0].shape == batch[0].shape


class TestGroups:
    def test_are_those_of_the_mixer(self, torch, block_mix, batch):
        persons = [f"person {i // 6}" for i in range(24)]
        mixer = BlockMixer(block=4, sources=3, key=Key(SECRET), layout="NCHW")
        alike = mixer(batch[0], batch[1], ids=ids(0, 0), groups=persons)
        assert block_mix()(*batch, persons)[0].equal(alike)
        assert block_mix()(*batch, groups=torch.arange(24) // 6)[0].equal(alike)
        assert not block_mix()(*batch)[0].equal(alike)

    def test_labels_without_enough_others_are_an_error_or_dropped(self, torch, block_mix, batch):
        """Of 8 images of label 1 five are of one person, and three others have too few."""
        persons = torch.arange(24)
        persons[1:16:3] = 99
        mixed, kept = block_mix(sources=4, small_classes="drop")(*batch, persons)
        assert kept.equal(batch[1][batch[1] != 1])
        assert mixed.shape == (16, 3, 8, 12)
        with pytest.raises(
            InputError, match=r"label 1 has 8 images \(5 of group 99\), but sources=4"
        ):
            block_mix(sources=4)(*batch, persons)
        assert len(block_mix(sources=3, small_classes="drop")(*batch, persons)[1]) == 24

    def test_of_another_number_are_refused(self, block_mix, batch):
        for small_classes in ("error", "drop"):
            with pytest.raises(InputError, match="one group for each image, got 23 groups for 24"):
                block_mix(small_classes=small_classes)(*batch, range(23))


def labels_that_are_refused():
    """Labels that 24 images cannot have, and the errors."""
    import torch

    labels = torch.arange(24) % 3
    one_hot = torch.nn.functional.one_hot(labels)
    kind = "labels are integers or strings, got "
    return {
        "too few": (labels[:20], "one label for each image, got 20 labels for 24 images"),
        "too many": (torch.arange(26) % 3, "got 26 labels for 24 images"),
        "one-hot": (one_hot, r"got shape \(24, 3\): mix before one-hot .* argmax\(1\)"),
        "soft": (one_hot.float().requires_grad_(), r"got shape \(24, 3\): mix before one-hot"),
        "column": (labels[:, None], r"got shape \(24, 1\): pass labels.reshape\(-1\)"),
        "single": (labels[0], r"labels are 1-D, one for each image, got shape \(\)"),
        "bfloat16": (labels.bfloat16(), kind + r"bfloat16: .* labels.long\(\)$"),
        "float8": (labels.float().to(torch.float8_e4m3fn), kind + "float8_e4m3fn"),
        "gradients": (labels.float().requires_grad_(), kind + "float32"),
        "sparse": (labels.to_sparse(), "labels is a sparse, nested, quantised or lazy"),
        "nested": (
            torch.nested.nested_tensor([labels[:12], labels[12:]], layout=torch.jagged),
            "labels is a sparse, nested, quantised or lazy",
        ),
        "lazy": (torch.complex(labels * 1.0, labels * 1.0).conj(), "quantised or lazy"),
        "meta": (labels.to("meta"), "labels is a torch tensor on meta"),
    }


@pytest.mark.parametrize("small_classes", ["error", "clamp", "drop"])
def test_labels_that_are_refused(block_mix, batch, small_classes):
    transform = block_mix(small_classes=small_classes)
    for labels, message in labels_that_are_refused().values():
        with pytest.raises(InputError, match=message):
            transform(batch[0], labels)


def test_images_are_checked_before_any_is_dropped(torch, block_mix, batch):
    transform, labels = block_mix(small_classes="drop"), torch.arange(24) % 9
    with pytest.raises(InputTypeError, match="images is a sparse"):
        transform(batch[0].to_sparse(), labels)
    with pytest.raises(InputError, match=r"images have shape .* got \(\)"):
        transform(torch.tensor(1), labels)


def test_what_is_not_a_batch(block_mix, batch):
    with pytest.raises(InputTypeError, match="images and labels are torch tensors, got ndarray"):
        block_mix()(batch[0].numpy(), batch[1])
    with pytest.raises(InputTypeError, match="labels are integers or strings, got float"):
        block_mix()(batch[0], batch[1].float())
    with pytest.raises(InputError, match="small_classes"):
        block_mix(small_classes="ignore")


# Python warns of forking beside threads.
forks = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SEED = 1234


def seeded(torch):
    return torch.Generator().manual_seed(SEED)


def expected_of_pass(torch, batch, epoch, number):
    """The images that a worker mixes in a pass with the generator `seeded`."""
    seed = torch.empty((), dtype=torch.int64).random_(generator=seeded(torch)).item()
    key = Key(SECRET).derive("batches", seed.to_bytes(8, "little"))
    mixer = BlockMixer(block=4, sources=3, key=key, layout="NCHW")
    return mixer(batch[0].numpy(), batch[1].numpy(), ids=ids(epoch, number))


def mixed_by(loader):
    return [mixed.numpy().tobytes() for mixed, _ in loader]


def assert_pass(torch, loader, batch, epoch, numbers):
    for number, (mixed, labels) in zip(numbers, loader, strict=True):
        assert np.array_equal(mixed.numpy(), expected_of_pass(torch, batch, epoch, number))
        assert labels.equal(batch[1])


@pytest.fixture
def ranks(torch, monkeypatch):
    """This process as rank 3 of 4."""
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 4)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 3)


def test_ranks_count_apart(block_mix, batch, ranks):
    transform = block_mix()
    transform(*batch)
    assert np.array_equal(transform(*batch)[0].numpy(), expected(batch, 0, 1 * 4 + 3))


@forks
class TestWorkers:
    def test_a_loader_without_counts_on(self, block_mix, loader, batch):
        transform = block_mix()
        for numbers in (range(4), range(4, 8)):
            for number, (mixed, _) in zip(numbers, loader(transform, 0), strict=True):
                assert np.array_equal(mixed.numpy(), expected(batch, 0, number))

    @pytest.mark.parametrize("workers", [1, 2])
    def test_batches_do_not_depend_on_their_number(self, torch, block_mix, loader, batch, workers):
        """Batch b is mixed as number b, whatever the number of workers."""
        transform = block_mix()
        transform.set_epoch(6)
        assert_pass(torch, loader(transform, workers, generator=seeded(torch)), batch, 6, range(4))

    @pytest.mark.parametrize("start", ["fork", "spawn", "forkserver"])
    def test_of_ranks_count_apart(self, torch, block_mix, loader, batch, ranks, start):
        """Also where torch.distributed is not initialised in them."""
        of_rank = loader(block_mix(), start=start, generator=seeded(torch))
        assert_pass(torch, of_rank, batch, 0, [3, 7, 11, 15])

    def test_no_two_batches_are_mixed_alike(self, torch, block_mix, loader, batch):
        """In two passes that start workers anew, two loaders side by side, and their process."""
        transform = block_mix()
        first, second = loader(transform, 2), loader(transform, 1)
        mixed = mixed_by(first) + mixed_by(first) + mixed_by(second)
        mixed.append(transform(*batch)[0].numpy().tobytes())
        assert len(set(mixed)) == 13

    def test_that_persist_count_on(self, torch, block_mix, loader, batch):
        persistent = loader(
            block_mix(), workers=2, persistent_workers=True, generator=seeded(torch)
        )
        for numbers in (range(4), range(4, 8)):
            assert_pass(torch, persistent, batch, 0, numbers)

    def test_of_passes_that_are_seeded_alike(self, torch, block_mix, loader, batch):
        """They repeat each other; different epochs make them differ."""
        transform = block_mix()
        passes = []
        for epoch in (0, 0, 1):
            transform.set_epoch(epoch)
            passes.append(mixed_by(loader(transform, generator=seeded(torch))))
        assert passes[0] == passes[1]
        assert not {*passes[0]} & {*passes[2]}


def test_replicas_share_their_count(block_mix, batch):
    """Replicas of DataParallel live for one call."""
    transform = block_mix()
    for number in range(3):
        replica = transform._replicate_for_data_parallel()
        assert np.array_equal(replica(*batch)[0].numpy(), expected(batch, 0, number))


class TestSamples:
    def test_pairs_of_any_kind(self, block_mix, batch):
        pair = collections.namedtuple("pair", "image label")
        for kind in (lambda *fields: fields, lambda *fields: list(fields), pair):
            mixed = block_mix().collate(list(map(kind, *batch)))
            assert np.array_equal(mixed[0].numpy(), expected(batch, 0, 0))
            assert mixed[1].equal(batch[1])
        assert mixed.label is mixed[1]

    @pytest.mark.parametrize(
        ("sample", "kind"),
        [
            ((1, 2, 3), "tuple of 3"),
            ([1], "list of 1"),
            ({"image": 1, "label": 2}, "dict of 2"),
            (np.zeros((2, 2)), "ndarray"),
            ("ab", "str"),
        ],
        ids=["three", "one", "dict", "array", "string"],
    )
    def test_of_other_kinds(self, block_mix, sample, kind):
        with pytest.raises(InputTypeError, match=rf"a sample is \(image, label\), got a {kind}:"):
            block_mix().collate([sample, sample])

    def test_none(self, block_mix):
        with pytest.raises(InputError, match="one sample or more"):
            block_mix().collate([])


class TestCompiled:
    """A step of training that is compiled leaves mixing out of its graph."""

    @pytest.fixture
    def compiled(self, torch):
        torch._dynamo.reset()
        return lambda step: torch.compile(step, backend="eager")

    def test_a_step_that_mixes_batches(self, torch, block_mix, batch, compiled):
        transform = block_mix()
        step = compiled(lambda images, labels: transform(images + 1, labels)[0] * 2)
        more = (batch[0] + 1, batch[1])
        for number in range(3):
            wanted = expected(more, 0, number) * np.uint8(2)
            assert np.array_equal(step(*batch).numpy(), wanted)

    def test_a_model_that_mixes_batches(self, torch, block_mix, batch, compiled):
        class Model(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.mix = block_mix()

            def forward(self, images, labels):
                return self.mix(images, labels)[0] * 2

        wanted = expected(batch, 0, 0) * np.uint8(2)
        assert np.array_equal(compiled(Model())(*batch).numpy(), wanted)


def test_more_batches_than_ids(torch, block_mix, batch):
    transform = block_mix()
    transform.set_extra_state(torch.tensor([0.0, 1 << 24]))
    with pytest.raises(InputError, match="begin the next with set_epoch"):
        transform(*batch)
