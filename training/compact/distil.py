"""Distils the teachers into a student, for the final model (all folds) or without one fold's topics, to measure it on them."""

import argparse
import json
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import vocabulary
from batches import TokenizedTexts, mixed_precision, predict, training_steps
from optimization import Optimizer
from prepare import DEVICE, Text, load_texts, tweets_by_fold
from pretrained import load_student, word_embeddings
from sources import load_tweets
from topics import FOLDS

#: How much of the target is the text's own label; the rest is the teachers' answer.
LABEL_SHARE = {"tweet": 0.3, "emoji": 0.5, "made": 0.8}


@dataclass(frozen=True)
class Recipe:
    feed_forward: int = 768
    vocabulary: int = 15_000
    epochs: int = 10
    batch_tokens: int = 16_384
    rate: float = 4e-4
    layer_decay: float = 0.95
    #: Share of the training after which values are rounded to int8.
    quantized_from: float = 0.6
    #: Share of the tokens that are masked in each step.
    masked: float = 0.05
    average_decay: float = 0.999
    seed: int = 7


def teacher_probabilities(work: Path, items: list[Text], fold: int | None) -> torch.Tensor:
    """Of the teacher without `fold`; or without a fold, of the teacher that has not seen the tweet, else the teachers' mean."""
    if fold is not None:
        return _probabilities(work, fold)
    each = torch.stack([_probabilities(work, teacher) for teacher in range(FOLDS)])
    mean = each.mean(dim=0)
    return torch.stack([mean[index] if item.fold is None else each[item.fold, index] for index, item in enumerate(items)])


def _probabilities(work: Path, teacher: int) -> torch.Tensor:
    return torch.load(work / f"teacher-{teacher}.pt")["logits"].float().softmax(dim=1)


def targets(items: list[Text], teachers: torch.Tensor) -> torch.Tensor:
    """The label distribution that the student shall give each text."""
    share = torch.tensor([LABEL_SHARE.get(item.kind, 0.0) for item in items])[:, None]
    labels = functional.one_hot(torch.tensor([item.label or 0 for item in items]), 3)
    return (1 - share) * teachers + share * labels


def distil(data: Path, work: Path, fold: int | None, recipe: Recipe) -> None:
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)
    started = time.monotonic()
    base = work / "all-MiniLM-L6-v2"
    items = load_texts(work)
    tokenizer, embeddings = vocabulary.build(
        base, word_embeddings(base), [item.text for item in items if item.kind in ("tweet", "unlabelled", "made")], recipe.vocabulary)
    texts = TokenizedTexts(tokenizer, [item.text for item in items], tokenizer.token_to_id("[PAD]"), DEVICE)
    wanted = targets(items, teacher_probabilities(work, items, fold)).to(DEVICE)
    seen = [index for index, item in enumerate(items) if fold is None or item.fold != fold]
    model = load_student(base, embeddings, recipe.feed_forward).to(DEVICE)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(recipe.average_decay))
    optimizer = Optimizer(model, recipe.rate, recipe.layer_decay)
    mask_id = tokenizer.token_to_id("[MASK]")
    losses, running = [], []
    for step, (done, batch) in enumerate(training_steps(texts, seen, recipe.epochs, recipe.batch_tokens, rng)):
        model.train()
        model.quantize(done >= recipe.quantized_from)
        ids, mask = texts.batch(batch)
        hidden = (torch.rand(ids.shape, device=DEVICE) < recipe.masked) & mask
        with mixed_precision(DEVICE):
            logits = model(ids.masked_fill(hidden, mask_id), mask)
        loss = functional.cross_entropy(logits, wanted[batch])
        optimizer.step(loss, done)
        average.update_parameters(model)
        running.append(loss.detach())
        if len(running) == 100:
            losses.append({"epoch": round(done * recipe.epochs, 3), "loss": round(float(torch.stack(running).mean()), 4)})
            running.clear()
    student = average.module
    student.quantize(True)
    unseen = [] if fold is None else tweets_by_fold(items, fold)[1]
    encode = lambda rows: TokenizedTexts(tokenizer, rows, texts.pad, DEVICE)  # noqa: E731
    result = {"losses": losses, "seconds": round(time.monotonic() - started), "recipe": asdict(recipe),
              "val": predict(student, encode([text for _, text in load_tweets(data / "val.tsv")])).half()}
    if fold is None:
        # Half precision: int8 is far coarser.
        result["weights"] = {name: value.half().cpu() for name, value in student.state_dict().items()}
        tokenizer.save(str(work / "tokenizer.json"))
    else:
        result["unseen"] = predict(student, encode([items[index].text for index in unseen])).half()
        result["labels"] = [items[index].label for index in unseen]
    torch.save(result, work / f"student-{'all' if fold is None else fold}.pt")
    print(json.dumps({"fold": fold, "seconds": result["seconds"], "loss": losses[-1:]}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder with what prepare.py and teach.py wrote")
    parser.add_argument("--fold", type=int, help="the fold that is held out; without one, the final model is trained")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="change the recipe, to measure it")
    options = parser.parse_args()
    changes = {key: type(getattr(Recipe, key))(value) for key, value in (item.split("=") for item in options.set)}
    distil(options.data, options.work, options.fold, Recipe(**changes))
