"""Mixing as a step of training in PyTorch: a transform of batches. Needs torch."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from typing import Any

import numpy as np
import torch
from torch.utils.data import default_collate, get_worker_info

from blockmix.arrays import open_images, untraced
from blockmix.checks import one_of, whole_number
from blockmix.errors import InputError, InputTypeError
from blockmix.grid import Block, BlockGrid
from blockmix.key import Key
from blockmix.labels import classes
from blockmix.mixer import BlockMixer

EPOCH_BITS, BATCH_BITS, IMAGE_BITS = 16, 24, 24  # of an image's id
EPOCH, BEGINNING, PROCESS, WORKER = range(4)  # of the memory of a process and its workers


class BlockMix(torch.nn.Module):  # type: ignore[misc]
    """Mix every batch within its labels, with choices of its own (the paper's Algorithm 1).

    A transform of batches in the manner of torchvision's v2: it takes and returns
    ``(images, labels)``, on the CPU or on the device where the images are. In a compiled model it
    is a break in the graph, so that ``torch.compile`` takes it unless with ``fullgraph=True``.

    The choices follow from the key, the epoch and the number of the batch, which counts calls.
    Workers of a ``DataLoader`` take turns: call k of worker w of W has number ``k * W + w``, so
    that batch b has number b with any number of workers. Ranks of ``torch.distributed`` take
    turns likewise: number b of rank r of R becomes ``b * R + r``, in workers too, however they
    are started.

    Numbers do not repeat, if every pass in which workers mix begins with `set_epoch`, as for a
    ``DistributedSampler``, and if each ``DataLoader`` with workers, and what is mixed beside it,
    has a `BlockMix` of its own with a key of its own. What counts in an epoch after workers of
    another pass or ``DataLoader`` did is refused with an error; only workers that persist from
    an earlier epoch are not noticed by others.

    Parameters
    ----------
    block, sources, rounds, probability, key
        See `blockmix.BlockMixer`.
    layout : {"NCHW", "NHWC"}
        Of images with channels; torch's own is the default.
    small_classes : {"error", "clamp", "drop"}
        What happens to labels with fewer than ``sources + 1`` images in a batch: an error, mixing
        with all the others that there are (one image alone is an error still), or leaving those
        images out of the batch.

    Raises
    ------
    InputError, InputTypeError
        If a parameter breaks its rule.

    See Also
    --------
    blockmix.mix : a whole set at once, whose labels have far more images to choose from.

    Notes
    -----
    Numbers differ still, but which batch has which is up to chance, in a ``DataLoader`` with
    ``in_order=False``, and in one whose workers persist after a pass was broken off. Of an
    ``IterableDataset`` a worker may have fewer batches than others; its numbers are left out.

    Examples
    --------
    >>> import torch
    >>> from blockmix.torch import BlockMix
    >>> mix = BlockMix(block=8, sources=3, probability=0.75)
    >>> images, labels = torch.rand(32, 3, 48, 48), torch.arange(32) % 4
    >>> mixed, labels = mix(images, labels)
    >>> mixed.shape
    torch.Size([32, 3, 48, 48])
    >>> mix
    BlockMix(block=(8, 8), sources=3, rounds=1, probability=0.75, layout='NCHW', \
small_classes='error')
    """

    def __init__(
        self,
        *,
        block: int | Block | BlockGrid = (24, 24),
        sources: int = 10,
        rounds: int = 1,
        probability: float = 0.5,
        key: Key | None = None,
        layout: str = "NCHW",
        small_classes: str = "error",
    ) -> None:
        super().__init__()
        self.small_classes = one_of("small_classes", small_classes, ("error", "clamp", "drop"))
        self._mixer = BlockMixer(
            block=block,
            sources=sources,
            rounds=rounds,
            probability=probability,
            key=key,
            layout=layout,
            small_classes="error" if small_classes == "drop" else small_classes,
        )
        self._count = _BatchCount()

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, 0 to 65,535, whose batches count from 0.

        Call it before a pass through a ``DataLoader``, never while its workers mix. Workers that
        persist hear of it. Called in a worker, it holds for that worker alone.
        """
        self._count.begin(whole_number("epoch", epoch, 0, (1 << EPOCH_BITS) - 1))

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> tuple[Any, Any]:
        """Mix a batch.

        Parameters
        ----------
        images : torch.Tensor
            (N, C, H, W), or (N, H, W, C) with ``layout="NHWC"``, or (N, H, W). Never modified.
            Gradients do not flow.
        labels : torch.Tensor
            (N,) integers: mix before one-hot or soft labels are made of them. On a GPU they are
            brought to the host, which waits for them.

        Returns
        -------
        images, labels : torch.Tensor
            With ``small_classes="drop"`` fewer of them, and none if no label has enough.

        Raises
        ------
        InputError, InputTypeError
            If images or labels break a rule, or if the number of the batch could repeat.
        """
        if not isinstance(images, torch.Tensor) or not isinstance(labels, torch.Tensor):
            kinds = f"{type(images).__name__} and {type(labels).__name__}"
            raise InputTypeError(
                f"images and labels are torch tensors, got {kinds}: number labels that are words"
            )
        return untraced(self._mix, images, labels)  # type: ignore[no-any-return]

    def collate(self, samples: list[Any]) -> tuple[Any, Any]:
        """Make a batch of samples and mix it: a ``collate_fn``.

        Parameters
        ----------
        samples : list of (image, label)
            Tuples, named tuples or lists of two. For samples of another kind write a function
            that calls this transform with their images and labels.

        Returns
        -------
        images, labels : torch.Tensor
            As from `forward`; a named tuple, if the samples are.

        Raises
        ------
        InputError, InputTypeError
            If a sample is not ``(image, label)``, or if `forward` refuses the batch.
        """
        for sample in samples:
            if not isinstance(sample, (tuple, list)) or len(sample) != 2:
                kind = type(sample).__name__
                if isinstance(sample, (tuple, list, dict)):
                    kind += f" of {len(sample)}"
                raise InputTypeError(
                    f"a sample is (image, label), got a {kind}: give the DataLoader a collate_fn "
                    "of your own, which calls this transform with the images and labels of a batch"
                )
        if not samples:
            raise InputError("a batch is made of one sample or more, got none")
        batch = default_collate(samples)
        mixed = self(*batch)
        return type(batch)(*mixed) if hasattr(batch, "_fields") else mixed  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """The parameters; never the key."""
        names = ("block", "sources", "rounds", "probability", "layout")
        shown = [f"{name}={getattr(self._mixer, name)!r}" for name in names]
        return ", ".join([*shown, f"small_classes={self.small_classes!r}"])

    def get_extra_state(self) -> torch.Tensor:
        """Where the counting of this process is, for ``state_dict``; never the key.

        Two numbers: the epoch, and its calls so far, without those of workers.
        """
        # Loops over a state_dict scale and add what they find in place, so a dict would break
        # them, and so would integers. A buffer would be averaged and broadcast with the weights,
        # and cast by .half(). float32 is exact up to 2**24, which no count exceeds.
        return torch.tensor([self._count.epoch, self._count.calls], dtype=torch.float32)

    def set_extra_state(self, state: Any) -> None:
        """Go on counting from there. Warns of a state that was averaged or rounded."""
        if isinstance(state, dict):  # as it was before it became a tensor
            state = torch.tensor([state["epoch"], state["calls"]], dtype=torch.float32)
        counts, limits = state.tolist(), ((1 << EPOCH_BITS) - 1, 1 << BATCH_BITS)
        epoch, calls = (
            int(count) if 0 <= count <= limit else 0
            for count, limit in zip(counts, limits, strict=True)
        )
        if counts != [epoch, calls] or state.dtype.itemsize < 4:
            warnings.warn(
                "the count of batches was averaged or rounded with the state that holds it, so "
                "that numbers could repeat: call set_epoch before mixing on",
                stacklevel=2,
            )
        self._count.begin(epoch, calls)

    def _mix(self, images: torch.Tensor, labels: torch.Tensor) -> tuple[Any, Any]:
        count = len(open_images(images, self._mixer.layout).view)  # refused before it is counted
        if self.small_classes == "drop":
            _, class_of = classes(labels, images=count)
            (kept,) = np.nonzero(np.bincount(class_of)[class_of] > self._mixer.sources)
            if len(kept) < count:
                index = torch.from_numpy(kept)
                images, labels = images[index.to(images.device)], labels[index.to(labels.device)]
                count = len(kept)
        epoch, number = self._count.next_number()
        first_id = np.uint64((epoch << BATCH_BITS | number) << IMAGE_BITS)
        ids = first_id + np.arange(count, dtype=np.uint64)
        return self._mixer(images, labels, ids=ids), labels


class _BatchCount:
    """Which numbers the batches of one `BlockMix` have.

    Calls are counted by each process on its own. What workers have to know of each other lies in
    memory that they share with the process that starts them: the epoch, the beginning of an epoch
    (a serial number) that it belongs to, that process, and which process is worker 0.
    """

    def __init__(self) -> None:
        self._shared = torch.tensor([0, 0, os.getpid(), 0]).share_memory_()
        self._beginning = self.calls = 0
        self._ranks_of_parent = 0, 1
        self._joined = False  # whether this worker has claimed the epoch, or outlived it

    @property
    def epoch(self) -> int:
        return int(self._memory()[EPOCH])

    def begin(self, epoch: int, calls: int = 0) -> None:
        """Begin an epoch, here and in the workers of this process."""
        if get_worker_info() is not None:  # other workers may be elsewhere
            self._shared = self._shared.clone()
        memory = self._memory()
        self._beginning = int(memory[BEGINNING]) + 1
        self.calls = calls
        memory[EPOCH], memory[BEGINNING], memory[WORKER] = epoch, self._beginning, 0

    def next_number(self) -> tuple[int, int]:
        """The epoch and the number of this batch."""
        worker = get_worker_info()
        memory = self._memory()
        epoch, beginning, _, worker_0 = memory.tolist()
        if beginning != self._beginning:  # this worker has lived on into a new epoch
            self._beginning, self.calls, self._joined = beginning, 0, True
        if worker is None or worker.id == 0:
            # Worker 0 speaks for its DataLoader. If those of two write at the same moment, one is
            # overwritten, which it notices at its next batch. A worker that has outlived its
            # epoch leaves the new one to others, as it may be one that nobody waits for.
            if worker is not None and worker_0 == 0 and not self._joined:
                memory[WORKER] = worker_0 = os.getpid()
            if worker_0 not in (0, os.getpid()):
                raise InputError(
                    f"workers of a DataLoader have numbered batches of epoch {epoch} already, and "
                    "numbers would repeat: call set_epoch before every pass, and give each "
                    "DataLoader, and what is mixed beside it, a BlockMix with a key of its own"
                )
            self._joined = worker is not None
        number, self.calls = self.calls, self.calls + 1
        if worker is not None:
            number = number * worker.num_workers + worker.id
        rank, ranks = self._ranks()
        number = number * ranks + rank
        if number >> BATCH_BITS:
            raise InputError(
                f"an epoch has at most {1 << BATCH_BITS} batches: begin the next with set_epoch"
            )
        return epoch, number

    def _memory(self) -> torch.Tensor:
        """The memory of this process and its workers.

        A process that was handed that of another, as ranks are by theirs, takes a copy.
        """
        parent = None if get_worker_info() is None else multiprocessing.parent_process()
        process = os.getpid() if parent is None else parent.pid
        if self._shared[PROCESS] != process:
            self._shared = self._shared.clone().share_memory_()
            self._shared[PROCESS], self._shared[WORKER] = process, 0
        return self._shared

    def _ranks(self) -> tuple[int, int]:
        """Rank and number of ranks; of the parent, where workers know no more of them."""
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            return torch.distributed.get_rank(), torch.distributed.get_world_size()
        return (0, 1) if get_worker_info() is None else self._ranks_of_parent

    def __getstate__(self) -> dict[str, Any]:
        self._memory()
        return self.__dict__ | {"_ranks_of_parent": self._ranks()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._shared.share_memory_()  # unless it came as shared memory
