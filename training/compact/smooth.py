"""Moves outliers of the feed-forward activations into the weights, so that int8 loses less of them.

A few channels behind the GELU are far larger than the rest, and one int8 scale serves them all. Dividing each channel by
a factor, and multiplying its row of weights with it, leaves the result as it is. Source: Xiao et al., "SmoothQuant", 2022.
"""

import torch
from torch import nn

#: How much of the difficulty moves from activations to weights (alpha of the paper).
STRENGTH = 0.85


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
def smooth(model: nn.Module, batches: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    """Replace every feed-forward output of `model`, with factors measured on `batches` of ids and masks."""
    largest: dict[int, torch.Tensor] = {}

    def watch(index: int):
        def hook(_module: nn.Module, inputs: tuple[torch.Tensor]) -> None:
            peak = inputs[0].abs().amax(dim=(0, 1))
            largest[index] = torch.maximum(largest.get(index, peak), peak)
        return hook

    layers = model.encoder.encoder.layer
    hooks = [layer.output.dense.register_forward_pre_hook(watch(index)) for index, layer in enumerate(layers)]
    for ids, mask in batches:
        model(ids, mask)
    for hook in hooks:
        hook.remove()
    for index, layer in enumerate(layers):
        weights = layer.output.dense.weight.abs().amax(dim=0)
        factors = (largest[index] ** STRENGTH / weights ** (1 - STRENGTH)).clamp(min=1e-3)
        layer.output.dense = ScaledLinear(layer.output.dense, factors / factors.mean())
