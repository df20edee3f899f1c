"""The batch transform, on CPU torch; on a GPU it is `mix`, which tests/gpu tries."""

import numpy as np
import pytest

from blockmix import BlockMixer, InputError, InputTypeError, Key

SECRET = bytes(range(32))


@pytest.fixture
def block_mix(torch):
    from blockmix.torch import BlockMix

    def make(**parameters):
        return BlockMix(**{"block": 4, "sources": 3, "key": Key(SECRET)} | parameters)

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


def test_a_fresh_key_without_one(block_mix, batch):
    one, two = (block_mix(key=None)(*batch)[0] for _ in range(2))
    assert not one.equal(two)


def test_the_count_is_part_of_the_state_and_the_key_is_not(block_mix, batch):
    transform, other = block_mix(), block_mix()
    transform.set_epoch(2)
    transform(*batch)
    state = transform.state_dict()
    assert state == {"_extra_state": {"epoch": 2, "calls": 1}}
    other.load_state_dict(state)
    assert other(*batch)[0].equal(transform(*batch)[0])


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

    def test_clamp_to_what_there_is(self, torch, block_mix, batch):
        labels = torch.where(torch.arange(24) < 2, 9, batch[1])
        assert block_mix(small_classes="clamp")(batch[0], labels)[0].shape == batch[0].shape


def test_what_is_not_a_batch(block_mix, batch):
    with pytest.raises(InputTypeError, match="images and labels are torch tensors, got ndarray"):
        block_mix()(batch[0].numpy(), batch[1])
    with pytest.raises(InputTypeError, match="labels are integers or strings, got float"):
        block_mix()(batch[0], batch[1].float())
    with pytest.raises(InputError, match="small_classes"):
        block_mix(small_classes="ignore")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forking beside threads
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_batches_do_not_depend_on_workers(torch, block_mix, batch, workers):
    """Batch b is mixed as number b, whichever worker of however many has it."""
    dataset = torch.utils.data.TensorDataset(batch[0].repeat(4, 1, 1, 1), batch[1].repeat(4))
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=24, num_workers=workers, collate_fn=block_mix().collate
    )
    for number, (mixed, labels) in enumerate(loader):
        assert np.array_equal(mixed.numpy(), expected(batch, 0, number))
        assert labels.equal(batch[1])
    assert number == 3


def test_ranks_count_apart(torch, block_mix, batch, monkeypatch):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 4)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 3)
    transform = block_mix()
    transform(*batch)
    assert np.array_equal(transform(*batch)[0].numpy(), expected(batch, 0, 1 * 4 + 3))


def test_more_batches_than_an_id_can_tell_apart(block_mix, batch):
    transform = block_mix()
    transform.set_extra_state({"epoch": 0, "calls": 1 << 24})
    with pytest.raises(InputError, match="begin the next with set_epoch"):
        transform(*batch)
