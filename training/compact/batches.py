"""Tokenized texts on a device, and batches of texts of similar length."""

import random
from collections.abc import Callable, Iterator

import torch
from tokenizers import Tokenizer

MAX_TOKENS = 96


class TokenizedTexts:
    """Token ids of many texts, of which padded batches are made on the device."""

    def __init__(self, tokenizer: Tokenizer, texts: list[str], pad: int, device: str):
        rows = [item.ids for item in tokenizer.encode_batch(texts)]
        rows = [row[: MAX_TOKENS - 1] + row[-1:] if len(row) > MAX_TOKENS else row for row in rows]
        self.lengths = [len(row) for row in rows]
        self.pad, self.device = pad, device
        self._flat = torch.tensor([token for row in rows for token in row], device=device)
        ends = torch.tensor(self.lengths).cumsum(0)
        self._starts = (ends - torch.tensor(self.lengths)).to(device)
        self._lengths = torch.tensor(self.lengths, device=device)

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, indices: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids, padded to a multiple of eight, and the mask that is true for tokens."""
        longest = max(self.lengths[index] for index in indices)
        places = torch.arange(-(-longest // 8) * 8, device=self.device)
        chosen = torch.tensor(indices, device=self.device)
        mask = places < self._lengths[chosen, None]
        ids = self._flat[(self._starts[chosen, None] + places).clamp(max=len(self._flat) - 1)]
        return ids.masked_fill(~mask, self.pad), mask


def batches_by_length(texts: TokenizedTexts, indices: list[int], tokens: int, rng: random.Random) -> list[list[int]]:
    """Shuffled batches of `indices`, each of texts of similar length and of at most `tokens` tokens with its padding."""
    order = sorted(indices, key=lambda index: (texts.lengths[index], rng.random()))
    batches: list[list[int]] = [[]]
    for index in order:
        if batches[-1] and texts.lengths[index] * (len(batches[-1]) + 1) > tokens:
            batches.append([])
        batches[-1].append(index)
    rng.shuffle(batches)
    return batches


def mixed_precision(device: str) -> torch.autocast:
    """bfloat16 products on a GPU; processors often only emulate them."""
    return torch.autocast(device, torch.bfloat16, enabled=device == "cuda")


@torch.no_grad()
def predict(model: torch.nn.Module, texts: TokenizedTexts, tokens: int = 32_768) -> torch.Tensor:
    """The model's output for every text, in order, on the CPU."""
    model.eval()
    order, outputs = [], []
    for batch in batches_by_length(texts, list(range(len(texts))), tokens, random.Random(0)):
        with mixed_precision(texts.device):
            outputs.append(model(*texts.batch(batch)).float())
        order += batch
    result = torch.empty_like(together := torch.cat(outputs))
    result[torch.tensor(order, device=together.device)] = together
    return result.cpu()


def training_steps(
        texts: TokenizedTexts, choose: Callable[[], list[int]], epochs: int, tokens: int, rng: random.Random) -> Iterator[tuple[float, list[int]]]:
    """The batches of all epochs, each with the share of the training that is done before it, 0 to 1. `choose` returns an epoch's texts."""
    for epoch in range(epochs):
        batches = batches_by_length(texts, choose(), tokens, rng)
        for step, batch in enumerate(batches):
            yield (epoch + step / len(batches)) / epochs, batch
