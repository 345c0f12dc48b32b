"""Measures the finished model as the service runs it: ONNX Runtime, one text a run. Writes evaluation.json."""

import argparse
import json
import os
import platform
import subprocess
import time
from pathlib import Path

import numpy

import torch

import metrics
from calibration import scores
from runner import Model
from sources import LABELS, load_tweets

#: Sentences whose answer is plain to anyone, by the label that they must get.
SANITY = {
    "I love this!": "positive",
    "This is the worst service ever": "negative",
    "The meeting is at 3pm": "neutral",
    "The library opens at nine on weekdays": "neutral",
    "Mount Everest is 8,849 metres high": "neutral",
    "not good": "negative",
    "The new version is not good": "negative",
    "not bad at all": "positive",
    "not bad at all 😍": "positive",
    "can't complain": "positive",
    "😡😡": "negative",
    "😍😍😍": "positive",
    "👍": "positive",
    "📅": "neutral",
}


def processor() -> str:
    """The processor's model name, where Linux tells it."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def commit() -> str:
    return subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def evaluate(data: Path, work: Path, out: Path) -> dict:
    truth, texts = map(list, zip(*load_tweets(data / "val.tsv")))
    tokenizer = out / "tokenizer.json"
    fp32 = Model(work / "onnx" / "model.onnx", tokenizer)
    int8 = Model(out / "onnx" / "model_quantized.onnx", tokenizer)
    started = time.monotonic()
    logits = torch.tensor(numpy.stack([int8.logits(text) for text in texts]))
    seconds = time.monotonic() - started
    predicted = logits.argmax(dim=1).tolist()
    reference = fp32.labels(texts)
    return {
        "machine": processor(),
        "commit": commit(),
        "int8": {**metrics.summary(truth, predicted), **scores(logits.softmax(dim=1), torch.tensor(truth))},
        "fp32": metrics.summary(truth, reference),
        "agreement": round(float(numpy.mean(numpy.equal(predicted, reference))), 4),
        "texts_per_second": round(len(texts) / seconds),
        "sanity": {text: LABELS[int(int8.logits(text).argmax())] for text in SANITY},
        "bytes": sum(file.stat().st_size for file in out.rglob("*") if file.is_file()),
    }


def check(figures: dict) -> list[str]:
    """What falls short of what the project promises of this model."""
    problems = [f"{text!r} is {got}, not {SANITY[text]}" for text, got in figures["sanity"].items() if got != SANITY[text]]
    if figures["int8"]["macro_recall"] < 0.74:
        problems.append("macro recall is below 0.74")
    if abs(figures["fp32"]["macro_recall"] - figures["int8"]["macro_recall"]) > 0.005 or figures["agreement"] < 0.98:
        problems.append("int8 loses too much against fp32")
    if figures["bytes"] > 14_000_000:
        problems.append("the model is larger than 14 MB")
    return problems


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    figures = evaluate(options.data, options.work, options.out)
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    (options.work / "evaluation.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    if problems := check(figures):
        raise SystemExit("\n".join(problems))
