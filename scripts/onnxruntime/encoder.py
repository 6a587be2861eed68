"""Writes the model as ONNX, in float32 and as onnxruntime quantises it.

usage: encoder.py MODEL.safetensors FLOAT32.onnx INT8.onnx

The graph is what onnxruntime's optimiser would make of an export: attention
and GELU are its own fused operators, and there is no mask, since one text at
a time needs none.
"""

import sys

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

LAYERS, HEADS, WIDTH = 6, 12, 384
MICROSOFT = "com.microsoft"  # onnxruntime's domain of operators


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, operator, *inputs, **attributes):
        name = f"{operator}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name


def encoder(weights):
    g = Graph()

    def constant(name):
        return g.constant(weights[name])

    def linear(x, name):
        product = g.node("MatMul", x, g.constant(weights[name + ".weight"].T))
        return g.node("Add", product, constant(name + ".bias"))

    def norm(x, name):
        return g.node("LayerNormalization", x, constant(name + ".weight"), constant(name + ".bias"), axis=-1, epsilon=1e-12)

    def attention(x, name):
        parts = [f"{name}.{part}" for part in ("query", "key", "value")]
        weight = g.constant(np.concatenate([weights[part + ".weight"].T for part in parts], axis=1))
        bias = g.constant(np.concatenate([weights[part + ".bias"] for part in parts]))
        return g.node("Attention", x, weight, bias, domain=MICROSOFT, num_heads=HEADS)

    positions = g.constant(weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0])
    zero = g.constant(np.array([0], np.int64))
    length = g.node("Shape", "ids", start=1, end=2)
    words = g.node("Gather", constant("embeddings.word_embeddings.weight"), "ids")
    x = norm(g.node("Add", words, g.node("Slice", positions, zero, length, zero)), "embeddings.LayerNorm")
    for i in range(LAYERS):
        layer = f"encoder.layer.{i}."
        seen = linear(attention(x, layer + "attention.self"), layer + "attention.output.dense")
        x = norm(g.node("Add", seen, x), layer + "attention.output.LayerNorm")
        hidden = g.node("Gelu", linear(x, layer + "intermediate.dense"), domain=MICROSOFT)
        x = norm(g.node("Add", linear(hidden, layer + "output.dense"), x), layer + "output.LayerNorm")
    g.node("Identity", x)
    g.nodes[-1].output[0] = "states"
    return helper.make_model(
        helper.make_graph(
            g.nodes,
            "encoder",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, ["texts", "tokens"])],
            [helper.make_tensor_value_info("states", TensorProto.FLOAT, ["texts", "tokens", WIDTH])],
            g.constants,
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)],
        ir_version=8,
    )


def main(source, single, quantised):
    model = encoder(load_file(source))
    checker.check_model(model)
    save(model, single)
    quantize_dynamic(single, quantised, weight_type=QuantType.QInt8, extra_options={"DefaultTensorType": TensorProto.FLOAT})


main(*sys.argv[1:])
