"""Writes the log and its picture beside the finished model, and fills the figures and hashes of its card."""

import argparse
import hashlib
import json
import re
import shutil
from pathlib import Path

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "onnx/model_quantized.onnx")


def draw(log: dict, path: Path) -> None:
    """The training loss, and the validation recall after each epoch."""
    pyplot.rcParams["svg.hashsalt"] = "compact"
    figure, loss = pyplot.subplots(figsize=(7, 3.5))
    loss.plot([p["epoch"] for p in log["losses"]], [p["loss"] for p in log["losses"]], color="#888", label="training loss")
    loss.set(xlabel="epoch", ylabel="loss")
    recall = loss.twinx()
    recall.plot([p["epoch"] for p in log["epochs"]], [p["macro_recall"] for p in log["epochs"]], "o-", color="#0a6", label="macro recall (val)")
    recall.set_ylabel("macro recall")
    figure.legend(loc="upper right", bbox_to_anchor=(0.88, 0.88))
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def figures_table(e: dict) -> str:
    def row(name: str, key: str) -> str:
        v = e[key]
        low, high = v["interval"]
        recall = " / ".join(f"{value:.3f}" for value in v["recall"])
        return f"| {name} | {v['macro_recall']:.4f} ({low:.4f} to {high:.4f}) | {recall} | {v['accuracy']:.4f} |"

    return "\n".join((
        "| weights | macro recall (95 % interval) | recall negative / neutral / positive | accuracy |",
        "| --- | --- | --- | --- |",
        row("int8", "int8"), row("fp32", "fp32"), "",
        f"Labels of int8 and fp32 agree on {100 * e['agreement']:.2f} %. {e['texts_per_second']} texts/s one at a time on one thread "
        f"({e['machine']}; commit {e['commit']})."))


def hash_table(model: Path) -> str:
    rows = [f"| `{name}` | {(model / name).stat().st_size:,} | `{hashlib.sha256((model / name).read_bytes()).hexdigest()}` |" for name in FILES]
    return "\n".join(("| file | bytes | sha256 |", "| --- | --- | --- |", *rows))


def fill(card: Path, name: str, content: str) -> None:
    """Replace what stands between the card's `name` markers."""
    text = card.read_text(encoding="utf-8")
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n?<!-- /{name} -->)", re.DOTALL)
    card.write_text(pattern.sub(lambda m: m[1] + content + "\n" + m[2].lstrip(), text), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    log = json.loads((options.work / "training-log.json").read_text())
    log["evaluation"] = json.loads((options.work / "evaluation.json").read_text())
    (options.out / "training-log.json").write_text(json.dumps(log, ensure_ascii=False, separators=(",", ":")) + "\n")
    draw(log, options.out / "training-curves.svg")
    card = options.out / "MODEL_CARD.md"
    if not card.exists():
        shutil.copy(Path(__file__).parent / "MODEL_CARD.template.md", card)
    fill(card, "figures", figures_table(log["evaluation"]))
    fill(card, "files", hash_table(options.out))
