"""AdamW with lower rates for lower layers, a warm-up, and a linear decay."""

import torch

from encoder import Classifier


class Optimizer:
    """One training step at a time; the rate follows the share of the training that is done."""

    def __init__(self, model: Classifier, rate: float, layer_decay: float, warmup: float = 0.06, weight_decay: float = 0.01):
        self._model, self._warmup = model, warmup
        blocks = [model.output, *reversed(model.layers), torch.nn.ModuleList(
            module for module in (model.words, model.positions, model.norm, model.relative) if module is not None)]
        groups = [{"params": list(block.parameters()), "lr": rate * layer_decay**depth} for depth, block in enumerate(blocks)]
        # A new output layer has further to go.
        groups[0]["lr"] = 3 * rate
        self._adam = torch.optim.AdamW(groups, weight_decay=weight_decay, fused=next(model.parameters()).is_cuda)
        self._peaks = [group["lr"] for group in groups]

    def step(self, loss: torch.Tensor, done: float) -> None:
        factor = min(done / self._warmup, (1 - done) / (1 - self._warmup))
        for group, peak in zip(self._adam.param_groups, self._peaks):
            group["lr"] = peak * factor
        self._adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._adam.step()
