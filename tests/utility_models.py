"""Models for the tests of utility, by ``utility_models:NAME``."""

import torch
from torch import nn


class Constant(nn.Module):
    """Gives every image the same logits, of which the first is the largest, and learns nothing."""

    def __init__(self, num_classes):
        super().__init__()
        self.logits = nn.Parameter(-torch.arange(num_classes).float())

    def forward(self, images):
        return (self.logits + 0 * self.logits.sum()).detach().repeat(len(images), 1) + 0 * (
            self.logits - self.logits.detach()
        )


class Recording(Constant):
    """Notes the inputs that it is tested on and trained on."""

    def __init__(self, num_classes):
        super().__init__(num_classes)
        Recording.trained, Recording.tested = [], []

    def forward(self, images):
        (Recording.trained if self.training else Recording.tested).append(images.clone())
        return super().forward(images)


class Transposed(Constant):
    """Returns (classes, N) instead of (N, classes)."""

    def forward(self, images):
        return super().forward(images[:, :, :1]).repeat(3, 1).T


def broken(num_classes):
    """Fails on every image."""
    return nn.Linear(7, num_classes)


def no_module(num_classes):
    """Returns what is no module."""
    return num_classes
