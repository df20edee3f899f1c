"""One run: a model trained on one training set, and what it is worth."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from blockmix import WorkError
from blockmix.bench.utility import scores
from blockmix.bench.utility.combine import combine
from blockmix.bench.utility.data import Data
from blockmix.bench.utility.images import Images
from blockmix.bench.utility.models import build
from blockmix.bench.utility.optimizers import optimizer_of
from blockmix.bench.utility.plan import Recipe, Way
from blockmix.bench.utility.ways import taken_images, training_set

_AT_ONCE = 250  # images of an evaluation

Channels = npt.NDArray[np.float64]  # a value for each
Watch = Callable[[int, int], None]  # steps that are done, and all


class DivergedError(WorkError):
    """Training has diverged: the outputs of the model are not finite."""


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

    Raises
    ------
    DivergedError
        If training diverges.
    """
    started = time.perf_counter()
    height, width = data.train.images.shape[1:3]
    with torch.random.fork_rng(devices=[]):
        model = build(model_name, len(data.train.classes), (height, width), seed, device)
        trainer = _Trainer(model, recipe, data, way, seed, device)
        curve = [trainer.epoch(number, watch) for number in range(1, trainer.epochs + 1)]
    test, validation = data.test, data.validation
    tested = trainer.logits(test.images)
    groups = scores.by_group(tested, test.labels, test.groups)
    taken = data.train.take(taken_images(way, data.train.labels, seed=seed))
    known = trainer.logits(taken.images)
    return {
        "way": way.name,
        "model": model_name,
        "seed": seed,
        "accuracy": scores.accuracy(tested, test.labels),
        "loss": float(scores.losses(tested, test.labels).mean()),
        "ece": scores.calibration_error(tested, test.labels),
        "by_group": groups,
        "worst_group": min(groups, key=groups.__getitem__, default=None),
        "train_accuracy": scores.accuracy(known, taken.labels),
        "validation_accuracy": validation
        and scores.accuracy(trainer.logits(validation.images), validation.labels),
        "membership": scores.membership(
            scores.losses(known, taken.labels), scores.losses(tested, test.labels)
        ),
        "curve": curve,
        "steps": trainer.done,
        "seconds": time.perf_counter() - started,
    }


class _Trainer:
    """A model with its training set, its optimizer, and the steps that are done."""

    def __init__(
        self, model: nn.Module, recipe: Recipe, data: Data, way: Way, seed: int, device: str
    ) -> None:
        images, labels = training_set(way, data.train, seed=seed)
        self.model, self.way, self.test, self.device = model, way, data.test, device
        self.images, self.labels = self._on_device(images), self._on_device(labels)
        self.epochs = recipe.epochs * (way.files if way.same_epochs else 1)
        self.steps = recipe.epoch_steps(len(data.train))  # of an epoch, whatever the way
        self.done = 0
        self.batches = _batches(len(images), recipe.batch, seed)
        self.rng = np.random.default_rng((seed, 1))
        mean, deviation = _mean_and_deviation(images, recipe.scaling)
        self.mean = self._on_device(mean).float().view(1, -1, 1, 1)
        self.deviation = self._on_device(deviation).float().view(1, -1, 1, 1)
        self.optimizer = optimizer_of(model, recipe)
        self.schedule = _schedule(self.optimizer, recipe, self.epochs * self.steps)

    def epoch(self, number: int, watch: Watch) -> dict[str, Any]:
        """Train for an epoch; return its point of the learning curve."""
        self.model.train()
        total = 0.0
        for _ in range(self.steps):
            total += self._step()
            watch(self.done, self.epochs * self.steps)
        logits = self.logits(self.test.images)
        return {
            "epoch": number,
            "train_loss": total / self.steps,
            "test_accuracy": scores.accuracy(logits, self.test.labels),
            "test_loss": float(scores.losses(logits, self.test.labels).mean()),
        }

    def _step(self) -> float:
        chosen = next(self.batches).to(self.device)
        inputs, loss_of = combine(
            self.way, self.scaled(self.images[chosen]), self.labels[chosen], self.rng
        )
        loss = loss_of(self.model(inputs))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        self.done += 1
        return loss.item()

    def scaled(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return inputs (N, C, H, W) of pixels (N, H, W, C)."""
        return (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.deviation

    def logits(self, images: Images) -> scores.Logits:
        """Return the logits of images that are not changed.

        Raises
        ------
        DivergedError
            If they are not finite.
        """
        self.model.eval()
        with torch.no_grad():
            parts = [
                self.model(self.scaled(self._on_device(images[begin : begin + _AT_ONCE])))
                for begin in range(0, len(images), _AT_ONCE)
            ]
        logits: scores.Logits = torch.cat(parts).double().cpu().numpy()
        if not np.isfinite(logits).all():
            raise DivergedError(
                f"training diverged after {self.done} steps on {self.way.name!r}, so that outputs "
                "are not finite: choose another model, or a plan with a lower learning rate"
            )
        return logits

    def _on_device(self, array: npt.NDArray[Any]) -> torch.Tensor:
        return torch.from_numpy(array).to(self.device)


def _mean_and_deviation(images: Images, scaling: str) -> tuple[Channels, Channels]:
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


def _schedule(
    optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    if recipe.rising is None:
        return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    # Momentum stays as it is.
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.rate, steps, pct_start=recipe.rising, cycle_momentum=False
    )
