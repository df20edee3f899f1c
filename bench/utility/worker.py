"""What runs in the worker processes, each with one thread and a view of the images."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import numba
import numpy as np
import torch

from blockmix.bench.common.machine import cpu_name
from blockmix.bench.utility.data import Data
from blockmix.bench.utility.images import LabelledImages
from blockmix.bench.utility.jobs import Measurement, Run
from blockmix.bench.utility.models import check_training
from blockmix.bench.utility.protection import protection_of
from blockmix.bench.utility.train import train_one

# Set before a worker starts. On two busy cores, processes whose threads spin while they wait take
# more than twice as long; the last line lets a GPU repeat its results.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
    "KERAS_BACKEND": "torch",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}
_PARTS = ("train", "test", "validation")
_PROBE = 20  # steps after which it is known how long a run takes

_data: Data


class SharedData:
    """Data whose images lie in files, which all processes map into memory."""

    def __init__(self, data: Data, folder: Path) -> None:
        self.folder, self.data = folder, data
        for name in _PARTS:
            part: LabelledImages | None = getattr(data, name)
            if part is not None:
                np.save(self._path(name), part.images)
                self.data = replace(self.data, **{name: replace(part, images=part.images[:0])})

    def open(self) -> Data:
        """Return the data as they were."""
        data = self.data
        for name in _PARTS:
            part: LabelledImages | None = getattr(data, name)
            if part is not None:
                images = np.load(self._path(name), mmap_mode="c")
                data = replace(data, **{name: replace(part, images=images)})
        return data

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npy"


@contextmanager
def environment() -> Iterator[None]:
    """Set the variables of workers while they are started."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def start(shared: SharedData) -> None:
    """Prepare a worker."""
    global _data
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # end without a traceback; the parent reports it
    numba.set_num_threads(1)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=True)  # matters on a GPU
    torch.utils.deterministic.fill_uninitialized_memory = False  # would only take time
    torch.backends.cudnn.benchmark = False
    _data = shared.open()


def check_model(name: str, device: str) -> None:
    """Refuse a model that cannot be trained before any training."""
    height, width = _data.train.images.shape[1:3]
    check_training(name, len(_data.train.classes), (height, width), device)


def work(job: Run | Measurement, device: str, deadline: float | None) -> dict[str, Any]:
    """Return the row of a job; or ``projected``, the seconds it would take, if that is too long."""
    if isinstance(job, Measurement):
        train = _data.train
        protection = protection_of(job.way, train.images, train.labels, seed=job.seed)
        return {"key": job.key, "way": job.way.name, "protection": protection}
    started = time.time()

    def watch(done: int, total: int) -> None:
        if deadline is not None and done == _PROBE:
            projected = (time.time() - started) * total / done
            if started + projected > deadline:
                raise _TooLongError(projected)

    try:
        row = train_one(_data, job.way, job.model, job.recipe, job.seed, device=device, watch=watch)
    except _TooLongError as error:
        return {"projected": error.args[0]}
    return {"key": job.key, "cpu": cpu_name(), **row}


class _TooLongError(Exception):
    """A run would not end in time."""


def _end_with_parent() -> None:
    """End at once when the parent has, however that ended: nobody would take the result."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
