"""The models by name: our own, the paper's four, and any function that returns one."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import nn

from blockmix import InputError
from blockmix.bench.utility.small_resnet import small_resnet
from blockmix.support.extras import load
from blockmix.support.user_code import import_function

SMALL_RESNET = "small-resnet"
KERAS_MODELS = ("ResNet50", "VGG16", "InceptionV3", "DenseNet121")


def build(name: str, classes: int, size: tuple[int, int], seed: int, device: str) -> nn.Module:
    """Return a model with fresh weights on a device, from images (N, 3, H, W) to logits.

    Raises
    ------
    InputError
        If there is no such model, or it does not return one logit a class.
    """
    torch.manual_seed(seed)
    model: nn.Module
    if name in KERAS_MODELS:
        model = _keras_model(name, classes, size, seed, device)
    else:
        model = small_resnet(classes) if name == SMALL_RESNET else _call(name, classes)
        # 64 x 64 images took our network 1.2 ms an image and step, 1.5 with channels first (Xeon).
        model = model.to(device, memory_format=torch.channels_last)
    _check_output(name, model.eval(), classes, size, device)
    return model


def check_training(name: str, classes: int, size: tuple[int, int], device: str) -> None:
    """Refuse a model that cannot be built or trained: some return more while they are trained."""
    model = build(name, classes, size, 0, device)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise InputError(f"{name} has no parameters that can be trained")
    _check_output(name, model.train(), classes, size, device)


def check_device(device: str) -> None:
    """Refuse a device that this torch cannot use."""
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("this torch finds no CUDA device: give --device cpu")


class KerasModel(nn.Module):
    """A Keras model on the torch backend, which is a module but for its argument ``training``."""

    def __init__(self, model: nn.Module, device: str) -> None:
        super().__init__()
        self.model, self.device = model, device

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        with _keras().device(self.device):
            inputs = images.permute(0, 2, 3, 1)
            logits: torch.Tensor = self.model(inputs, training=self.training)
        return logits


def _keras() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = load("keras", "the paper's models are those of Keras", "utility")
    if keras.backend.backend() != "torch":
        raise InputError(
            f"models of Keras are trained on its backend torch, but it was started with "
            f"{keras.backend.backend()}: set KERAS_BACKEND=torch"
        )
    return keras


def _keras_model(
    name: str, classes: int, size: tuple[int, int], seed: int, device: str
) -> KerasModel:
    keras = _keras()
    keras.utils.set_random_seed(seed)
    layout = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_last")  # DenseNet knows no other; layers keep it
    try:
        with keras.device(device):
            model = getattr(keras.applications, name)(
                weights=None,
                input_shape=(*size, 3),
                classes=classes,
                classifier_activation=None,
            )
    except ValueError as error:
        raise InputError(f"{name} cannot be built for images of {size}: {error}") from error
    finally:
        keras.config.set_image_data_format(layout)
    return KerasModel(model, device)


def _call(name: str, classes: int) -> nn.Module:
    if not name.partition(":")[2]:
        raise InputError(
            f"a model is {SMALL_RESNET}, {', '.join(KERAS_MODELS)} or MODULE:FUNCTION, got {name!r}"
        )
    try:
        function = import_function(name)
    except (Exception, SystemExit) as error:  # a module may raise anything
        raise InputError(f"the model {name} cannot be imported: {error}") from error
    try:
        model = function(num_classes=classes)
    except Exception as error:  # and so may a function
        raise InputError(
            f"{name} is called with num_classes={classes}, but raised {type(error).__name__}: "
            f"{error}"
        ) from error
    if not isinstance(model, nn.Module):
        raise InputError(
            f"{name}(num_classes={classes}) returns a torch.nn.Module, got {type(model).__name__}"
        )
    return model


def _check_output(
    name: str, model: nn.Module, classes: int, size: tuple[int, int], device: str
) -> None:
    rule = f"{name} takes images (N, 3, {size[0]}, {size[1]}) and returns (N, {classes}) logits"
    try:
        with torch.no_grad():
            logits = model(torch.zeros(2, 3, *size, device=device))
    except Exception as error:  # a model may raise anything
        raise InputError(f"{rule}, got {type(error).__name__}: {error}") from error
    shape = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
    if shape != (2, classes):
        raise InputError(f"{rule}, got {shape} for 2 images")
