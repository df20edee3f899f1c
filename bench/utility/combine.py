"""MixUp and CutMix, which combine the images of a batch while training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from blockmix.bench.utility.plan import Way

Loss = Callable[[torch.Tensor], torch.Tensor]


def combine(
    way: Way, images: torch.Tensor, labels: torch.Tensor, rng: np.random.Generator
) -> tuple[torch.Tensor, Loss]:
    """Return the inputs of a step, and the loss of their logits.

    MixUp adds every image and another one of the batch in random shares; CutMix puts a rectangle of
    the other one over it. Both labels count, by share. With other ways images are not changed.
    """
    if way.kind not in ("mixup", "cutmix"):
        return images, lambda logits: cross_entropy(logits, labels)
    assert way.strength is not None, "both have an alpha"
    share = float(rng.beta(way.strength, way.strength))
    partners = torch.from_numpy(rng.permutation(len(images))).to(images.device)
    if way.kind == "mixup":
        images = share * images + (1 - share) * images[partners]
    else:
        top, bottom, left, right = _rectangle(images.shape[2:], 1 - share, rng)
        images = images.clone()
        images[:, :, top:bottom, left:right] = images[partners, :, top:bottom, left:right]
        share = 1 - (bottom - top) * (right - left) / images[0, 0].numel()

    def loss(logits: torch.Tensor) -> torch.Tensor:
        return share * cross_entropy(logits, labels) + (1 - share) * cross_entropy(
            logits, labels[partners]
        )

    return images, loss


def _rectangle(
    size: torch.Size, share: float, rng: np.random.Generator
) -> tuple[int, int, int, int]:
    """Return the edges of a rectangle around a random centre, cut off at those of the image."""
    edges = []
    for length in size:
        half = round(length * share**0.5) // 2
        centre = int(rng.integers(length))
        edges += [max(centre - half, 0), min(centre + half, length)]
    return edges[0], edges[1], edges[2], edges[3]
