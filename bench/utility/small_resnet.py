"""The default model: a small residual network, which one thread trains in minutes."""

from __future__ import annotations

import torch
from torch import nn

WIDTHS = (16, 32, 64, 128)


class Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.convolutions(images) + self.shortcut(images))


def small_resnet(num_classes: int) -> nn.Module:
    """Return the network with fresh weights: 0.3 million parameters.

    The first convolution halves the image, and so does each block but the first.
    """
    blocks = [
        Block(inputs, outputs, stride=1 if inputs == outputs else 2)
        for inputs, outputs in zip((WIDTHS[0], *WIDTHS), WIDTHS, strict=False)
    ]
    return nn.Sequential(
        nn.Conv2d(3, WIDTHS[0], 3, 2, 1, bias=False),
        nn.BatchNorm2d(WIDTHS[0]),
        nn.ReLU(inplace=True),
        *blocks,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(WIDTHS[-1], num_classes),
    )
