"""Tensors of torch and arrays of CuPy: the same bytes as NumPy, without a copy on the way."""

import numpy as np
import pytest
from builders import random_images

from blockmix import BlockMixer, InputError, InputTypeError, Key, mix
from blockmix.arrays import containers
from blockmix.arrays.containers import CupyLibrary, TorchLibrary, location_of, on_host
from blockmix.arrays.location import HOST

LABELS = [0, 1] * 12


@pytest.fixture
def images():
    return random_images(24, 8, 12, 3)


def test_tensors_in_tensors_out(torch, images, key):
    mixed = mix(torch.from_numpy(images), torch.tensor(LABELS), block=4, key=key)
    assert isinstance(mixed, torch.Tensor)
    assert np.array_equal(mixed.numpy(), mix(images, LABELS, block=4, key=key))


def test_channels_first(torch, images, key):
    tensor = torch.from_numpy(images).permute(0, 3, 1, 2)
    expected = mix(images, LABELS, block=4, key=key)
    for images_first in (tensor, tensor.contiguous()):
        mixed = mix(images_first, LABELS, block=4, key=key, layout="NCHW")
        assert np.array_equal(mixed.permute(0, 2, 3, 1).numpy(), expected)


def test_out_is_written_in_place(torch, images, key):
    out = torch.zeros(24, 8, 12, 3, dtype=torch.uint8)
    address = out.data_ptr()
    assert mix(torch.from_numpy(images), LABELS, block=4, key=key, out=out) is out
    assert out.data_ptr() == address
    assert np.array_equal(out.numpy(), mix(images, LABELS, block=4, key=key))


def test_dtypes_that_numpy_lacks(torch, images, key):
    expected = mix(images, LABELS, block=4, key=key)
    for dtype in (torch.bfloat16, torch.float16, torch.float64, torch.bool, torch.complex128):
        mixed = mix(torch.from_numpy(images).to(dtype), LABELS, block=4, key=key)
        assert mixed.dtype == dtype
        assert torch.equal(mixed, torch.from_numpy(expected).to(dtype))


def test_gradients_are_left_behind(torch, key):
    images = torch.rand(24, 8, 12, 3, requires_grad=True)
    assert not mix(images, LABELS, block=4, key=key).requires_grad


def test_mixed_kinds_of_container(torch, images):
    with pytest.raises(InputTypeError, match="out must be of the same kind"):
        mix(torch.from_numpy(images), LABELS, block=4, out=np.empty_like(images))


def test_out_that_shares_memory(torch, images):
    tensor = torch.from_numpy(images)
    with pytest.raises(InputError, match="shares memory"):
        mix(tensor, LABELS, block=4, out=tensor.view(24, 8, 12, 3))


def test_tensors_elsewhere_are_refused(torch):
    with pytest.raises(InputTypeError, match=r"torch tensor on meta: .* bring it over with"):
        mix(torch.empty(24, 8, 12, 3, device="meta"), LABELS, block=4)


def test_tensors_that_are_not_plain_are_refused(torch):
    dense = torch.zeros(24, 8, 12)
    for tensor in (
        dense.to_sparse(),
        torch.nested.nested_tensor([dense[0], dense[1]], layout=torch.jagged),
        torch.complex(dense, dense).conj(),
    ):
        with pytest.raises(InputTypeError, match="sparse, nested, quantised or lazy"):
            mix(tensor, LABELS, block=4)


def test_compiled_functions_leave_mixing_out_of_their_graphs(torch, images, key):
    tensor, labels = torch.from_numpy(images), torch.tensor(LABELS)
    mixer = BlockMixer(block=4, key=key)
    plan = mixer.plan(LABELS, 8, 12)
    steps = [
        lambda images, labels: mix(images + 1, labels, block=4, key=key) * 2,
        lambda images, labels: mixer(images + 1, labels) * 2,
        lambda images, labels: plan.apply(images + 1) * 2,
        lambda images, labels: mixer.plan(labels, 8, 12).apply(images + 1) * 2,
    ]
    wanted = mix(images + np.uint8(1), LABELS, block=4, key=key) * np.uint8(2)
    graphs = []

    def backend(graph, _):
        graphs.append([node.name for node in graph.graph.nodes if node.op == "call_function"])
        return graph.forward

    for step in steps:
        torch._dynamo.reset()
        mixed = torch.compile(step, backend=backend)(tensor, labels)
        assert np.array_equal(mixed.numpy(), wanted)
        assert graphs[-2:] == [["add"], ["mul"]]
    assert len(graphs) == 2 * len(steps)


def test_a_fresh_key_is_no_part_of_a_graph(torch, images):
    torch._dynamo.reset()
    step = torch.compile(lambda images: mix(images, LABELS, block=4), backend="eager")
    first, second = (step(torch.from_numpy(images)) for _ in range(2))
    assert not first.equal(second)


def test_labels_come_to_the_host(fake_cupy):
    labels = np.array(LABELS)
    assert type(on_host(fake_cupy(labels))) is np.ndarray
    mixer = BlockMixer(block=2, key=Key.from_seed(0))
    assert mixer.plan(fake_cupy(labels), 4, 4) == mixer.plan(labels, 4, 4)


class Box:
    """An array of a library that blockmix does not know."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype


class BoxContainer:
    kind = "boxes"
    integer_cast = "whole()"

    def owns(self, value):
        return isinstance(value, Box)

    def view(self, array, name):
        return array.array

    def empty_like(self, array, *, keep_order):
        return Box(np.empty_like(array.array, order="K" if keep_order else "C"))

    def contiguous(self, array, axes):
        return Box(np.ascontiguousarray(array.array.transpose(axes)))

    def location(self, array):
        return HOST

    def on_host(self, array, name):
        return array.array


def test_a_library_is_added_by_one_entry(images, key, monkeypatch):
    with pytest.raises(InputTypeError, match=r"images is a .*Box; blockmix takes .* CuPy arrays$"):
        mix(Box(images), LABELS, block=4)
    monkeypatch.setattr(containers, "CONTAINERS", (*containers.CONTAINERS, BoxContainer()))
    expected = mix(images[:, 1:], LABELS, block=4, key=key)
    out = Box(np.empty_like(expected))
    mixer = BlockMixer(block=4, key=key)
    assert mixer(Box(images[:, 1:]), Box(np.array(LABELS)), out=out) is out
    for mixed in (out, mixer(Box(images[:, 1:]), LABELS)):
        assert type(mixed) is Box
        assert np.array_equal(mixed.array, expected)
    assert mixer.plan(LABELS, 7, 12, like=Box(images)) == mixer.plan(LABELS, 7, 12)
    with pytest.raises(InputTypeError, match="out must be of the same kind as images: boxes"):
        mix(Box(images), LABELS, block=4, out=np.empty_like(images))
    with pytest.raises(InputTypeError, match=r"got float64: .* with labels\.whole\(\)$"):
        mix(images, Box(np.zeros(24)), block=4)


def test_memory_of_different_libraries_differs():
    assert len({TorchLibrary(), CupyLibrary(), TorchLibrary()}) == 2


def test_where_a_map_is_drawn(fake_cupy):
    assert location_of(fake_cupy(random_images(2, 2, 2), device=3), "like").name == "cuda:3"
    assert location_of(None, "like").name == "cpu"
