"""The pretrained encoders: all-mpnet-base-v2 for teachers, all-MiniLM-L6-v2 for the student."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from encoder import Classifier, Shape

#: Of MiniLM's six layers, those that the student starts from.
STUDENT_LAYERS = (0, 1, 3, 5)

#: Names of a layer's parts in the files, by ours. The last dot-separated word (weight, bias) is the same.
BERT = {"attended": "attention.output.dense", "attention_norm": "attention.output.LayerNorm", "up": "intermediate.dense", "down": "output.dense",
        "output_norm": "output.LayerNorm", "qkv": ("attention.self.query", "attention.self.key", "attention.self.value")}
MPNET = {**BERT, "attended": "attention.attn.o", "attention_norm": "attention.LayerNorm", "qkv": ("attention.attn.q", "attention.attn.k", "attention.attn.v")}


def load_teacher(folder: Path) -> Classifier:
    """A classifier on MPNet's encoder; its output layer is new."""
    weights = load_file(folder / "model.safetensors")
    shape = Shape(
        vocabulary=len(weights["embeddings.word_embeddings.weight"]), layers=12, hidden=768, feed_forward=3072,
        positions=514, first_position=2, relative_buckets=32, epsilon=1e-5, pooling="mean")
    model = Classifier(shape)
    state = _encoder_state(weights, MPNET, range(shape.layers))
    state["relative.weight"] = weights["encoder.relative_attention_bias.weight"]
    model.load_state_dict(state | _head_state(model))
    return model


def load_student(folder: Path, embeddings: torch.Tensor, feed_forward: int) -> Classifier:
    """A classifier on some of MiniLM's layers, with the strongest `feed_forward` neurons of each, and `embeddings` as token rows."""
    weights = load_file(folder / "model.safetensors")
    state = _encoder_state(weights, BERT, STUDENT_LAYERS)
    # Every text is of token type 0.
    state["positions.weight"] = state["positions.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    state["words.weight"] = embeddings
    for index in range(len(STUDENT_LAYERS)):
        _prune(state, f"layers.{index}.", feed_forward)
    model = Classifier(Shape(vocabulary=len(embeddings), layers=len(STUDENT_LAYERS), feed_forward=feed_forward))
    model.load_state_dict(state | _head_state(model))
    return model


def word_embeddings(folder: Path) -> torch.Tensor:
    return load_file(folder / "model.safetensors")["embeddings.word_embeddings.weight"]


def _encoder_state(weights: dict[str, torch.Tensor], names: dict, layers: range | tuple[int, ...]) -> dict[str, torch.Tensor]:
    state = {
        "words.weight": weights["embeddings.word_embeddings.weight"],
        "positions.weight": weights["embeddings.position_embeddings.weight"],
        "norm.weight": weights["embeddings.LayerNorm.weight"],
        "norm.bias": weights["embeddings.LayerNorm.bias"]}
    for index, layer in enumerate(layers):
        for ours, theirs in names.items():
            for kind in ("weight", "bias"):
                parts = theirs if isinstance(theirs, tuple) else (theirs,)
                state[f"layers.{index}.{ours}.{kind}"] = torch.cat([weights[f"encoder.layer.{layer}.{part}.{kind}"] for part in parts])
    return state


def _head_state(model: Classifier) -> dict[str, torch.Tensor]:
    torch.nn.init.normal_(model.output.weight, std=0.02)
    torch.nn.init.zeros_(model.output.bias)
    return {f"output.{name}": value for name, value in model.output.state_dict().items()}


def _prune(state: dict[str, torch.Tensor], layer: str, count: int) -> None:
    """Keep the `count` feed-forward neurons whose input and output weights are largest."""
    up, down = state[f"{layer}up.weight"], state[f"{layer}down.weight"]
    kept = (up.norm(dim=1) * down.norm(dim=0)).topk(count).indices.sort().values
    state[f"{layer}up.weight"], state[f"{layer}up.bias"] = up[kept], state[f"{layer}up.bias"][kept]
    state[f"{layer}down.weight"] = down[:, kept]
