"""Models for the tests of utility, by ``utility_models:NAME``."""

import torch
from torch import nn


class Constant(nn.Module):
    """Gives every image the same logits, of which the first is the largest; learns nothing."""

    def __init__(self, num_classes):
        super().__init__()
        self.register_buffer("logits", -torch.arange(num_classes).float())
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, images):
        return self.logits.repeat(len(images), 1) + 0 * self.weight


class Recording(Constant):
    """Keeps the images that it is trained and tested on."""

    def __init__(self, num_classes):
        super().__init__(num_classes)
        Recording.trained, Recording.tested = [], []

    def forward(self, images):
        (Recording.trained if self.training else Recording.tested).append(images)
        return super().forward(images)


class Transposed(Constant):
    """Returns (classes, N) instead of (N, classes)."""

    def forward(self, images):
        return super().forward(images.repeat(2, 1, 1, 1)).T


class WithAuxiliary(Constant):
    """Returns a second output while it is trained, as torchvision's Inception does."""

    def forward(self, images):
        logits = super().forward(images)
        return (logits, logits) if self.training else logits


class Diverging(Constant):
    """Has outputs that are not finite after it was trained."""

    def forward(self, images):
        logits = super().forward(images)
        return logits if self.training else logits / 0


class WithoutParameters(nn.Module):
    """Has nothing to train."""

    def __init__(self, num_classes):
        super().__init__()
        self.classes = num_classes

    def forward(self, images):
        return images.mean(dim=(2, 3))[:, : self.classes]


def raising(num_classes):
    """A function that cannot make the model."""
    raise ValueError("no such number")


def failing(num_classes):
    """A model that fails on every image."""
    return nn.Linear(7, num_classes)


def number(num_classes):
    """No model at all."""
    return num_classes
