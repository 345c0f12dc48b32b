"""Moves outliers of the feed-forward activations into the weights, so that int8 loses less of them.

A few channels are far larger than the rest, and one int8 scale serves them all. Dividing each channel by
a factor, and multiplying its row of weights with it, leaves the result as it is. Source: Xiao et al., "SmoothQuant", 2022.
"""

import torch
from torch import nn

class ScaledLinear(nn.Module):
    """A linear layer behind channel factors: the same function as `linear`."""

    def __init__(self, linear: nn.Linear, factors: torch.Tensor):
        super().__init__()
        self.register_buffer("inverse", 1 / factors)
        self.linear = nn.Linear(linear.in_features, linear.out_features)
        self.linear.weight = nn.Parameter(linear.weight * factors)
        self.linear.bias = linear.bias

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.linear(values * self.inverse)


@torch.no_grad()
def smooth(model: nn.Module, batches: list[tuple[torch.Tensor, torch.Tensor]], strengths: dict[str, float]) -> None:
    """Replace the dense layers of the modules that `strengths` names ("intermediate", "output") in every layer of `model`.

    A strength is how much of the difficulty moves from activations to weights (alpha of the paper), 0 to 1; channel
    factors are measured on `batches` of ids and masks.
    """
    for name, strength in strengths.items():
        modules = [getattr(layer, name) for layer in model.encoder.encoder.layer]
        for module, peaks in zip(modules, _largest_inputs(model, modules, batches)):
            weights = module.dense.weight.abs().amax(dim=0)
            factors = (peaks**strength / weights ** (1 - strength)).clamp(min=1e-3)
            module.dense = ScaledLinear(module.dense, factors / factors.mean())


def _largest_inputs(model: nn.Module, modules: list[nn.Module], batches: list[tuple[torch.Tensor, torch.Tensor]]) -> list[torch.Tensor]:
    """The largest absolute value of each input channel of each module's dense layer."""
    peaks = [torch.zeros(module.dense.in_features) for module in modules]

    def watch(index: int):
        def hook(_module: nn.Module, inputs: tuple[torch.Tensor]) -> None:
            peaks[index] = torch.maximum(peaks[index], inputs[0].abs().amax(dim=(0, 1)))
        return hook

    hooks = [module.dense.register_forward_pre_hook(watch(index)) for index, module in enumerate(modules)]
    for ids, mask in batches:
        model(ids, mask)
    for hook in hooks:
        hook.remove()
    return peaks
