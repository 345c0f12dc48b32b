"""Converts a dynamically quantized ONNX classifier to OpenVINO with int8 weights: openvino_model.py MODEL.onnx OUTPUT.xml

OpenVINO runs dynamically quantized products (DynamicQuantizeLinear, MatMulInteger) five times slower than ONNX Runtime. So the
weights are dequantized to float, which restores an ordinary graph, and compressed to int8 again by NNCF, OpenVINO's own format.
"""

import sys
import tempfile

import nncf
import numpy as np
import onnx
import openvino
from onnx import numpy_helper


def to_float_products(model: onnx.ModelProto) -> None:
    """Replaces each quantized product with a MatMul of the dequantized weights."""
    graph = model.graph
    initializers = {item.name: item for item in graph.initializer}
    producers = {output: node for node in graph.node for output in node.output}
    consumers = {name: node for node in graph.node for name in node.input}
    removed, added = [], {}
    for product in [node for node in graph.node if node.op_type == "MatMulInteger"]:
        quantize = producers[product.input[0]]
        cast = consumers[product.output[0]]
        scaled = consumers[cast.output[0]]
        scales = producers[next(name for name in scaled.input if name != cast.output[0])]
        weight_scale = next(name for name in scales.input if name != quantize.output[1])
        weights, zero, scale = (
            numpy_helper.to_array(initializers[name]).astype(np.float32)
            for name in (product.input[1], product.input[3], weight_scale)
        )
        name = f"{product.input[1]}_float"
        graph.initializer.append(numpy_helper.from_array((weights - zero) * scale, name))
        # Nodes must stay in topological order: the new node takes the place of the last one that it replaces.
        added[id(scaled)] = onnx.helper.make_node("MatMul", [quantize.input[0], name], [scaled.output[0]])
        removed += [id(node) for node in (product, cast, scales, quantize)]
    nodes = [added.get(id(node), node) for node in graph.node if id(node) not in set(removed)]
    del graph.node[:]
    graph.node.extend(nodes)


def main() -> None:
    source, target = sys.argv[1:]
    model = onnx.load(source)
    to_float_products(model)
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        onnx.save(model, file.name)
        converted = openvino.convert_model(file.name)
    openvino.save_model(nncf.compress_weights(converted, mode=nncf.CompressWeightsMode.INT8_ASYM), target, compress_to_fp16=False)


main()
