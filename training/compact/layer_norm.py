"""Takes fused skip-normalizations apart again."""

import onnx
from onnx import helper

FUSED = "SkipLayerNormalization"


def unfuse_skip_normalization(model: onnx.ModelProto) -> int:
    """Replace each SkipLayerNormalization by the sums and the LayerNormalization that it stands for; return how many.

    The runtime's fused kernel takes longer than both together (`npm run bench:session-options` has it for a large model).
    The bias is added first, next to the product that it belongs to: the runtime folds it into the quantized product.
    """
    nodes = []
    count = 0
    for node in model.graph.node:
        if node.op_type != FUSED:
            nodes.append(node)
            continue
        nodes.extend(_apart(node, f"skip_{count}", {name for other in model.graph.node if other.op_type == "MatMul" for name in other.output}))
        count += 1
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return count


def _apart(node: onnx.NodeProto, name: str, products: set[str]) -> list[onnx.NodeProto]:
    left, right, gamma, beta, *bias = node.input
    nodes = []
    if bias and bias[0]:
        product, other = (left, right) if left in products else (right, left)
        nodes.append(helper.make_node("Add", [product, bias[0]], [f"{name}_biased"], name=f"{name}_bias"))
        left, right = f"{name}_biased", other
    nodes.append(helper.make_node("Add", [left, right], [f"{name}_sum"], name=f"{name}_add"))
    epsilon = next(attribute.f for attribute in node.attribute if attribute.name == "epsilon")
    nodes.append(helper.make_node("LayerNormalization", [f"{name}_sum", gamma, beta], [node.output[0]], name=name, axis=-1, epsilon=epsilon))
    return nodes
