"""Rounds values to int8 and back in training (quantization-aware training), exactly as the exported model does at run time.

Gradients pass through as if nothing were rounded (the straight-through estimator). Source: Jacob et al., "Quantization and
Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018.
"""

import torch


def quantize_activations(values: torch.Tensor) -> torch.Tensor:
    """Eight bits, one scale per text, which spans its values and zero: ONNX's DynamicQuantizeLinear on one text."""
    data = values.detach().float()
    axes = tuple(range(1, data.ndim))
    low, high = data.amin(axes, keepdim=True).clamp(max=0), data.amax(axes, keepdim=True).clamp(min=0)
    scale = ((high - low) / 255).clamp(min=1e-8)
    zero = (-low / scale).round()
    rounded = ((data / scale).round() + zero).clamp(0, 255)
    return _straight_through(values, (rounded - zero) * scale)


def quantize_weights(weight: torch.Tensor) -> torch.Tensor:
    """Seven bits, one scale per output: eight could saturate the 16-bit sums of AVX2's kernels."""
    scale = (weight.detach().abs().amax(dim=1, keepdim=True) / 64).clamp(min=1e-8)
    return _straight_through(weight, (weight.detach() / scale).round() * scale)


def quantize_embeddings(weight: torch.Tensor) -> torch.Tensor:
    """Eight bits, one scale for the matrix."""
    scale = weight.detach().abs().max() / 127
    return _straight_through(weight, (weight.detach() / scale).round() * scale)


def _straight_through(values: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
    return values + (rounded.to(values.dtype) - values).detach()
