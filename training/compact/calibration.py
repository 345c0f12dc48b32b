"""Correction for the label shares of the training data, temperature, and how well probabilities match outcomes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch.nn import functional

BINS = 15


@dataclass(frozen=True)
class Calibration:
    """What is done to logits: `(logits - strength * log(prior)) / temperature`."""

    prior: list[float]
    #: 0 leaves the logits as trained, 1 makes all labels equally likely. Source: Menon et al., "Long-tail learning via logit adjustment", 2021.
    strength: float
    temperature: float = 1.0

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        return correct_prior(logits, torch.tensor(self.prior), self.strength) / self.temperature

    @torch.no_grad()
    def fold_into(self, output: torch.nn.Linear) -> None:
        """Change the output layer so that it gives calibrated logits."""
        output.weight /= self.temperature
        output.bias.copy_(self.apply(output.bias))

    def save(self, work: Path) -> None:
        (work / "calibration.json").write_text(json.dumps(asdict(self)) + "\n")

    @classmethod
    def load(cls, work: Path) -> "Calibration":
        return cls(**json.loads((work / "calibration.json").read_text()))


def correct_prior(logits: torch.Tensor, prior: torch.Tensor, strength: float) -> torch.Tensor:
    return logits.float() - strength * prior.log()


def label_shares(labels: list[int]) -> torch.Tensor:
    """The share of each of the three labels."""
    return torch.bincount(torch.tensor(labels), minlength=3).float() / len(labels)


def fit_temperature(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """The divisor of the logits, between 0.5 and 3, with the least expected calibration error."""
    candidates = torch.linspace(0.5, 3, 251).tolist()
    return min(candidates, key=lambda value: calibration_error((logits / value).softmax(dim=1), labels))


def calibration_error(probabilities: torch.Tensor, labels: torch.Tensor) -> float:
    """Expected calibration error of the predicted label's probability, in BINS equal bins. Source: Guo et al., 2017."""
    confidence, predicted = probabilities.max(dim=1)
    bins = (confidence * BINS).long().clamp(max=BINS - 1)
    gaps = torch.zeros(BINS).index_add_(0, bins, confidence - (predicted == labels).float())
    return float(gaps.abs().sum() / len(labels))


def scores(probabilities: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """Expected calibration error, Brier score (sum over labels) and negative log likelihood."""
    truth = functional.one_hot(labels, 3)
    return {
        "ece": round(calibration_error(probabilities, labels), 4),
        "brier": round(float(((probabilities - truth) ** 2).sum(dim=1).mean()), 4),
        "nll": round(float(functional.nll_loss(probabilities.clamp(min=1e-12).log(), labels)), 4)}
