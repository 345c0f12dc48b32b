"""Labelled tweets, batches by length, and the seeded augmentation that teaches emoji."""

import random
from dataclasses import dataclass
from pathlib import Path

import torch

from emoji import VALENCE
from preprocess import preprocess

LABELS = ("negative", "neutral", "positive")


@dataclass(frozen=True)
class Example:
    label: int
    text: str


def load(path: Path) -> list[Example]:
    """Read `label<TAB>text` lines; texts are preprocessed."""
    lines = path.read_text(encoding="utf-8").split("\n")
    rows = [line.split("\t", 1) for line in lines if line]
    return [Example(int(label), preprocess(text)) for label, text in rows]


def augment(examples: list[Example], rng: random.Random, share: float, alone: int) -> list[Example]:
    """Add emoji of the tweet's own label to a `share` of the tweets, and `alone` texts a label that are only emoji."""
    mixed = [Example(e.label, _with_emoji(e, rng)) if rng.random() < share else e for e in examples]
    only = [Example(label, _run(label, rng)) for label in VALENCE for _ in range(alone)]
    return mixed + only


def _with_emoji(example: Example, rng: random.Random) -> str:
    run = _run(example.label, rng)
    return f"{example.text}{rng.choice(('', ' '))}{run}" if rng.random() < 0.8 else f"{run} {example.text}"


def _run(label: int, rng: random.Random) -> str:
    kinds = rng.choice((1, 1, 1, 2))
    return "".join(rng.choice(VALENCE[label]) * rng.choice((1, 1, 2, 3)) for _ in range(kinds))


def batches_by_length(lengths: list[int], tokens: int, rng: random.Random) -> list[list[int]]:
    """Shuffled batches of indices of similar length, each of at most `tokens` tokens with its padding."""
    order = sorted(range(len(lengths)), key=lambda index: (lengths[index], rng.random()))
    batches: list[list[int]] = [[]]
    for index in order:
        if batches[-1] and lengths[index] * (len(batches[-1]) + 1) > tokens:
            batches.append([])
        batches[-1].append(index)
    rng.shuffle(batches)
    return batches


def pad(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids filled up with zeros ([PAD]) to the longest row, and the attention mask."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask
