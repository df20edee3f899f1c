"""WebDataset: tar archives in which adjacent members of one key are a sample."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from blockmix.datasets.shards.container import (
    DamagedShardError,
    Label,
    MixedSample,
    Shard,
    ShardSample,
)
from blockmix.errors import InputError

_IMAGES = {"jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm"}
_JSON = "json:"
_PATH = "path"
# As `webdataset` cuts a name: the key is what stands before the first dot behind the last slash.
_NAME = re.compile(r"((?:.*/)?[^/.]+)\.([^/]*)", re.DOTALL)
# What `webdataset` skips: files and folders of such names describe the archive.
_DESCRIPTION = re.compile(r"__[^/]*__(/|$)")
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")
# Names are bytes; which text they are must not depend on the machine, as folders may be labels.
_ENCODING = "utf-8"
# Bytes of a folder that fit into a USTAR header.
_LONGEST_FOLDER = 155


class _Member(NamedTuple):
    key: str
    extension: str  # lower case
    content: memoryview


class TarContainer:
    """Reads and writes tar archives; see `Container`.

    A label is the content of the member with a given extension, a field of the JSON member
    (``"json:FIELD"``), or the name of the folder of the sample (``"path"``).
    """

    default_label = "cls"

    def check_label(self, label: str) -> None:
        """Refuse what is neither an extension, a field nor ``"path"``."""
        is_extension = re.fullmatch(r"[\w-]+(\.[\w-]+)*", label) and label == label.lower()
        is_rule = is_extension or re.fullmatch(r"json:.+", label)
        if not is_rule or _last(label) in {*_IMAGES, "json"}:
            raise InputError(
                "label is the extension of a member such as cls, in lower case and of no image, "
                f"json:FIELD, or path, got {label!r}"
            )

    def read(self, data: bytes, label: str) -> Shard:
        """Take an archive apart.

        Links, devices and files without an extension are passed over, as by ``webdataset``.
        """
        shard = Shard([], [], Counter(), {})
        seen = set()
        samples = groupby(_members(data), key=lambda member: member.key)
        for position, (key, members) in enumerate(samples):
            try:
                if key in seen:
                    raise ValueError("its members are not adjacent: those of another lie between")
                seen.add(key)
                image, name, dropped = _sample(list(members), label)
            except ValueError as error:
                shard.bad.append((position, str(error)))
                continue
            shard.samples.append(ShardSample(position, name, image))
            shard.dropped.update(dropped)
        return shard

    def write(
        self, samples: Sequence[MixedSample], label: str, layout: dict[str, Any], suffix: str
    ) -> bytes:
        """Return an archive whose members have one time, and no owner."""
        file = io.BytesIO()
        with tarfile.open(
            fileobj=file, mode="w", format=tarfile.USTAR_FORMAT, encoding=_ENCODING
        ) as archive:
            for name, value, image in samples:
                key = f"{value}/{name}" if label == _PATH else name
                _add(archive, f"{key}{suffix}", image)
                if label.startswith(_JSON):
                    text = json.dumps({label.removeprefix(_JSON): value})
                    _add(archive, f"{key}.json", text.encode())
                elif label != _PATH:
                    _add(archive, f"{key}.{label}", str(value).encode())
        return file.getvalue()


def _members(data: bytes) -> Iterator[_Member]:
    """Yield every file that belongs to a sample."""
    content = memoryview(data)
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:", encoding=_ENCODING) as archive:
            for entry in archive:
                if not entry.isreg() or entry.issparse():
                    continue
                end = entry.offset_data + entry.size
                if not entry.offset_data <= end <= len(data):
                    raise DamagedShardError("it is cut off within a member")
                name = _NAME.fullmatch(entry.name)
                if name is not None and _DESCRIPTION.match(entry.name) is None:
                    yield _Member(name[1], name[2].lower(), content[entry.offset_data : end])
            # A damaged header ends the loop like the end itself, which is nothing but zeros.
            if data.count(0, archive.offset) < len(data) - archive.offset:
                raise DamagedShardError("a header in it is damaged, or it goes on after its end")
    except (tarfile.TarError, ValueError, EOFError):
        # Not the error's own text, in which there may be the name of a member.
        raise DamagedShardError("it is no whole tar archive") from None


def _sample(members: list[_Member], label: str) -> tuple[memoryview, Label, list[str]]:
    """Return image, label and the extensions of all others, or raise why there are none."""
    images = [member for member in members if _last(member.extension) in _IMAGES]
    if len(images) != 1:
        raise ValueError("it has no image" if not images else "it has several images")
    wanted = "json" if label.startswith(_JSON) else label
    labels = [member for member in members if member.extension == wanted]
    if label == _PATH:
        value: Label = _folder(members[0].key)
        labels = []
    elif len(labels) != 1:
        raise ValueError(f"it has {'several labels' if labels else 'no label'} ({wanted})")
    elif wanted == "json":
        value = _field(labels[0].content, label.removeprefix(_JSON))
    else:
        value = _text(labels[0].content)
    if isinstance(value, str) and not _is_unicode(value):
        raise ValueError("its label is no text in UTF-8")
    used = (*images, *labels)
    # The last part alone: what stands before it may be the name of a file in which there are dots.
    others = [_last(member.extension) for member in members if member not in used]
    if label.startswith(_JSON):
        others += [f"json:{name}" for name in _others(labels[0].content, label)]
    return images[0].content, value, others


def _last(extension: str) -> str:
    return extension.rpartition(".")[2]


def _folder(key: str) -> str:
    folder = key.split("/")[-2:-1]
    if not folder or folder[0] in ("", ".", ".."):
        raise ValueError("it lies in no folder, which would be its label")
    if _DESCRIPTION.fullmatch(folder[0]):
        raise ValueError("its folder has a name that readers pass over, with __ on both sides")
    if "\0" in folder[0] or len(folder[0].encode(errors="replace")) > _LONGEST_FOLDER:
        raise ValueError(
            f"its folder cannot be written: names have up to {_LONGEST_FOLDER} bytes, no zeros"
        )
    return folder[0]


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(content: memoryview) -> Label:
    try:
        text = bytes(content).decode().strip()
    except UnicodeDecodeError:
        raise ValueError("its label is no text in UTF-8") from None
    if not text:
        raise ValueError("its label is empty")
    return int(text) if _NUMBER.fullmatch(text) else text


def _field(content: memoryview, name: str) -> Label:
    value = _json(content).get(name)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise ValueError(f"its field {name!r} is neither a text nor a whole number")
    return value


def _others(content: memoryview, label: str) -> list[str]:
    return [name for name in _json(content) if name != label.removeprefix(_JSON)]


def _json(content: memoryview) -> dict[str, Any]:
    try:
        fields = json.loads(bytes(content))
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise ValueError("its JSON is damaged, or holds no fields")
    return fields


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)  # of no owner, and of time 0
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
