"""Mixing as a step of training in PyTorch: a transform of batches. Needs torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.utils.data import default_collate, get_worker_info

from blockmix.checks import one_of, whole_number
from blockmix.errors import InputError, InputTypeError
from blockmix.grid import Block, BlockGrid
from blockmix.key import Key
from blockmix.mixer import BlockMixer

EPOCH_BITS, BATCH_BITS, IMAGE_BITS = 16, 24, 24  # of an image's id


class BlockMix(torch.nn.Module):  # type: ignore[misc]
    """Mix every batch within its labels, with choices of its own (the paper's Algorithm 1).

    A transform of batches in the manner of torchvision's v2: it takes and returns
    ``(images, labels)``, on the CPU or on the device where the images are.

    The choices follow from the key and the number of the batch, which counts calls. Workers of a
    ``DataLoader`` and ranks of ``torch.distributed`` count apart, so that no two batches share a
    number. A worker that is started anew for each epoch begins to count anew: tell it the epoch
    with `set_epoch` before, as for a ``DistributedSampler``.

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
        self._epoch = self._calls = 0

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, 0 to 65,535, whose batches count from 0."""
        self._epoch = whole_number("epoch", epoch, 0, (1 << EPOCH_BITS) - 1)
        self._calls = 0

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> tuple[Any, Any]:
        """Mix a batch.

        Parameters
        ----------
        images : torch.Tensor
            (N, C, H, W), or (N, H, W, C) with ``layout="NHWC"``, or (N, H, W). Never modified.
        labels : torch.Tensor
            (N,) integers. On a GPU they are brought to the host, which waits for them.

        Returns
        -------
        images, labels : torch.Tensor
            With ``small_classes="drop"`` fewer of them, and none if no label has enough.
        """
        if not isinstance(images, torch.Tensor) or not isinstance(labels, torch.Tensor):
            kinds = f"{type(images).__name__} and {type(labels).__name__}"
            raise InputTypeError(f"images and labels are torch tensors, got {kinds}")
        on_host = labels.cpu()
        if self.small_classes == "drop":
            images, labels, on_host = self._drop(images, labels, on_host)
        ids = self._next_batch() + np.arange(len(on_host), dtype=np.uint64)
        return self._mixer(images, on_host, ids=ids), labels

    def collate(self, samples: list[Any]) -> tuple[Any, Any]:
        """Make a batch of samples ``(image, label)`` and mix it: a ``collate_fn``."""
        images, labels = default_collate(samples)
        return self(images, labels)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """The parameters; never the key."""
        names = ("block", "sources", "rounds", "probability", "layout")
        shown = [f"{name}={getattr(self._mixer, name)!r}" for name in names]
        return ", ".join([*shown, f"small_classes={self.small_classes!r}"])

    def get_extra_state(self) -> dict[str, int]:
        """Where the counting is, for ``state_dict``; never the key."""
        return {"epoch": self._epoch, "calls": self._calls}

    def set_extra_state(self, state: dict[str, int]) -> None:
        """Go on counting from there."""
        self._epoch, self._calls = state["epoch"], state["calls"]

    def _drop(
        self, images: torch.Tensor, labels: torch.Tensor, on_host: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        _, class_of, sizes = np.unique(on_host.numpy(), return_inverse=True, return_counts=True)
        (kept,) = np.nonzero(sizes[class_of] > self._mixer.sources)
        if len(kept) == len(on_host):
            return images, labels, on_host
        index = torch.from_numpy(kept)
        return images[index.to(images.device)], labels[index.to(labels.device)], on_host[index]

    def _next_batch(self) -> np.uint64:
        """The id of the first image of this batch: epoch, number of the batch, 0."""
        number = self._calls
        worker = get_worker_info()
        if worker is not None:
            number = number * worker.num_workers + worker.id
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            number = number * torch.distributed.get_world_size() + torch.distributed.get_rank()
        if number >> BATCH_BITS:
            raise InputError(
                f"an epoch has at most {1 << BATCH_BITS} batches: begin the next with set_epoch"
            )
        self._calls += 1
        return np.uint64((self._epoch << BATCH_BITS | number) << IMAGE_BITS)
