"""Tar shards of images, in the form of WebDataset."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from blockmix.bench.common.originals import Originals


def write_shards(folder: Path, originals: Originals, shards: int, images: int) -> list[Path]:
    """Write tar archives of ``images`` each; labels take turns, and too few images are repeated."""
    folder.mkdir(parents=True)
    paths = [folder / f"set-{shard:04}.tar" for shard in range(shards)]
    for shard, path in enumerate(paths):
        with tarfile.open(path, "w") as archive:
            for index in range(shard * images, (shard + 1) * images):
                position = index % len(originals.paths)
                file, label = originals.paths[position], position % originals.labels
                _add(archive, f"{index:08}{file.suffix.lower()}", file.read_bytes())
                _add(archive, f"{index:08}.cls", str(label).encode())
    return paths


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
