"""Mixing as a step of training in PyTorch: a transform of batches. Needs torch."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import default_collate, get_worker_info

from blockmix.arrays.batch import open_images
from blockmix.arrays.containers import same_subclass, untraced
from blockmix.errors import InputError, InputTypeError
from blockmix.grid import Block, BlockGrid
from blockmix.key import Key
from blockmix.labels import classes, find_runs
from blockmix.mixer import BlockMixer
from blockmix.support.arguments import one_of, whole_number

EPOCH_BITS, BATCH_BITS, IMAGE_BITS = 16, 24, 24  # of an image's id


class BlockMix(torch.nn.Module):  # type: ignore[misc]
    """Mix every batch within its labels, with choices of its own (the paper's Algorithm 1).

    A transform of batches in the manner of torchvision's v2: it takes and returns
    ``(images, labels)``, on the CPU or on the device where the images are. In a compiled model it
    breaks the graph, so that ``torch.compile`` accepts it unless ``fullgraph=True``.

    The choices follow from the key, the epoch and the number of the batch, which counts calls, so
    no two batches are mixed alike. Ranks of ``torch.distributed`` take turns: call k of rank r of
    R has number ``k * R + r``. So do the workers of a ``DataLoader``, however they are started, and
    batch b has number b with any number of them. Each pass of a ``DataLoader`` with workers has a
    key of its own, from this one and from the seed that torch gives to that pass: to repeat a run,
    seed torch too. Passes with the same seed, for example in ranks without a process group, are
    mixed alike, unless `set_epoch` gives them different epochs.

    Parameters
    ----------
    block, sources, rounds, probability, key
        See `blockmix.BlockMixer`.
    layout : {"NCHW", "NHWC"}
        Whether channels are the first or the last axis of images that have channels, whatever the
        memory format: a batch in channels_last is NCHW.
    small_classes : {"error", "clamp", "drop"}
        Labels with fewer than ``sources + 1`` images in a batch are an error, mix each image with
        all its others (a single image is still an error), or are left out of the batch. With
        ``groups`` that goes for labels in which any image has fewer than ``sources`` images of
        other groups.

    Raises
    ------
    InputError, InputTypeError
        If a parameter breaks its rule.

    See Also
    --------
    blockmix.mix : a whole set at once, whose labels have far more images to choose from.

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
        probability: float | str = 0.5,
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
        self._count = _Count()
        self._mixer_of_pass: tuple[int, BlockMixer] | None = None  # and the seed of the pass
        self._ranks_of_parent = 0, 1

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, 0 to 65,535, whose batches count from 0.

        Workers receive it when they are started; persistent workers count on instead.
        """
        self._count.epoch = whole_number("epoch", epoch, 0, (1 << EPOCH_BITS) - 1)
        self._count.calls = 0

    def forward(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        groups: Sequence[Any] | npt.ArrayLike | None = None,
    ) -> tuple[Any, Any]:
        """Mix a batch.

        Parameters
        ----------
        images : torch.Tensor
            (N, C, H, W), or (N, H, W, C) with ``layout="NHWC"``, or (N, H, W). Never modified.
            Gradients do not flow. Batches in the memory format channels_last are mixed as they lie,
            without a copy.
        labels : torch.Tensor
            (N,) integers: mix before one-hot or soft labels are made of them. On a GPU they are
            brought to the host, which waits for them.
        groups : torch.Tensor of integers, or sequence of int or str, optional
            One for each image, such as the person in it: in each round an image gets blocks only
            from images of other groups. See `blockmix.BlockMixer.__call__`.

        Returns
        -------
        images, labels : torch.Tensor
            The images in the memory format and of the subclass of those given, such as
            ``torchvision.tv_tensors.Image``. With ``small_classes="drop"`` fewer of them, and none
            if no label has enough.

        Raises
        ------
        InputError, InputTypeError
            If images, labels or groups break a rule, or an epoch has more than 2**24 batches.
        """
        if not isinstance(images, torch.Tensor) or not isinstance(labels, torch.Tensor):
            kinds = f"{type(images).__name__} and {type(labels).__name__}"
            raise InputTypeError(
                f"images and labels are torch tensors, got {kinds}: number labels that are words"
            )
        return untraced(self._mix, images, labels, groups)  # type: ignore[no-any-return]

    def collate(self, samples: list[Any]) -> tuple[Any, Any]:
        """Make a batch of samples and mix it: a ``collate_fn``.

        Parameters
        ----------
        samples : list of (image, label)
            Tuples, named tuples or lists of two. For samples of another kind, such as those with
            a group, write a function that calls this transform with their images and labels.

        Returns
        -------
        images, labels : torch.Tensor
            As from `forward`; a named tuple, if the samples are named tuples.

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
        """The count of this process, for ``state_dict``; never the key.

        Two numbers: the epoch, and the number of its calls so far, without those of workers.
        """
        # Averages of models scale and add the entries of a state_dict in place, so a dict or
        # integers would break them. A buffer would be averaged and broadcast with the weights,
        # and cast by .half(). float32 is exact up to 2**24, which no count exceeds.
        return torch.tensor([self._count.epoch, self._count.calls], dtype=torch.float32)

    def set_extra_state(self, state: torch.Tensor) -> None:
        """Continue the count of a state. Warns if the state was averaged or rounded."""
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
        self._count.epoch, self._count.calls = epoch, calls

    def _mix(self, images: torch.Tensor, labels: torch.Tensor, groups: Any) -> tuple[Any, Any]:
        count = len(open_images(images, self._mixer.layout).view)  # checks, before the batch counts
        if self.small_classes == "drop":
            _, class_of = classes(labels, image_count=count)
            sizes = np.bincount(class_of)
            largest_groups = np.ones_like(sizes)
            if groups is not None:
                runs = find_runs(class_of, groups)
                groups = runs.run_of
                np.maximum.at(largest_groups, runs.class_of_run, runs.sizes)
            enough = sizes - largest_groups >= self._mixer.sources
            (usable,) = np.nonzero(enough[class_of])
            if len(usable) < count:
                index = torch.from_numpy(usable)
                images = same_subclass(images[index.to(images.device)], images)
                labels = labels[index.to(labels.device)]
                groups = None if groups is None else groups[usable]
                count = len(usable)
        mixer, first_id = self._next_batch()
        ids = first_id + np.arange(count, dtype=np.uint64)
        return mixer(images, labels, ids=ids, groups=groups), labels

    def _next_batch(self) -> tuple[BlockMixer, np.uint64]:
        """The mixer of the next batch, and the id of its first image."""
        mixer, number, worker = self._mixer, self._count.calls, get_worker_info()
        if worker is not None:
            mixer = self._for_pass(worker.seed - worker.id)  # the same for all workers of a pass
            number = number * worker.num_workers + worker.id
        rank, ranks = self._ranks()
        number = number * ranks + rank
        if number >> BATCH_BITS:
            raise InputError(
                f"an epoch has at most {1 << BATCH_BITS} batches: begin the next with set_epoch"
            )
        self._count.calls += 1
        return mixer, np.uint64((self._count.epoch << BATCH_BITS | number) << IMAGE_BITS)

    def _for_pass(self, seed: int) -> BlockMixer:
        if self._mixer_of_pass is None or self._mixer_of_pass[0] != seed:
            key = self._mixer.key.derive("batches", seed.to_bytes(8, "little"))
            self._mixer_of_pass = seed, self._mixer.with_key(key)
        return self._mixer_of_pass[1]

    def _ranks(self) -> tuple[int, int]:
        """The rank and the number of ranks; workers, which may not know them, have the parent's."""
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            return torch.distributed.get_rank(), torch.distributed.get_world_size()
        return (0, 1) if get_worker_info() is None else self._ranks_of_parent

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_ranks_of_parent": self._ranks()}


@dataclass
class _Count:
    """Epoch and number of calls; mutable, because replicas of a module share it."""

    epoch: int = 0
    calls: int = 0
