"""Runs an ONNX file as the service does: one text a run, on one thread."""

from pathlib import Path

import numpy
import onnxruntime
from tokenizers import Tokenizer

from preprocess import preprocess


class Model:
    """An ONNX file with its tokenizer, on one thread."""

    def __init__(self, onnx: Path, tokenizer: Path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(onnx), options, providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(tokenizer))

    def logits(self, text: str) -> numpy.ndarray:
        ids = numpy.asarray([self.tokenizer.encode(preprocess(text)).ids], dtype=numpy.int64)
        return self.session.run(["logits"], {"input_ids": ids, "attention_mask": numpy.ones_like(ids)})[0][0]

    def labels(self, texts: list[str]) -> list[int]:
        return [int(self.logits(text).argmax()) for text in texts]
