"""Chooses the prior correction on the topics that students have not seen, then the temperature, and writes the figures of the folds."""

import argparse
import json
from pathlib import Path

import numpy
import torch

import metrics
from calibration import Calibration, fit_temperature, label_shares, scores
from sources import load_tweets
from topics import FOLDS

STRENGTHS = [round(0.1 * step, 1) for step in range(11)]
#: Recall that may be given up for a weaker correction.
TOLERANCE = 0.005


def macro_recall(strength: float, folds: list[dict], prior: list[float]) -> float:
    """Mean over the folds."""
    corrected = [Calibration(prior, strength).apply(fold["unseen"]) for fold in folds]
    return float(numpy.mean([metrics.macro_recall(fold["labels"], logits.argmax(dim=1).tolist()) for fold, logits in zip(folds, corrected)]))


def choose_strength(folds: list[dict], prior: list[float]) -> tuple[float, dict[float, float]]:
    """The weakest correction whose recall is within TOLERANCE of the best: a full one takes too many neutral texts for negative."""
    recalls = {strength: macro_recall(strength, folds, prior) for strength in STRENGTHS}
    return min(strength for strength, value in recalls.items() if value >= max(recalls.values()) - TOLERANCE), recalls


def calibrate(data: Path, work: Path) -> None:
    folds = [torch.load(work / f"student-{fold}.pt") for fold in range(FOLDS)]
    prior = label_shares([label for fold in folds for label in fold["labels"]]).tolist()
    strength, recalls = choose_strength(folds, prior)
    logits = [Calibration(prior, strength).apply(fold["unseen"]) for fold in folds]
    labels = [torch.tensor(fold["labels"]) for fold in folds]
    figures = []
    for index in range(FOLDS):
        # A fold's temperature is that of the others.
        others = [other for other in range(FOLDS) if other != index]
        temperature = fit_temperature(torch.cat([logits[other] for other in others]), torch.cat([labels[other] for other in others]))
        figures.append({
            "fold": index, **metrics.summary(labels[index].tolist(), logits[index].argmax(dim=1).tolist()),
            **scores((logits[index] / temperature).softmax(dim=1), labels[index]),
            "teacher": torch.load(work / f"teacher-{index}.pt")["figures"]["held_out_topics"]["macro_recall"]})
    # The final student is an average of several, and its scores differ from those of the fold students.
    val_logits = Calibration(prior, strength).apply(torch.load(work / "student-all.pt")["val"])
    calibration = Calibration(prior, strength, fit_temperature(val_logits, torch.tensor([label for label, _ in load_tweets(data / "val.tsv")])))
    calibration.save(work)
    report = {"folds": figures, "recall_by_strength": {str(key): round(value, 4) for key, value in recalls.items()}, "strength": strength, "temperature": round(calibration.temperature, 2)}
    (work / "folds.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder that teach.py and distil.py wrote to")
    parser.add_argument("--data", type=Path, required=True, help="folder with val.tsv, on which the final student's temperature is chosen")
    options = parser.parse_args()
    calibrate(options.data, options.work)
