"""Memory formats and subclasses of torch: batches come back as they came, without a copy."""

import numpy as np
import pytest
from builders import SECRET, random_images

from blockmix import BlockGrid, BlockMixer, InputTypeError, Key, mix
from blockmix.backends import cpu
from blockmix.kernels import reference

LABELS = [0, 1, 2] * 8
GRID = BlockGrid.even(8, 12, 4)
DTYPES = ["uint8", "float32", "float16"]


def pixels(dtype):
    """Images NHWC of finite values, all different within an image if the dtype has so many."""
    return random_images(24, 8, 12, 3).astype(dtype)


def expected(images, labels=LABELS):
    """The first batch of a `BlockMix`, by the reference; NHWC."""
    sources = reference.source_map(
        SECRET, labels, GRID.blocks, sources=3, rounds=1, probability=0.5
    )
    sources = sources.reshape(-1, GRID.rows, GRID.cols)
    return reference.apply(images, sources, GRID.row_edges, GRID.col_edges)


def equal(tensor, array):
    """Whether a tensor NCHW has the pixels of an array NHWC."""
    return np.array_equal(tensor.permute(0, 2, 3, 1).numpy(), array)


@pytest.fixture
def labels(torch):
    return torch.tensor(LABELS)


@pytest.fixture
def gathered(monkeypatch):
    """Records the addresses from and to which the loops of the CPU move blocks."""
    addresses = []

    def record(out, images, *arguments):
        addresses.append((out.ctypes.data, images.ctypes.data))
        return original(out, images, *arguments)

    original = cpu.gather
    monkeypatch.setattr(cpu, "gather", record)
    return addresses


def as_they_are(images):
    """The batch in channels_last: a tensor NCHW of memory NHWC."""
    return images.permute(0, 3, 1, 2)


def every_second(images):
    around = images.repeat_interleave(2, 0)
    around[1::2] = 77
    return as_they_are(around)[::2]


def crop(images):
    around = images.new_full((24, 11, 15, 3), 77)
    around[:, 1:9, 2:14] = images
    return as_they_are(around)[:, :, 1:9, 2:14]


def without_alpha(images):
    around = images.new_full((24, 8, 12, 4), 77)
    around[..., :3] = images
    return as_they_are(around)[:, :3]


def contiguous(images):
    return as_they_are(images).contiguous()


def of_planes(images):
    """Images that share planes of memory: the axes in the order C, N, H, W."""
    return images.permute(3, 0, 1, 2).contiguous().transpose(0, 1)


def of_columns(images):
    """Images whose columns are lines in memory: the axes in the order N, C, W, H."""
    return images.permute(0, 3, 2, 1).contiguous().transpose(2, 3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("placed", [as_they_are, every_second, contiguous])
def test_batches_are_mixed_as_they_lie(torch, block_mix, labels, gathered, placed, dtype):
    """No copy before and none after: the loops read the batch, and write what is returned."""
    images = placed(torch.from_numpy(pixels(dtype)))
    before = images.clone()
    mixed, _ = block_mix()(images, labels)
    assert equal(mixed, expected(pixels(dtype)))
    assert gathered == [(mixed.data_ptr(), images.data_ptr())]
    assert mixed.stride() == before.stride()
    assert images.equal(before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("placed", [crop, without_alpha])
def test_parts_of_images_are_copied_once_and_stay_in_the_format(
    torch, block_mix, labels, gathered, placed, dtype
):
    images = placed(torch.from_numpy(pixels(dtype)))
    mixed, _ = block_mix()(images, labels)
    assert equal(mixed, expected(pixels(dtype)))
    assert mixed.is_contiguous(memory_format=torch.channels_last)
    assert gathered[0][0] == mixed.data_ptr()


@pytest.mark.parametrize("placed", [of_planes, of_columns])
def test_batches_in_no_memory_format_come_back_contiguous(torch, block_mix, labels, placed):
    images = placed(torch.from_numpy(pixels("float32")))
    mixed, _ = block_mix()(images, labels)
    assert equal(mixed, expected(pixels("float32")))
    assert mixed.is_contiguous()


@pytest.mark.parametrize("shape", [(1, 8, 12), (3, 1, 1), (1, 1, 1), (3, 1, 12), (3, 8, 1)])
@pytest.mark.parametrize("memory_format", ["channels_last", "contiguous_format"])
def test_strides_that_fit_both_formats_are_kept(torch, shape, memory_format):
    """Operations that follow tell the formats apart by such strides."""
    memory_format = getattr(torch, memory_format)
    images = torch.rand(24, *shape).to(memory_format=memory_format)
    for part in (images, images[::2], images[:0]):
        mixed = mix(part, LABELS[: len(part)], block=1, sources=3, layout="NCHW")
        assert mixed.stride() == part.clone().stride()


class TestLayoutsOfTorch:
    def test_channels_as_the_last_axis_of_contiguous_images(
        self, torch, block_mix, labels, gathered
    ):
        images = contiguous(torch.from_numpy(pixels("uint8"))).permute(0, 2, 3, 1)
        mixed, _ = block_mix(layout="NHWC")(images, labels)
        assert np.array_equal(mixed.numpy(), expected(pixels("uint8")))
        assert mixed.stride() == images.stride()
        assert gathered == [(mixed.data_ptr(), images.data_ptr())]

    def test_a_map_is_applied_in_either_format(self, torch, key):
        images = torch.from_numpy(pixels("uint8"))
        plan = BlockMixer(block=4, sources=3, key=key).plan(LABELS, 8, 12)
        for placed in (as_they_are, contiguous):
            mixed = plan.apply(placed(images), layout="NCHW")
            assert equal(mixed, expected(pixels("uint8")))
            assert mixed.stride() == placed(images).stride()


class TestOut:
    def mixed(self, images, out):
        options = {"block": 4, "sources": 3, "key": Key(SECRET), "layout": "NCHW"}
        return mix(images, LABELS, out=out, **options)

    def test_in_channels_last(self, torch, gathered):
        images = as_they_are(torch.from_numpy(pixels("uint8")))
        out = torch.empty_like(images)
        assert self.mixed(images, out) is out
        assert equal(out, expected(pixels("uint8")))
        assert gathered == [(out.data_ptr(), images.data_ptr())]

    @pytest.mark.parametrize("placed", [as_they_are, contiguous, crop])
    @pytest.mark.parametrize("placed_out", [as_they_are, contiguous])
    def test_in_another_format(self, torch, placed, placed_out):
        images = torch.from_numpy(pixels("uint8"))
        out = placed_out(torch.zeros_like(images))
        assert self.mixed(placed(images), out) is out
        assert equal(out, expected(pixels("uint8")))


def test_gradients_do_not_flow(torch, block_mix, labels):
    images = as_they_are(torch.from_numpy(pixels("float32"))).requires_grad_()
    for batch in (images, images * 1):
        mixed, _ = block_mix()(batch, labels)
        assert not mixed.requires_grad
        assert mixed.is_leaf
        assert mixed.is_contiguous(memory_format=torch.channels_last)


def test_in_inference_mode(torch, block_mix, labels):
    with torch.inference_mode():
        mixed, _ = block_mix()(as_they_are(torch.from_numpy(pixels("uint8"))), labels)
        assert equal(mixed, expected(pixels("uint8")))
        assert mixed.is_inference()


class TestSmallClasses:
    def test_that_are_dropped(self, torch, block_mix, labels):
        labels[5] = 9
        images = as_they_are(torch.from_numpy(pixels("float16")))
        mixed, kept = block_mix(small_classes="drop")(images, labels)
        assert equal(mixed, expected(np.delete(pixels("float16"), 5, 0), kept.tolist()))
        assert mixed.is_contiguous(memory_format=torch.channels_last)

    def test_of_which_none_is_left(self, torch, block_mix):
        images = as_they_are(torch.from_numpy(pixels("uint8")))
        mixed, _ = block_mix(small_classes="drop")(images, torch.arange(24))
        assert mixed.shape == (0, 3, 8, 12)
        assert mixed.stride() == images[:0].clone().stride()


def test_samples_come_in_the_format_in_which_torch_stacks_them(torch, block_mix, labels):
    images = as_they_are(torch.from_numpy(pixels("uint8")))
    samples = list(zip(images, labels, strict=True))
    mixed, _ = block_mix().collate(samples)
    assert equal(mixed, expected(pixels("uint8")))
    assert mixed.stride() == torch.utils.data.default_collate(samples)[0].stride()


def test_compiled_steps(torch, block_mix, labels):
    torch._dynamo.reset()
    transform = block_mix()
    step = torch.compile(
        lambda images, labels: transform(images + 1, labels)[0] * 2, backend="eager"
    )
    mixed = step(as_they_are(torch.from_numpy(pixels("float32"))), labels)
    assert equal(mixed, expected(pixels("float32") + 1) * 2)
    assert mixed.is_contiguous(memory_format=torch.channels_last)


class TestSubclasses:
    @pytest.fixture
    def images(self, torch):
        return as_they_are(torch.from_numpy(pixels("float32")))

    @pytest.fixture
    def plain_class(self, torch):
        """Its results are of its class, as for every class that changes nothing."""
        return type("Picture", (torch.Tensor,), {})

    @pytest.fixture
    def reluctant_class(self, torch):
        """Its results are plain tensors but for few operations, as those of torchvision are."""
        lasting = (torch.Tensor.detach, torch.Tensor.clone, torch.Tensor.to)

        class Reluctant(torch.Tensor):
            @classmethod
            def __torch_function__(cls, function, types, arguments=(), named=None):
                result = super().__torch_function__(function, types, arguments, named or {})
                if function in lasting or not isinstance(result, torch.Tensor):
                    return result
                with torch._C.DisableTorchFunctionSubclass():
                    return result.as_subclass(torch.Tensor)

        return Reluctant

    @pytest.fixture
    def labelled_class(self, torch):
        """Its results have an attribute of the tensor that they came from."""

        class Labelled(torch.Tensor):
            @classmethod
            def __torch_function__(cls, function, types, arguments=(), named=None):
                result = super().__torch_function__(function, types, arguments, named or {})
                if isinstance(result, cls):
                    result.origin = getattr(arguments[0], "origin", None)
                return result

        return Labelled

    def test_come_back_as_they_came(
        self, images, block_mix, labels, plain_class, reluctant_class, gathered
    ):
        for subclass in (plain_class, reluctant_class):
            batch = images.as_subclass(subclass)
            mixed, _ = block_mix()(batch, labels)
            assert type(mixed) is subclass
            assert equal(mixed, expected(pixels("float32")))
            assert mixed.stride() == batch.stride()
            assert gathered[-1] == (mixed.data_ptr(), batch.data_ptr())

    def test_come_back_where_some_images_are_dropped(
        self, images, block_mix, labels, plain_class, reluctant_class
    ):
        labels[5] = 9
        for subclass in (plain_class, reluctant_class):
            mixed, _ = block_mix(small_classes="drop")(images.as_subclass(subclass), labels)
            assert type(mixed) is subclass
            assert len(mixed) == 23

    def test_keep_what_they_give_to_results(self, images, block_mix, labels, labelled_class):
        batch = images.as_subclass(labelled_class)
        batch.origin = "a camera"
        assert block_mix()(batch, labels)[0].origin == "a camera"

    def test_parameters_give_plain_tensors(self, torch, images, block_mix, labels):
        mixed, _ = block_mix()(torch.nn.Parameter(images), labels)
        assert type(mixed) is torch.Tensor
        assert not mixed.requires_grad
        assert equal(mixed, expected(pixels("float32")))

    def test_without_memory_are_refused(self, torch, images, block_mix, labels):
        class Wrapper(torch.Tensor):
            @staticmethod
            def __new__(cls, tensor):
                return torch.Tensor._make_wrapper_subclass(cls, tensor.shape, dtype=tensor.dtype)

            @classmethod
            def __torch_dispatch__(cls, function, types, arguments=(), named=None):
                raise NotImplementedError

        with pytest.raises(
            InputTypeError, match=r"images is a Wrapper, .* without memory of its own"
        ):
            block_mix()(Wrapper(images), labels)
