"""The CUDA backend against the reference, byte for byte, in the simulator."""

import ctypes

import numpy as np
import pytest
from builders import SECRET, random_images
from hypothesis import given
from hypothesis import strategies as st
from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

from blockmix import (
    BlockGrid,
    BlockMixer,
    InputError,
    Key,
    SourceMap,
    WorkError,
    mix,
)
from blockmix.arrays.batch import open_images, open_out
from blockmix.backends import streamed
from blockmix.backends.dispatch import choose
from blockmix.backends.gpu import Gpu
from blockmix.backends.streamed import NumbaLibrary
from blockmix.kernels import gather_cuda, reference
from blockmix.kernels.cuda import cuda


@st.composite
def some_groups(draw, labels):
    """Groups such that every image has one of its label and of another group."""
    groups = draw(st.lists(st.integers(0, 3), min_size=len(labels), max_size=len(labels)))
    for label in set(labels):
        first = labels.index(label)
        groups[first] = 4  # alone
    return groups


@given(data=st.data())
def test_any_mix_equals_the_reference(data):
    """Draw and gather, on the device: small classes, groups, pools of all others, rounds."""
    sizes = data.draw(st.lists(st.integers(2, 7), min_size=1, max_size=3))
    labels = data.draw(st.permutations([c for c, size in enumerate(sizes) for _ in range(size)]))
    groups = data.draw(st.none() | some_groups(labels))
    height, width = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 9))
    channels = data.draw(st.sampled_from([1, 3, 4]))
    block = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    parameters = {
        "sources": data.draw(st.integers(1, 9)),
        "rounds": data.draw(st.integers(1, 3)),
        "probability": data.draw(st.sampled_from([0, 0.1, 0.5, 1])),
    }
    ids = data.draw(
        st.none()
        | st.lists(
            st.integers(0, 2**64 - 1), min_size=len(labels), max_size=len(labels), unique=True
        )
    )
    grid = BlockGrid.even(height, width, block)
    images = random_images(len(labels), height, width, channels)
    drawn = reference.source_map(
        SECRET, labels, grid.rows * grid.cols, ids=ids, groups=groups, **parameters
    )
    expected = reference.apply(
        images, drawn.reshape(-1, grid.rows, grid.cols), grid.row_edges, grid.col_edges, "NHWC"
    )
    mixed = mix(
        images,
        labels,
        block=block,
        key=Key(SECRET),
        ids=ids,
        groups=groups,
        small_classes="clamp",
        device="cuda",
        **parameters,
    )
    assert np.array_equal(mixed, expected)


def test_pools_that_need_several_groups_of_words():
    labels = [0] * 20
    mixer = BlockMixer(block=1, sources=19, key=Key(SECRET))
    images = random_images(20, 3, 7)
    assert np.array_equal(mixer(images, labels, device="cuda"), mixer(images, labels))


@given(data=st.data())
def test_any_words_at_any_stride(data):
    """As images may be laid out in device memory: with gaps, backwards, at odd addresses."""
    count, height = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    width, pixel_bytes = data.draw(st.integers(1, 12)), data.draw(st.sampled_from([1, 2, 3, 8]))
    cols = data.draw(st.sets(st.integers(1, width - 1), max_size=3)) if width > 1 else set()
    grid = BlockGrid(sorted({0, height // 2, height}), [0, *sorted(cols), width])
    images = random_images(count, height * width * pixel_bytes)
    slot_map = np.random.default_rng(1).integers(0, count, (grid.rows, count, grid.cols), np.int32)
    order = np.random.default_rng(2).permutation(count).astype(np.int32)

    aligned = next(n for n in (8, 4, 2, 1) if images.shape[1] % n == 0)
    edges = np.array(grid.row_edges), np.array(grid.col_edges) * pixel_bytes
    block_table, mask = gather_cuda.cut_words(*edges, 1, aligned)
    per_image = images.shape[1] // mask.dtype.itemsize
    gap, backwards = data.draw(st.integers(0, 3)), data.draw(st.booleans())

    def words(values):
        memory = np.full((count, per_image + gap), 77, mask.dtype)
        memory[:, :per_image] = values[::-1] if backwards else values
        start = (count - 1) * (per_image + gap) if backwards else 0
        stride = (per_image + gap) * (-1 if backwards else 1)
        return gather_cuda.Words(cuda.to_device(memory.reshape(-1)), start, stride)

    source, out = words(images.view(mask.dtype)), words(np.zeros((1, per_image), mask.dtype))
    tables = cuda.to_device(block_table), cuda.to_device(mask)
    gather_cuda.gather(
        *(out, source, count, per_image),
        *(cuda.to_device(order), cuda.to_device(slot_map.reshape(-1)), grid.cols, *tables),
        *(0, 2, cuda.stream()),
    )
    written = out.array.copy_to_host().reshape(count, per_image + gap)
    mixed = np.ascontiguousarray(written[:: -1 if backwards else 1, :per_image]).view(np.uint8)

    sources = np.empty((count, grid.rows, grid.cols), np.int32)
    sources[order] = order[slot_map].transpose(1, 0, 2)
    shape = (count, height, width, pixel_bytes)
    expected = reference.apply(
        images.reshape(shape), sources, grid.row_edges, grid.col_edges, "NHWC"
    )
    assert np.array_equal(mixed.reshape(shape), expected)
    assert (written[:, per_image:] == 77).all()


@pytest.mark.parametrize("strip_bytes", [1, 9 * 8, 9 * 16, 1 << 20])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_strips_of_any_size(strip_bytes, layout, monkeypatch):
    monkeypatch.setattr(streamed, "STRIP_BYTES", strip_bytes)
    images, labels = random_images(9, 3, 7, 5), [0, 1, 0] * 3
    mixer = BlockMixer(block=2, sources=2, key=Key(SECRET), layout=layout)
    before = images.copy()
    assert np.array_equal(mixer(images, labels, device="cuda"), mixer(images, labels))
    assert np.array_equal(images, before)


def test_strided_images_and_out():
    images, labels = random_images(12, 6, 6)[::2], [0, 1] * 3
    mixer = BlockMixer(block=2, sources=2, key=Key(SECRET))
    around = np.zeros((12, 6, 6), np.uint8)
    assert mixer(images, labels, out=around[::-2], device="cuda") is not None
    assert np.array_equal(around[::-2], mixer(images, labels))
    assert not around[::2].any()


@pytest.mark.parametrize(("layout", "order"), [("NHWC", (0, 3, 1, 2)), ("NCHW", (0, 2, 3, 1))])
class TestChannelsInAnotherOrder:
    """Channels lie first in memory where they are the last axis, and the other way round."""

    labels = [0, 1, 0] * 3

    def images_and_out(self, layout, order):
        shape = {"NHWC": (9, 3, 7, 5), "NCHW": (9, 5, 3, 7)}[layout]
        images = random_images(*shape).transpose(order).copy().transpose(np.argsort(order))
        return images, np.zeros_like(images)

    def mixer(self, layout):
        return BlockMixer(block=2, sources=2, key=Key(SECRET), layout=layout)

    def test_on_the_host(self, layout, order):
        images, out = self.images_and_out(layout, order)
        mixer = self.mixer(layout)
        expected = mixer(np.ascontiguousarray(images), self.labels)
        mixed = mixer(images, self.labels, device="cuda")
        assert np.array_equal(mixed, expected)
        assert mixed.strides == images.strides
        mixer(images.copy(), self.labels, out=out, device="cuda")
        assert np.array_equal(out, expected)

    def test_on_the_device(self, layout, order, fake_cupy, monkeypatch):
        """The kernel reads the images' own memory and writes that of out: nothing is copied."""
        images, out = self.images_and_out(layout, order)
        addresses = []

        def array_at(owner, address, count, dtype):
            addresses.append(address)
            memory = (ctypes.c_char * (count * dtype.itemsize)).from_address(address)
            return FakeCUDAArray(np.frombuffer(memory, dtype))

        monkeypatch.setattr("blockmix.kernels.cuda.array_at", array_at)
        mixer, on_device = self.mixer(layout), fake_cupy(images)
        plan = mixer.plan(self.labels, 3, 7)
        out_batch = open_out(fake_cupy(out), on_device, layout)
        plan.move(open_images(on_device, layout), out_batch, Gpu(NumbaLibrary(), 0))
        assert np.array_equal(out, mixer(np.ascontiguousarray(images), self.labels))
        assert addresses == [out.ctypes.data, images.ctypes.data]


def test_a_map_of_the_cpu_is_applied_on_the_device():
    images = random_images(6, 5, 7, 3)
    plan = BlockMixer(block=2, sources=2, rounds=2, key=Key(SECRET)).plan([0, 1] * 3, 5, 7)
    assert np.array_equal(plan.apply(images, device="cuda:0"), plan.apply(images))


def test_a_map_of_the_device_is_applied_on_the_cpu():
    images, labels = random_images(6, 5, 7, 3), [0, 1] * 3
    mixer = BlockMixer(block=2, sources=2, rounds=2, key=Key(SECRET))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("blockmix.mixer.choose", lambda location, device: choose(location, "cuda"))
        plan = mixer.plan(labels, 5, 7)
    on_cpu = mixer.plan(labels, 5, 7)
    assert isinstance(plan, SourceMap)
    assert np.array_equal(plan.apply(images), on_cpu.apply(images))
    assert plan == on_cpu


def test_too_little_device_memory(monkeypatch):
    context = type(cuda.current_context())
    monkeypatch.setattr(context, "get_memory_info", lambda self: (300, 1000))
    with pytest.raises(
        WorkError, match=r"9 images need 576 bytes of device memory .* 300 are free"
    ):
        mix(random_images(9, 3, 7), [0] * 9, block=2, sources=2, device="cuda")


def test_pipelines_have_no_more_memory_than_the_images_need(monkeypatch):
    sizes = []
    original = streamed.StripPipeline.__init__

    def record_size(pipeline, size, copy_threads):
        sizes.append(size)
        original(pipeline, size, copy_threads)

    monkeypatch.setattr(streamed.StripPipeline, "__init__", record_size)
    mix(random_images(9, 3, 7), [0] * 9, block=2, sources=2, device="cuda")
    assert sizes == [9 * 24]  # one strip of 21 bytes, in whole words


def test_nothing_to_move():
    assert mix(np.empty((0, 4, 4), np.uint8), [], block=2, device="cuda").shape == (0, 4, 4)


def test_a_device_that_does_not_exist():
    with pytest.raises(InputError, match="there is no device cuda:7, only cuda:0"):
        mix(random_images(4, 4, 4), [0] * 4, block=2, sources=2, device="cuda:7")
