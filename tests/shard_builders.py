"""Shards for tests: tar archives of random images, and what is in one that was written."""

import io
import tarfile

import numpy as np
from PIL import Image


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
    rng = np.random.default_rng(seed)
    for shard, labels in enumerate(counts):
        names = [label for label, count in labels.items() for _ in range(count)]
        members = []
        for number, label in enumerate(rng.permutation(names)):
            key = f"person-{shard}-{number}"
            members.append((f"{key}.{suffix}", image_file(rng, size, suffix)))
            members.append((f"{key}.cls", str(label).encode()))
        write_tar(folder / f"set-{shard:04}.tar", members)
    return folder


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
