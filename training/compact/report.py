"""Writes the log and its picture beside the finished model, and its card with figures and hashes."""

import argparse
import hashlib
import json
from pathlib import Path

import matplotlib
import torch

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "onnx/model_quantized.onnx")


def draw(log: dict, path: Path) -> None:
    """The training loss of the students that are averaged, and the recall of teachers and students on the topics that they have not seen."""
    pyplot.rcParams["svg.hashsalt"] = "compact"
    figure, (loss, recall) = pyplot.subplots(1, 2, figsize=(8, 3.2))
    for student, style in zip(log["students"], ("-", "--", "-.")):
        count = student["recipe"]["epochs"]
        points = student["losses"]
        loss.plot([p["epoch"] / count for p in points], [p["loss"] for p in points], style, color="#0a6", label=name_epochs(count))
    loss.axvline(log["students"][0]["recipe"]["quantized_from"], color="#888", linestyle=":", label="int8 rounding from here")
    loss.set(xlabel="share of the training", ylabel="training loss", ylim=(None, 0.8))
    loss.legend()
    folds = log["folds"]["folds"]
    recall.plot([f["fold"] for f in folds], [f["teacher"] for f in folds], "s", color="#888", label="teacher")
    recall.plot([f["fold"] for f in folds], [f["macro_recall"] for f in folds], "o", color="#0a6", label="student")
    recall.set(xlabel="held-out fold", ylabel="macro recall")
    recall.set_xticks([f["fold"] for f in folds])
    recall.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def recall_cells(figures: dict) -> str:
    low, high = figures["interval"]
    by_label = " / ".join(f"{value:.3f}" for value in figures["recall"])
    return f"{figures['macro_recall']:.4f} ({low:.4f} to {high:.4f}) | {by_label} | {figures['accuracy']:.4f}"


def figures_table(evaluation: dict) -> str:
    int8 = evaluation["int8"]
    return "\n".join((
        "| weights | macro recall (95 % interval) | recall negative / neutral / positive | accuracy |",
        "| --- | --- | --- | --- |",
        f"| int8 | {recall_cells(int8)} |", f"| fp32 | {recall_cells(evaluation['fp32'])} |", "",
        f"The int8 and fp32 labels agree on {100 * evaluation['agreement']:.2f} % of the tweets. Calibration of int8: expected calibration error "
        f"{int8['ece']:.4f} (15 bins), Brier score {int8['brier']:.4f}, negative log likelihood {int8['nll']:.4f}."))


def students_table(log: dict) -> str:
    """The students and their average, before the prior correction."""
    rows = [f"| {index}: {name_epochs(item['recipe']['epochs'])} | {item['figures']['accuracy']:.4f} | {item['figures']['nll']:.4f} |" for index, item in enumerate(log["students"], 1)]
    return "\n".join((
        "| student | accuracy | negative log likelihood |", "| --- | --- | --- |", *rows,
        f"| **average of the weights** | {log['average']['accuracy']:.4f} | {log['average']['nll']:.4f} |"))


def name_epochs(count: int) -> str:
    return f"{count} epoch{'' if count == 1 else 's'}"


def folds_table(report: dict) -> str:
    rows = [f"| {f['fold']} | {f['teacher']:.4f} | {recall_cells(f)} | {f['ece']:.4f} |" for f in report["folds"]]
    mean = sum(f["macro_recall"] for f in report["folds"]) / len(rows)
    error = sum(f["ece"] for f in report["folds"]) / len(rows)
    by_strength = ", ".join(f"{strength}: {value:.4f}" for strength, value in report["recall_by_strength"].items())
    return "\n".join((
        "| fold | teacher | student (95 % interval) | recall negative / neutral / positive | accuracy | calibration error |",
        "| --- | --- | --- | --- | --- | --- |", *rows, f"| mean | | {mean:.4f} | | | {error:.4f} |", "",
        f"Macro recall by strength of the prior correction: {by_strength}. Chosen: {report['strength']}."))


def sanity_table(evaluation: dict) -> str:
    rows = [f"| {text} | {label} |" for text, label in evaluation["sanity"].items()]
    return "\n".join(("| text | label |", "| --- | --- |", *rows))


def hash_table(model: Path) -> str:
    rows = [f"| `{name}` | {(model / name).stat().st_size:,} | `{hashlib.sha256((model / name).read_bytes()).hexdigest()}` |" for name in FILES]
    return "\n".join(("| file | bytes | sha256 |", "| --- | --- | --- |", *rows))


def write_card(log: dict, out: Path) -> None:
    card = (Path(__file__).parent / "MODEL_CARD.template.md").read_text(encoding="utf-8")
    parts = {"figures": figures_table(log["evaluation"]), "students": students_table(log), "folds": folds_table(log["folds"]), "sanity": sanity_table(log["evaluation"]), "files": hash_table(out)}
    for name, content in parts.items():
        card = card.replace(f"<!-- {name} -->", content)
    (out / "MODEL_CARD.md").write_text(card, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    student = torch.load(options.work / "student-all.pt")
    log = {
        "students": student["students"], "average": student["figures"],
        "folds": json.loads((options.work / "folds.json").read_text()), "evaluation": json.loads((options.work / "evaluation.json").read_text())}
    (options.out / "training-log.json").write_text(json.dumps(log, ensure_ascii=False, separators=(",", ":")) + "\n")
    draw(log, options.out / "training-curves.svg")
    write_card(log, options.out)
