"""Fine-tunes one teacher without one fold of the tweets, and writes its logits for all texts and for the validation split."""

import argparse
import json
import random
import time
from pathlib import Path

import torch
from torch.nn import functional

from batches import mixed_precision, predict, training_steps
from calibration import correct_prior, label_shares
from metrics import summary
from optimization import Optimizer
from prepare import DEVICE, load_texts, teacher_texts, tweets_by_fold
from pretrained import load_teacher
from sources import load_tweets

EPOCHS = 3
BATCH_TOKENS = 2048
RATE = 4e-5
LAYER_DECAY = 0.9
LABEL_SMOOTHING = 0.1


def teach(data: Path, work: Path, fold: int, epochs: int) -> None:
    torch.manual_seed(fold)
    started = time.monotonic()
    items = load_texts(work)
    texts = teacher_texts(work, [item.text for item in items], DEVICE)
    labels = torch.tensor([-1 if item.label is None else item.label for item in items], device=DEVICE)
    seen, unseen = tweets_by_fold(items, fold)
    model = load_teacher(work / "all-mpnet-base-v2").to(DEVICE)
    optimizer = Optimizer(model, RATE, LAYER_DECAY)
    for done, batch in training_steps(texts, lambda: seen, epochs, BATCH_TOKENS, random.Random(fold)):
        model.train()
        with mixed_precision(DEVICE):
            logits = model(*texts.batch(batch))
        optimizer.step(functional.cross_entropy(logits, labels[batch], label_smoothing=LABEL_SMOOTHING), done)
    trained = time.monotonic()
    logits = predict(model, texts)
    held_out = load_tweets(data / "val.tsv")
    val_logits = predict(model, teacher_texts(work, [text for _, text in held_out], DEVICE))
    prior = label_shares([items[index].label for index in seen])
    figures = {
        "fold": fold,
        "held_out_topics": balanced_summary(logits[unseen], [items[index].label for index in unseen], prior),
        "val": balanced_summary(val_logits, [label for label, _ in held_out], prior),
        "training_seconds": round(trained - started), "seconds": round(time.monotonic() - started)}
    torch.save({"logits": logits.half(), "val": val_logits.half(), "figures": figures}, work / f"teacher-{fold}.pt")
    print(json.dumps(figures), flush=True)


def balanced_summary(logits: torch.Tensor, labels: list[int], prior: torch.Tensor) -> dict:
    """Figures with every label taken as equally likely, which macro recall rewards."""
    return summary(labels, correct_prior(logits, prior, 1).argmax(dim=1).tolist())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder that prepare.py wrote")
    parser.add_argument("--fold", type=int, required=True, help="the fold that is held out")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args()
    teach(options.data, options.work, options.fold, options.epochs)
