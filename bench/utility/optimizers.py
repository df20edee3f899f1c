"""The optimizers of recipes. Those of the authors are computed as in Keras, which they used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from blockmix.bench.utility.plan import Recipe

EPSILON = 1e-7  # the default of Keras
_RHO = 0.9


def optimizer_of(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return the optimizer of a recipe, of the parameters that can be trained."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    rate, decay = recipe.rate, recipe.weight_decay
    if recipe.optimizer == "adam":
        return KerasAdam(parameters, rate, decay)
    if recipe.optimizer == "rmsprop":
        return KerasRMSprop(parameters, rate, decay)
    return torch.optim.SGD(
        parameters, rate, recipe.momentum, weight_decay=decay, nesterov=recipe.momentum > 0
    )


class KerasAdam(torch.optim.Adam):
    """Adam that does not correct epsilon for the number of steps, so that it is larger at first."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], rate: float, weight_decay: float = 0.0
    ) -> None:
        super().__init__(parameters, rate, weight_decay=weight_decay)
        self.steps = 0

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Change every parameter that has a gradient."""
        self.steps += 1
        for group in self.param_groups:
            _, decay = group["betas"]
            group["eps"] = EPSILON / (1 - decay**self.steps) ** 0.5
        super().step(closure)


class KerasRMSprop(torch.optim.Optimizer):
    """RMSprop that adds epsilon below the root, where torch adds it to the root.

    So gradients well below the root of epsilon, 3e-4, make small steps; torch scales them all up.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], rate: float, weight_decay: float = 0.0
    ) -> None:
        super().__init__(parameters, {"lr": rate, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Change every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._change(parameter, parameter.grad, group)

    def _change(
        self, parameter: nn.Parameter, gradient: torch.Tensor, group: dict[str, Any]
    ) -> None:
        gradient = gradient.add(parameter, alpha=group["weight_decay"])
        state = self.state[parameter]
        if not state:
            state["velocity"] = torch.zeros_like(parameter)
        velocity = state["velocity"].mul_(_RHO).addcmul_(gradient, gradient, value=1 - _RHO)
        parameter.addcdiv_(gradient, (velocity + EPSILON).sqrt_(), value=-group["lr"])
