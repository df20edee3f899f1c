"""Shards for tests: tar archives of random images, and what is in one that was written."""

import io
import tarfile

import numpy as np
from PIL import Image

NAMES = b"person-"  # in the name of every original


def image_file(rng, size=(16, 16), suffix="png"):
    """Return the file of a random image."""
    file = io.BytesIO()
    format = {"jpg": "JPEG", "png": "PNG"}[suffix]
    Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)).save(file, format)
    return file.getvalue()


def write_tar(path, members):
    """Write an archive of members, (name, content) each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def write_set(folder, counts, *, size=(16, 16), suffix="png", seed=0):
    """Write shards ``set-0000.tar``, ...; ``counts`` has, for each, the images of each label."""
    for shard, samples in enumerate(_samples(counts, size, suffix, seed)):
        members = []
        for name, label, image in samples:
            members.append((f"{name}.{suffix}", image))
            members.append((f"{name}.cls", label.encode()))
        write_tar(folder / f"set-{shard:04}.tar", members)
    return folder


def write_parquet_set(folder, counts, *, size=(16, 16), suffix="png", seed=0):
    """Write the samples of `write_set` as ``set-0000.parquet``, ..., with whole numbers as labels.

    They are what `datasets` writes, but for its metadata.
    """
    import pyarrow as pa
    from pyarrow import parquet

    folder.mkdir(parents=True)
    for shard, samples in enumerate(_samples(counts, size, suffix, seed)):
        images = [{"bytes": image, "path": f"{name}.{suffix}"} for name, _, image in samples]
        labels = [int(label) for _, label, _ in samples]
        table = pa.table({"image": images, "label": labels})
        parquet.write_table(table, folder / f"set-{shard:04}.parquet")
    return folder


def _samples(counts, size, suffix, seed):
    """Yield the samples of each shard, (name, label, file of an image) each, in random order."""
    rng = np.random.default_rng(seed)
    for shard, labels in enumerate(counts):
        names = [label for label, count in labels.items() for _ in range(count)]
        yield [
            (f"{NAMES.decode()}{shard}-{number}", str(label), image_file(rng, size, suffix))
            for number, label in enumerate(rng.permutation(names))
        ]


def read_tar(path):
    """Return the members of an archive, (name, content) each, in order."""
    with tarfile.open(path) as archive:
        return [(member.name, archive.extractfile(member).read()) for member in archive]


def samples_of(folder):
    """Return label and pixels of every sample of the archives of a folder, by name."""
    samples = {}
    for path in sorted(folder.glob("*.tar")):
        members = dict(read_tar(path))
        for name, content in members.items():
            if not name.endswith(".cls"):
                key, label = name.split(".")[0], members[f"{name.split('.')[0]}.cls"].decode()
                samples[key] = label, np.asarray(Image.open(io.BytesIO(content)))
    return samples
