"""Writes the trained classifier as fp32 ONNX and as dynamic int8, in the layout that transformers.js loads."""

import argparse
import json
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model
from tokenizers import Tokenizer
from transformers import BertConfig

from data import LABELS, load, pad
from layer_norm import unfuse_skip_normalization
from model import Classifier
from smooth import smooth
from vocabulary import MAX_TOKENS

OPSET = 14

#: Modules that are smoothed, and how much of the difficulty moves into their weights: chosen on the validation split.
SMOOTHED = {"output": 0.85, "intermediate": 0.8}


def load_trained(work: Path) -> Classifier:
    config = BertConfig.from_pretrained(work, attn_implementation="eager")
    model = Classifier(config)
    model.load_state_dict(torch.load(work / "weights.pt"))
    return model.eval()


def export_fp32(model: Classifier, path: Path) -> None:
    """Batch and length are free. Attention, embeddings and GELU are fused into the runtime's own operators."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = torch.ones((2, 8), dtype=torch.int64)
    axes = {0: "batch", 1: "sequence"}
    torch.onnx.export(
        model, (ids, ids), str(path), opset_version=OPSET, input_names=["input_ids", "attention_mask"],
        output_names=["logits"], dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": {0: "batch"}}, dynamo=False)
    config = model.encoder.config
    fused = optimize_model(
        str(path), model_type="bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size, opt_level=0)
    # Attention and embeddings are found by the skip-normalizations around them.
    unfuse_skip_normalization(fused.model)
    fused.save_model_to_file(str(path))


def quantize(source: Path, target: Path) -> None:
    """Dynamic int8: embeddings with all eight bits, products with seven, channel by channel.

    Eight-bit weights could saturate the 16-bit sums of AVX2's kernels; seven bits cannot.
    """
    # The fused operators are not ONNX's own: shape inference cannot tell what type they return.
    options = {"weight_type": QuantType.QInt8, "extra_options": {"DefaultTensorType": onnx.TensorProto.FLOAT}}
    quantize_dynamic(str(source), str(target), op_types_to_quantize=["Gather", "EmbedLayerNormalization"], **options)
    quantize_dynamic(
        str(target), str(target), op_types_to_quantize=["MatMul", "Attention"], reduce_range=True, per_channel=True, **options)


def calibration(data: Path, tokenizer: Tokenizer, count: int = 1024, size: int = 32) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Batches of the first `count` training tweets, to measure activations on."""
    rows = sorted((tokenizer.encode(example.text).ids for example in load(data / "train.tsv")[:count]), key=len)
    return [pad(rows[start:start + size]) for start in range(0, len(rows), size)]


def export(data: Path, work: Path, out: Path) -> None:
    """Write `work/onnx/model.onnx` (fp32, for comparison) and the finished model in `out`."""
    exact, smoothed = work / "onnx" / "model.onnx", work / "onnx" / "smoothed.onnx"
    target = out / "onnx" / "model_quantized.onnx"
    target.parent.mkdir(parents=True, exist_ok=True)
    model = load_trained(work)
    export_fp32(model, exact)
    smooth(model, calibration(data, Tokenizer.from_file(str(work / "tokenizer.json"))), SMOOTHED)
    export_fp32(model, smoothed)
    quantize(smoothed, target)
    write_configs(work, out)


def write_configs(work: Path, target: Path) -> None:
    config = json.loads((work / "config.json").read_text())
    config.update(
        architectures=["BertForSequenceClassification"],
        id2label={str(index): label for index, label in enumerate(LABELS)},
        label2id={label: index for index, label in enumerate(LABELS)})
    for key in ("_name_or_path", "torch_dtype", "dtype"):
        config.pop(key, None)
    (target / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    special = {"cls_token": "[CLS]", "mask_token": "[MASK]", "pad_token": "[PAD]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    tokenizer = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": MAX_TOKENS, **special}
    (target / "tokenizer_config.json").write_text(json.dumps(tokenizer, indent=2, sort_keys=True) + "\n")
    # Written again without indentation: a third of the size.
    spec = json.loads(Tokenizer.from_file(str(work / "tokenizer.json")).to_str())
    (target / "tokenizer.json").write_text(json.dumps(spec, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder that train.py wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of the finished model")
    parser.add_argument("--data", type=Path, required=True, help="folder with train.tsv, to measure activations on")
    options = parser.parse_args()
    export(options.data, options.work, options.out)
