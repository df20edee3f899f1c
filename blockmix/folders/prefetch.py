"""JPEG files that were read for their headers, and wait in memory until they are decoded."""

from __future__ import annotations

import os
from threading import Lock

from blockmix.folders.decode import Header, UprightJpeg, read_header, read_jpeg_header
from blockmix.folders.scan import Candidate

# Bytes of all files that are kept, each with what Python needs for it: as much as one load of
# pixels, and enough for 10,000 faces of 224 x 224. Runs over 5,000 of them took 8.1 s, without 8.8
# (medians of ten, two threads, AMD EPYC). To keep them opened brought nothing more, 8.7: thousands
# of Pillow's images cost the garbage collector 0.2 s.
PREFETCHED_BYTES = 64 << 20
_EACH = 512
_START = b"\xff\xd8\xff"


class PrefetchedJpegs:
    """JPEG files by the id of the image, as many as there is room for.

    Those alone: a file of another format is large beside its header, which is quickly looked at.
    """

    def __init__(self) -> None:
        self._files: dict[int, UprightJpeg] = {}
        self._room = PREFETCHED_BYTES
        self._lock = Lock()  # headers may be read by several threads

    def read_header(self, candidate: Candidate) -> Header:
        """As `decode.read_header` does, and keep the file if it is a JPEG that fits."""
        data = self._read(candidate.path)
        if data is None:
            return read_header(candidate.path)
        jpeg = None
        try:
            header, jpeg = read_jpeg_header(candidate.path, data)
        finally:
            if jpeg:
                self._files[candidate.id] = jpeg
            else:  # turned photographs, and what cannot be used
                self._reserve(-len(data) - _EACH)
        return header

    def take(self, id: int) -> UprightJpeg | None:
        """Hand over a file, if it was kept."""
        return self._files.pop(id, None)

    def _read(self, path: str) -> bytes | None:
        try:
            with open(path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                if file.peek(1).startswith(_START) and self._reserve(size + _EACH):
                    return file.read(size)
        except OSError:
            pass  # what is wrong is named when Pillow opens it
        return None

    def _reserve(self, size: int) -> bool:
        with self._lock:
            if size > self._room:
                return False
            self._room -= size
            return True
