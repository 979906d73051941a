"""A trained network as one ONNX file, its weights of 16 bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

OPSET = 17

HALF_FROM = 200
"""Numbers of a tensor from which it is rounded to 16 bits."""


def write_onnx(net: nn.Module, inputs: Mapping[str, Tensor], outputs: Sequence[str], path: Path) -> None:
    """Write a network as ONNX, with inputs of these names and shapes, large weights in 16 bits. The same weights give the same bytes."""
    file = BytesIO()
    torch.onnx.export(
        net.eval(),
        tuple(inputs.values()),
        file,
        input_names=list(inputs),
        output_names=list(outputs),
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load_model_from_string(file.getvalue())
    _halve(model.graph)
    model.producer_version = ""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _halve(graph: onnx.GraphProto) -> None:
    """Round large weights to 16 bits, and cast them back where they are used."""
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < HALF_FROM:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
