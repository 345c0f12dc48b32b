"""Distils the teachers into a student: one of those whose average is the final model, or one without a fold's topics, to measure it on them."""

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

#: Seed of the output layer. Students that are averaged must start from the same weights.
INITIAL_SEED = 7
#: How much of the target is the text's own label; the rest is the teachers' answer.
LABEL_SHARE = {"tweet": 0.3, "emoji": 0.5, "made": 0.8}


@dataclass(frozen=True)
class Recipe:
    feed_forward: int = 768
    vocabulary: int = 15_000
    epochs: int = 4
    batch_tokens: int = 16_384
    rate: float = 4e-4
    layer_decay: float = 0.95
    #: Share of the training after which values are rounded to int8.
    quantized_from: float = 0.6
    #: Share of the tokens that are masked in each step.
    masked: float = 0.05
    average_decay: float = 0.999
    #: Share of the varied and joined texts that each epoch sees, another one each time.
    variants: float = 1.0
    #: Whether a tweet's target is the mean of all teachers, as with other texts, or that of the one that has not seen it.
    every_teacher: bool = False
    #: Of the order of the texts, the masks and the dropout.
    seed: int = 7


def teacher_probabilities(work: Path, items: list[Text], fold: int | None, every_teacher: bool) -> torch.Tensor:
    """Of the teacher without `fold`; or without a fold, of the teacher that has not seen the tweet, else the teachers' mean."""
    if fold is not None:
        return _probabilities(work, fold)
    each = torch.stack([_probabilities(work, teacher) for teacher in range(FOLDS)])
    mean = each.mean(dim=0)
    if every_teacher:
        return mean
    return torch.stack([mean[index] if item.fold is None else each[item.fold, index] for index, item in enumerate(items)])


def _probabilities(work: Path, teacher: int) -> torch.Tensor:
    return torch.load(work / f"teacher-{teacher}.pt")["logits"].float().softmax(dim=1)


def targets(items: list[Text], teachers: torch.Tensor) -> torch.Tensor:
    """The label distribution that the student shall give each text."""
    share = torch.tensor([LABEL_SHARE.get(item.kind, 0.0) for item in items])[:, None]
    labels = functional.one_hot(torch.tensor([item.label or 0 for item in items]), 3)
    return (1 - share) * teachers + share * labels


def choose_texts(items: list[Text], fold: int | None, variants: float, rng: random.Random) -> list[int]:
    """The texts of an epoch: those outside of the fold, with a share of the varied and joined ones."""
    seen = [index for index, item in enumerate(items) if fold is None or item.fold != fold]
    return [index for index in seen if items[index].kind not in ("varied", "joined") or rng.random() < variants]


def distil(data: Path, work: Path, name: str, fold: int | None, recipe: Recipe) -> None:
    rng = random.Random(recipe.seed)
    started = time.monotonic()
    base = work / "all-MiniLM-L6-v2"
    items = load_texts(work)
    tokenizer, embeddings = vocabulary.build(
        base, word_embeddings(base), [item.text for item in items if item.kind in ("tweet", "unlabelled", "made")], recipe.vocabulary)
    texts = TokenizedTexts(tokenizer, [item.text for item in items], tokenizer.token_to_id("[PAD]"), DEVICE)
    wanted = targets(items, teacher_probabilities(work, items, fold, recipe.every_teacher)).to(DEVICE)
    torch.manual_seed(INITIAL_SEED)
    model = load_student(base, embeddings, recipe.feed_forward).to(DEVICE)
    torch.manual_seed(recipe.seed)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(recipe.average_decay))
    optimizer = Optimizer(model, recipe.rate, recipe.layer_decay)
    mask_id = tokenizer.token_to_id("[MASK]")
    losses, running = [], []
    for step, (done, batch) in enumerate(training_steps(texts, lambda: choose_texts(items, fold, recipe.variants, rng), recipe.epochs, recipe.batch_tokens, rng)):
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
    torch.save(result, work / f"student-{name}.pt")
    print(json.dumps({"student": name, "seconds": result["seconds"], "loss": losses[-1:]}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder with what prepare.py and teach.py wrote")
    parser.add_argument("--name", required=True, help="of the result, student-NAME.pt")
    parser.add_argument("--fold", type=int, help="the fold that is held out; without one, the student learns from all texts")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="change the recipe, to measure it")
    options = parser.parse_args()
    changes = {key: type(getattr(Recipe, key))(value) for key, value in (item.split("=") for item in options.set)}
    distil(options.data, options.work, options.name, options.fold, Recipe(**changes))
