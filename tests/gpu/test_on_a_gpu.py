"""The CUDA backend on a real GPU: against the reference and the CPU path, byte for byte.

``make gpu-check`` runs this. Without a GPU, CuPy or torch the tests fail.
Only the first device is tested.
"""

import multiprocessing
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from blockmix import BlockGrid, BlockMixer, InputError, Key, WorkError, mix
from blockmix.kernels import reference

SECRET = bytes(range(32))


class Cupy:
    """Moves NumPy arrays to CuPy arrays and back."""

    def put(self, array):
        import cupy

        return cupy.asarray(array)

    def get(self, array):
        return array.get()

    def address(self, array):
        return array.data.ptr


class Torch:
    def put(self, array):
        import torch

        return torch.from_numpy(np.ascontiguousarray(array)).cuda()

    def get(self, array):
        return array.cpu().numpy()

    def address(self, array):
        return array.data_ptr()


@pytest.fixture(params=[Cupy, Torch], ids=["cupy", "torch"])
def library(request):
    return request.param()


def random_images(*shape, dtype=np.uint8):
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.random.default_rng(0).integers(0, 256, size, np.uint8).view(dtype).reshape(shape)


def labels_for(count):
    return [number % 3 for number in range(count)]


@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize(
    ("shape", "block"),
    [
        ((192, 192, 3), 96),
        ((192, 192, 3), 24),
        ((192, 192, 3), 6),
        ((33, 47, 3), (5, 8)),
        ((31, 29), 1),
        ((1, 1, 1), 1),
        ((8, 225, 4), (8, 7)),
    ],
)
def test_the_reference(library, shape, block, rounds):
    images, labels = random_images(40, *shape), labels_for(40)
    grid = BlockGrid.even(*shape[:2], block)
    drawn = reference.source_map(
        SECRET, labels, grid.rows * grid.cols, sources=7, rounds=rounds, probability=0.7
    )
    expected = reference.apply(
        images, drawn.reshape(40, grid.rows, grid.cols), grid.row_edges, grid.col_edges, "NHWC"
    )
    mixer = BlockMixer(block=block, sources=7, rounds=rounds, probability=0.7, key=Key(SECRET))
    on_device = library.put(images)
    mixed = mixer(on_device, labels)
    assert type(mixed) is type(on_device)
    assert np.array_equal(library.get(mixed), expected)
    assert np.array_equal(library.get(on_device), images)


@pytest.mark.parametrize("rounds", [1, 3])
def test_groups(library, rounds):
    images, labels = random_images(40, 31, 29), labels_for(40)
    groups = [number // 2 % 7 for number in range(40)]
    parameters = {"sources": 7, "rounds": rounds, "probability": 0.7}
    drawn = reference.source_map(SECRET, labels, 4 * 4, groups=groups, **parameters)
    grid = BlockGrid.even(31, 29, 8)
    expected = reference.apply(images, drawn.reshape(40, 4, 4), grid.row_edges, grid.col_edges)
    mixer = BlockMixer(block=8, key=Key(SECRET), **parameters)
    on_device = library.put(images)
    assert np.array_equal(library.get(mixer(on_device, labels, groups=groups)), expected)


@pytest.mark.parametrize("sources", [1, 12, 255])
def test_pools_of_any_size(library, sources):
    images, labels = random_images(600, 5, 7), [0, 1] * 300
    mixer = BlockMixer(block=1, sources=sources, key=Key(SECRET))
    assert np.array_equal(library.get(mixer(library.put(images), labels)), mixer(images, labels))


def test_channels_first_and_grey(library):
    for shape, layout in [((3, 30, 50), "NCHW"), ((30, 50), "NHWC")]:
        images, labels = random_images(30, *shape), labels_for(30)
        mixer = BlockMixer(block=(7, 9), sources=5, key=Key(SECRET), layout=layout)
        assert np.array_equal(
            library.get(mixer(library.put(images), labels)), mixer(images, labels)
        )


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "f8", "c16"])
def test_any_dtype(library, dtype):
    images, labels = random_images(30, 12, 18, dtype=dtype), labels_for(30)
    mixer = BlockMixer(block=4, sources=5, key=Key(SECRET))
    mixed = library.get(mixer(library.put(images), labels))
    assert mixed.tobytes() == mixer(images, labels).tobytes()


def test_bfloat16():
    import torch

    images = torch.rand(30, 12, 18).to(torch.bfloat16)
    mixer = BlockMixer(block=4, sources=5, key=Key(SECRET))
    assert torch.equal(mixer(images.cuda(), labels_for(30)).cpu(), mixer(images, labels_for(30)))


def test_strides(library):
    images, labels = random_images(60, 12, 18, 3), labels_for(30)
    mixer = BlockMixer(block=4, sources=5, key=Key(SECRET))
    on_device, out = library.put(images), library.put(np.zeros_like(images))
    every_second = mixer(on_device[::2], labels, out=out[::2])
    assert library.address(every_second) == library.address(out)
    assert np.array_equal(library.get(out)[::2], mixer(images[::2], labels))
    assert not library.get(out)[1::2].any()
    inner = on_device[:30, 1:, 1:]  # not contiguous within an image: copied once
    assert np.array_equal(library.get(mixer(inner, labels)), mixer(images[:30, 1:, 1:], labels))


@pytest.mark.parametrize("dtype", ["u1", "f2", "f4"])
def test_channels_last(dtype):
    """Batches of torch in that memory format are mixed as they lie, and stay in it."""
    import torch

    images, labels = random_images(30, 12, 18, 3, dtype=dtype), labels_for(30)
    mixer = BlockMixer(block=4, sources=5, key=Key(SECRET))
    expected = mixer(images, labels).tobytes()
    mixer = BlockMixer(block=4, sources=5, key=Key(SECRET), layout="NCHW")
    on_device = Torch().put(images).permute(0, 3, 1, 2)
    mixed = mixer(on_device, labels)
    assert mixed.stride() == on_device.stride()
    assert mixed.permute(0, 2, 3, 1).cpu().numpy().tobytes() == expected
    out = torch.empty_like(on_device)
    assert mixer(on_device, labels, out=out) is out
    assert out.permute(0, 2, 3, 1).cpu().numpy().tobytes() == expected
    crop = on_device[:, :, 1:, 1:]
    mixed = mixer(crop, labels)
    assert mixed.is_contiguous(memory_format=torch.channels_last)
    expected = mixer(crop.cpu(), labels)
    assert mixed.cpu().numpy().tobytes() == expected.numpy().tobytes()


def test_backwards():
    import cupy

    images, labels = random_images(30, 12, 18, 3), labels_for(30)
    mixer = BlockMixer(block=4, sources=5, key=Key(SECRET))
    mixed = mixer(cupy.asarray(images)[::-1], labels)
    assert np.array_equal(mixed.get(), mixer(images[::-1], labels))


def test_odd_addresses(library):
    memory, labels = random_images(30 * 12 * 18 + 3), labels_for(30)
    images = memory[3:].reshape(30, 12, 18)
    mixer = BlockMixer(block=4, sources=5, key=Key(SECRET))
    on_device = library.put(memory)[3:].reshape(30, 12, 18)
    assert np.array_equal(library.get(mixer(on_device, labels)), mixer(images, labels))


def test_labels_on_the_device(library):
    images, labels = random_images(30, 12, 18), np.array(labels_for(30))
    mixer = BlockMixer(block=4, sources=5, key=Key(SECRET))
    mixed = mixer(library.put(images), library.put(labels))
    assert np.array_equal(library.get(mixed), mixer(images, labels))


def test_maps_go_both_ways(library):
    images, labels = random_images(30, 12, 18), labels_for(30)
    mixer = BlockMixer(block=4, sources=5, rounds=2, key=Key(SECRET))
    on_device = library.put(images)
    cpu_map, device_map = mixer.plan(labels, 12, 18), mixer.plan(labels, 12, 18, like=on_device)
    expected = cpu_map.apply(images)
    assert np.array_equal(library.get(cpu_map.apply(on_device)), expected)
    assert np.array_equal(library.get(device_map.apply(on_device)), expected)
    assert np.array_equal(device_map.apply(images), expected)
    assert device_map == cpu_map


def test_the_current_stream_of_torch_and_no_waiting():
    """A call sees earlier work of the stream, and returns while that still runs."""
    import torch

    images, labels = random_images(30, 48, 48, 3), labels_for(30)
    mixer = BlockMixer(block=8, sources=5, key=Key(SECRET))
    host = torch.from_numpy(images).pin_memory()
    on_device, out = torch.zeros_like(host, device="cuda"), torch.zeros_like(host, device="cuda")
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for cycles in (1000, 2_000_000_000):  # compiles and fills caches; then about a second
            torch.cuda._sleep(cycles)
            on_device.copy_(host, non_blocking=True)
            mixer(on_device, labels, out=out)
        assert not stream.query(), "the call waited for the device"
    stream.synchronize()
    assert np.array_equal(out.cpu().numpy(), mixer(images, labels))


def test_a_map_waits_for_itself_on_another_stream():
    import torch

    images, labels = random_images(30, 48, 48, 3), labels_for(30)
    mixer = BlockMixer(block=8, sources=5, key=Key(SECRET))
    on_device = torch.from_numpy(images).cuda()
    mixer(on_device, labels)
    drawing, applying = torch.cuda.Stream(), torch.cuda.Stream()
    with torch.cuda.stream(drawing):
        torch.cuda._sleep(500_000_000)
        plan = mixer.plan(labels, 48, 48, like=on_device)
    with torch.cuda.stream(applying):
        mixed = plan.apply(on_device)
    applying.synchronize()
    assert np.array_equal(mixed.cpu().numpy(), mixer(images, labels))
    with torch.cuda.stream(drawing):
        torch.cuda._sleep(500_000_000)
        plan = mixer.plan(labels, 48, 48, like=on_device)
    assert plan == mixer.plan(labels, 48, 48)


def test_probability_0(library):
    images = random_images(24, 6, 6)
    mixed = mix(library.put(images), [0, 1] * 12, block=6, probability=0)
    assert np.array_equal(library.get(mixed), images)


FRESH = """
import sys; sys.path.insert(0, {root!r})
import blockmix; blockmix.__path__.append({root!r})
import threading, numpy as np
failed = []
sys.unraisablehook = lambda error: failed.append(error)
images = np.random.default_rng(0).integers(0, 256, (100, 48, 48, 3), np.uint8)
labels = np.arange(100) % 2
mixer = blockmix.BlockMixer(block=8, key=blockmix.Key.from_seed(0))
def work():
    for _ in range(6):
        assert np.array_equal(mixer(images, labels, device="cuda"), mixer(images, labels))
work()
thread = threading.Thread(target=work); thread.start(); thread.join()
import gc; gc.collect()
assert not failed, failed
print("fine")
"""


def test_images_on_the_host_where_nothing_else_uses_cuda():
    """No context of another library is current when memory is freed."""
    code = FRESH.format(root=str(Path(__file__).resolve().parents[2]))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "fine\n", done.stderr
    assert "Exception ignored" not in done.stderr


def test_the_current_stream_of_cupy():
    import cupy

    images, labels = random_images(30, 48, 48, 3), labels_for(30)
    mixer = BlockMixer(block=8, sources=5, key=Key(SECRET))
    with cupy.cuda.Stream(non_blocking=True) as stream:
        mixed = mixer(cupy.asarray(images), labels)
        stream.synchronize()
        assert np.array_equal(mixed.get(stream), mixer(images, labels))


def test_several_streams_and_threads():
    import torch

    images, labels = random_images(300, 48, 48, 3), labels_for(300)
    mixers = [BlockMixer(block=8, sources=5, rounds=2, key=Key.from_seed(n)) for n in range(6)]
    on_device = torch.from_numpy(images).cuda()
    results = [None] * len(mixers)

    def work(number):
        with torch.cuda.stream(torch.cuda.Stream()):
            for _ in range(20):
                results[number] = mixers[number](on_device, labels)
            torch.cuda.current_stream().synchronize()

    threads = [threading.Thread(target=work, args=[number]) for number in range(len(mixers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mixer, result in zip(mixers, results, strict=True):
        assert np.array_equal(result.cpu().numpy(), mixer(images, labels))


def test_images_on_the_host():
    images, labels = random_images(3000, 192, 192, 3), labels_for(3000)
    mixer = BlockMixer(block=24, key=Key(SECRET))
    assert np.array_equal(mixer(images, labels, device="cuda"), mixer(images, labels))


def test_a_large_set():
    """20 GB, or what fits: indices beyond 2**31 in bytes. Checked image by image, at random."""
    import torch

    image_bytes = 192 * 192 * 3
    free, _ = torch.cuda.mem_get_info()
    count = min(20 * 10**9, int(free * 0.4)) // image_bytes
    images = torch.empty((count, 192, 192, 3), dtype=torch.uint8, device="cuda")
    images.view(-1).view(torch.int64).random_()
    mixer = BlockMixer(block=24, rounds=2, key=Key(SECRET))
    labels = np.arange(count) % 2
    plan = mixer.plan(labels, 192, 192, like=images)
    mixed = plan.apply(images)
    sources = plan.sources
    for image in [0, 1, count - 1, *np.random.default_rng(0).integers(0, count, 200)]:
        blocks = mixed[image].view(8, 24, 8, 24, 3)
        wanted = torch.from_numpy(sources[image].astype(np.int64)).cuda()
        for row in range(8):
            for col in range(8):
                origin = images[wanted[row, col]].view(8, 24, 8, 24, 3)
                assert torch.equal(blocks[row, :, col], origin[row, :, col])
    assert np.array_equal(sources[:1000], mixer.plan(labels, 192, 192).sources[:1000])


def test_too_little_memory():
    import torch

    images = torch.zeros((2000, 192, 192), dtype=torch.uint8, device="cuda")
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(0.003)
    try:
        with pytest.raises(WorkError, match="MiB more of device or pinned memory are needed"):
            mix(images, [0] * 2000, block=1)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def _mix_in_a_fork(queue):
    try:
        mix(random_images(24, 4, 4), [0, 1] * 12, block=2, device="cuda")
    except WorkError as error:
        queue.put(str(error))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forking beside threads
def test_a_forked_child():
    mix(random_images(24, 4, 4), [0, 1] * 12, block=2, device="cuda")
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=_mix_in_a_fork, args=[queue])
    child.start()
    child.join(60)
    assert not queue.empty()
    assert "spawn" in queue.get()


def test_devices_that_do_not_fit(library):
    images = library.put(random_images(24, 4, 4))
    with pytest.raises(InputError, match="the images are on cuda:0, but device is 'cpu'"):
        mix(images, [0, 1] * 12, block=2, device="cpu")
    with pytest.raises(InputError, match="there is no device cuda:99"):
        mix(random_images(24, 4, 4), [0, 1] * 12, block=2, device="cuda:99")
