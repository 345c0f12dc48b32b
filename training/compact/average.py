"""Averages the weights of students of different recipes into the final one.

The average of students that start from the same weights is more accurate than each of them. Source: Wortsman et al., "Model soups",
2022. All students count the same: shares that are chosen on the validation split would fit its accidents.
"""

import argparse
from pathlib import Path

import numpy
import torch
from tokenizers import Tokenizer

from batches import TokenizedTexts, predict
from calibration import scores
from encoder import Classifier, Shape
from prepare import DEVICE
from sources import load_tweets


def average(data: Path, work: Path, names: list[str]) -> None:
    """Writes student-all.pt, in the form that distil.py writes, with the recipes, losses and figures of all students."""
    labels, tweets = map(list, zip(*load_tweets(data / "val.tsv")))
    students = [torch.load(work / f"student-{name}.pt") for name in names]
    weights = {key: torch.stack([student["weights"][key].float() for student in students]).mean(dim=0) for key in students[0]["weights"]}
    model = Classifier(Shape(vocabulary=len(weights["words.weight"]), feed_forward=len(weights["layers.0.up.bias"])))
    model.load_state_dict(weights)
    model.to(DEVICE).quantize(True)
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    logits = predict(model, TokenizedTexts(tokenizer, tweets, tokenizer.token_to_id("[PAD]"), DEVICE))
    torch.save({
        "weights": {key: value.half() for key, value in weights.items()},
        "val": logits.half(),
        "figures": measure(logits, labels),
        "students": [{
            "recipe": student["recipe"], "seconds": student["seconds"], "losses": student["losses"],
            "figures": measure(student["val"].float(), labels)} for student in students]}, work / "student-all.pt")


def measure(logits: torch.Tensor, labels: list[int]) -> dict[str, float]:
    """Accuracy and negative log likelihood before the prior correction."""
    accuracy = float(numpy.mean(logits.argmax(dim=1).numpy() == numpy.asarray(labels)))
    return {"accuracy": round(accuracy, 4), "nll": scores(logits.softmax(dim=1), torch.tensor(labels))["nll"]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with val.tsv")
    parser.add_argument("--work", type=Path, required=True, help="folder with student-NAME.pt and tokenizer.json")
    parser.add_argument("names", nargs="+", metavar="NAME")
    options = parser.parse_args()
    average(options.data, options.work, options.names)
