"""One run: a model trained on one training set, and what it is worth."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from blockmix.bench.utility import scores
from blockmix.bench.utility.combine import combine
from blockmix.bench.utility.data import Data
from blockmix.bench.utility.images import Images, Labels
from blockmix.bench.utility.models import build
from blockmix.bench.utility.plan import Recipe, Way
from blockmix.bench.utility.ways import taken_images, training_set

_AT_ONCE = 250  # images of an evaluation
_KERAS_EPSILON = 1e-7

Watch = Callable[[int, int], None]  # steps that are done, and all


def train_one(
    data: Data,
    way: Way,
    model_name: str,
    recipe: Recipe,
    seed: int,
    *,
    device: str = "cpu",
    watch: Watch = lambda done, total: None,
) -> dict[str, Any]:
    """Train a model on one training set, and test it on images as they are.

    Parameters
    ----------
    data : Data
    way : Way
        How the training set is made.
    model_name : str
        See `blockmix.bench.utility.models.build`.
    recipe : Recipe
        The last epoch counts; test images decide nothing.
    seed : int
        Decides the mixing, the first weights, and the order of images.
    device : str
        "cpu" or "cuda".
    watch : callable, optional
        Called with the number of steps that are done, and that of all, after each step.

    Returns
    -------
    dict
        An entry of ``rows`` in the record, but for its key.
    """
    started = time.perf_counter()
    size, classes = data.train.images.shape[1:3], len(data.train.classes)
    with torch.random.fork_rng(devices=[]):
        model = build(model_name, classes, (size[0], size[1]), seed, device)
        images, labels = training_set(way, data.train, seed=seed)
        run = _Run(model, recipe, images, device)
        curve = []
        epochs = recipe.epochs * (way.files if way.same_epochs else 1)
        steps = recipe.epoch_steps(len(data.train))
        batches = _batches(len(images), recipe.batch, seed)
        schedule = _schedule(run.optimizer, recipe, epochs * steps)
        pixels, targets = (torch.from_numpy(array).to(device) for array in (images, labels))
        generator = np.random.default_rng((seed, 1))
        for epoch in range(1, epochs + 1):
            model.train()
            total = 0.0
            for step in range(1, steps + 1):
                chosen = next(batches).to(device)
                batch, mixed_loss = combine(
                    way, run.scaled(pixels[chosen]), targets[chosen], generator
                )
                loss = mixed_loss(model(batch))
                run.optimizer.zero_grad(set_to_none=True)
                loss.backward()
                run.optimizer.step()
                schedule.step()
                total += loss.item()
                watch((epoch - 1) * steps + step, epochs * steps)
            tested = run.logits(data.test.images)
            curve.append(
                {
                    "epoch": epoch,
                    "train_loss": total / steps,
                    "test_accuracy": scores.accuracy(tested, data.test.labels),
                    "test_loss": float(scores.losses(tested, data.test.labels).mean()),
                }
            )
    groups = scores.by_group(tested, data.test.labels, data.test.groups)
    taken = data.train.take(taken_images(way, data.train.labels, seed=seed))
    known = run.logits(taken.images)
    return {
        "way": way.name,
        "model": model_name,
        "seed": seed,
        "accuracy": curve[-1]["test_accuracy"],
        "loss": curve[-1]["test_loss"],
        "ece": scores.calibration_error(tested, data.test.labels),
        "by_group": groups,
        "worst_group": min(groups, key=groups.__getitem__, default=None),
        "train_accuracy": scores.accuracy(known, taken.labels),
        "validation_accuracy": data.validation
        and scores.accuracy(run.logits(data.validation.images), data.validation.labels),
        "membership": scores.membership(
            scores.losses(known, taken.labels), scores.losses(tested, data.test.labels)
        ),
        "curve": curve,
        "steps": epochs * steps,
        "seconds": time.perf_counter() - started,
    }


class _Run:
    """A model with its optimizer, and how pixels become its inputs."""

    def __init__(self, model: nn.Module, recipe: Recipe, images: Images, device: str) -> None:
        self.model, self.device = model, device
        self.optimizer = _optimizer(model, recipe)
        mean, deviation = _mean_and_deviation(images, recipe.scaling)
        self.mean = torch.tensor(mean, dtype=torch.float32, device=device).view(1, -1, 1, 1)
        self.deviation = torch.tensor(deviation, dtype=torch.float32, device=device).view(
            1, -1, 1, 1
        )

    def scaled(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return inputs (N, C, H, W) of pixels (N, H, W, C)."""
        return (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.deviation

    def logits(self, images: Images) -> scores.Logits:
        """Return the logits of images that are not changed."""
        self.model.eval()
        with torch.no_grad():
            parts = [
                self.model(
                    self.scaled(torch.from_numpy(images[begin : begin + _AT_ONCE]).to(self.device))
                )
                for begin in range(0, len(images), _AT_ONCE)
            ]
        return torch.cat(parts).double().cpu().numpy()


def _mean_and_deviation(images: Images, scaling: str) -> tuple[Labels, Labels]:
    channels = images.shape[-1]
    if scaling == "255":
        return np.zeros(channels), np.full(channels, 255.0)
    # Over images one by one, as squares of a whole set take eight times its memory.
    means = np.array([image.mean(axis=(0, 1)) for image in images])
    squares = np.array([np.square(image, dtype=np.float64).mean(axis=(0, 1)) for image in images])
    mean = means.mean(axis=0)
    variance = squares.mean(axis=0) - mean**2
    return mean, np.sqrt(np.maximum(variance, 1.0))


def _batches(count: int, batch: int, seed: int) -> Iterator[torch.Tensor]:
    """Yield indices of full batches, from one shuffled pass after another."""
    rng = np.random.default_rng((seed, 0))
    waiting = rng.permutation(count)
    while True:
        while len(waiting) < batch:
            waiting = np.concatenate([waiting, rng.permutation(count)])
        yield torch.from_numpy(waiting[:batch])
        waiting = waiting[batch:]


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    rate, decay = recipe.rate, recipe.weight_decay
    if recipe.optimizer == "adam":
        return torch.optim.Adam(parameters, rate, eps=_KERAS_EPSILON, weight_decay=decay)
    if recipe.optimizer == "rmsprop":
        return torch.optim.RMSprop(
            parameters, rate, alpha=0.9, eps=_KERAS_EPSILON, weight_decay=decay
        )
    return torch.optim.SGD(
        parameters, rate, recipe.momentum, weight_decay=decay, nesterov=recipe.momentum > 0
    )


def _schedule(
    optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    if recipe.rising is None:
        return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    # Momentum stays as it is.
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.rate, steps, pct_start=recipe.rising, cycle_momentum=False
    )
