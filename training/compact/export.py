"""Writes the student as fp32 ONNX and as dynamic int8, in the layout that transformers.js loads."""

import argparse
import json
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer

from calibration import Calibration
from encoder import Classifier, Shape
from graph import GraphBuilder
from sources import LABELS

#: The service reads no longer texts.
MAX_TOKENS = 512


def load_student(work: Path) -> Classifier:
    """The final student, with its calibration folded into the output layer."""
    weights = torch.load(work / "student-all.pt")["weights"]
    model = Classifier(Shape(vocabulary=len(weights["words.weight"]), feed_forward=len(weights["layers.0.up.bias"])))
    model.load_state_dict({name: value.float() for name, value in weights.items()})
    Calibration.load(work).fold_into(model.output)
    return model.eval()


def quantize(source: Path, target: Path) -> None:
    """Dynamic int8: embeddings with all eight bits, products with seven, channel by channel.

    Eight-bit weights could saturate the 16-bit sums of AVX2's kernels; seven bits cannot.
    """
    # The fused operators are not ONNX's own: shape inference does not know their types.
    options = {"weight_type": QuantType.QInt8, "extra_options": {"DefaultTensorType": onnx.TensorProto.FLOAT}}
    quantize_dynamic(str(source), str(target), op_types_to_quantize=["EmbedLayerNormalization"], **options)
    quantize_dynamic(
        str(target), str(target), op_types_to_quantize=["MatMul", "Attention"], reduce_range=True, per_channel=True, **options)


def export(work: Path, out: Path) -> None:
    """Write `work/onnx/model.onnx` (fp32, for comparison) and the finished model in `out`."""
    exact, target = work / "onnx" / "model.onnx", out / "onnx" / "model_quantized.onnx"
    for path in (exact, target):
        path.parent.mkdir(parents=True, exist_ok=True)
    model = load_student(work)
    onnx.save(GraphBuilder(model).build(), exact)
    quantize(exact, target)
    write_configs(model.shape, out)
    # Written without indentation: a third of the size.
    spec = json.loads(Tokenizer.from_file(str(work / "tokenizer.json")).to_str())
    (out / "tokenizer.json").write_text(json.dumps(spec, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def write_configs(shape: Shape, target: Path) -> None:
    config = {
        "architectures": ["BertForSequenceClassification"], "model_type": "bert", "hidden_act": "gelu",
        "hidden_size": shape.hidden, "intermediate_size": shape.feed_forward, "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads, "vocab_size": shape.vocabulary, "max_position_embeddings": shape.positions,
        "type_vocab_size": 1, "layer_norm_eps": shape.epsilon, "pad_token_id": 0, "position_embedding_type": "absolute",
        "id2label": {str(index): label for index, label in enumerate(LABELS)},
        "label2id": {label: index for index, label in enumerate(LABELS)}}
    (target / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    special = {"cls_token": "[CLS]", "mask_token": "[MASK]", "pad_token": "[PAD]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    tokenizer = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": MAX_TOKENS, **special}
    (target / "tokenizer_config.json").write_text(json.dumps(tokenizer, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder that distil.py and calibrate.py wrote to")
    parser.add_argument("--out", type=Path, required=True, help="folder of the finished model")
    options = parser.parse_args()
    export(options.work, options.out)
