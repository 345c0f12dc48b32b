"""The student as an ONNX graph of ONNX Runtime's fused operators (com.microsoft)."""

import numpy
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from encoder import Classifier

CONTRIB = "com.microsoft"
OPSET = 17


class GraphBuilder:
    """Collects nodes and weights; each method adds nodes and returns the name of their result."""

    def __init__(self, model: Classifier):
        self._model, self._weights = model, model.state_dict()
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []

    def build(self) -> onnx.ModelProto:
        """Inputs `input_ids` and `attention_mask` of any batch and length; output `logits`."""
        shape = self._model.shape
        self._initializers.append(numpy_helper.from_array(numpy.asarray(0), "first"))
        ids = self._node("Cast", ["input_ids"], "ids", to=TensorProto.INT32)
        mask = self._node("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
        tables = [self._weight("words.weight"), self._weight("positions.weight"), "", *self._norm("norm")]
        # Its second output is what the attention takes as the mask: each text's number of tokens.
        hidden = self._node("EmbedLayerNormalization", [ids, "", *tables, mask], "embedded", "counts", domain=CONTRIB, epsilon=shape.epsilon)
        for index in range(shape.layers):
            hidden = self._layer(hidden, index, first_only=index == shape.layers - 1)
        self._linear(hidden, "output", "logits")
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in ("input_ids", "attention_mask")]
        outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3])]
        graph = helper.make_graph(self._nodes, "compact", inputs, outputs, self._initializers)
        imports = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=imports, ir_version=8, producer_name="compact")

    def _layer(self, hidden: str, index: int, first_only: bool) -> str:
        name = f"layers.{index}"
        heads = self._model.shape.heads
        weights = [self._weight(f"{name}.qkv.weight", transpose=True), self._weight(f"{name}.qkv.bias")]
        mixed = self._node("Attention", [hidden, *weights, "counts"], f"{name}.mixed", domain=CONTRIB, num_heads=heads)
        if first_only:
            mixed = self._node("Gather", [mixed, "first"], f"{name}.mixed.first", axis=1)
            hidden = self._node("Gather", [hidden, "first"], f"{name}.first", axis=1)
        hidden = self._add_and_normalize(self._linear(mixed, f"{name}.attended"), hidden, f"{name}.attention_norm")
        up = self._node("MatMul", [hidden, self._weight(f"{name}.up.weight", transpose=True)], f"{name}.up.product")
        activated = self._node("BiasGelu", [up, self._weight(f"{name}.up.bias")], f"{name}.activated", domain=CONTRIB)
        return self._add_and_normalize(self._linear(activated, f"{name}.down"), hidden, f"{name}.output_norm")

    def _linear(self, values: str, name: str, result: str | None = None) -> str:
        product = self._node("MatMul", [values, self._weight(f"{name}.weight", transpose=True)], f"{name}.product")
        # The runtime folds a bias that comes right after a quantized product into it.
        return self._node("Add", [product, self._weight(f"{name}.bias")], result or f"{name}.biased")

    def _add_and_normalize(self, left: str, right: str, name: str) -> str:
        """Not the fused SkipLayerNormalization, whose kernel takes longer (`npm run bench:session-options`)."""
        total = self._node("Add", [left, right], f"{name}.sum")
        return self._node("LayerNormalization", [total, *self._norm(name)], f"{name}.normalized", axis=-1, epsilon=self._model.shape.epsilon)

    def _norm(self, name: str) -> list[str]:
        return [self._weight(f"{name}.weight"), self._weight(f"{name}.bias")]

    def _weight(self, name: str, transpose: bool = False) -> str:
        value: torch.Tensor = self._weights[name].float()
        self._initializers.append(numpy_helper.from_array((value.T if transpose else value).contiguous().numpy(), name))
        return name

    def _node(self, operator: str, inputs: list[str], *outputs: str, domain: str = "", **attributes: object) -> str:
        self._nodes.append(helper.make_node(operator, inputs, outputs, f"{outputs[0]}.node", domain=domain, **attributes))
        return outputs[0]
