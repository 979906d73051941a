"""Networks that users bring: one input of a fixed or free size, everything else is told in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from ptx.models.onnx_network import OnnxNetwork
from ptx.pipeline.errors import PtxError


def write_mean(path: Path, shape: list[int | str]) -> Path:
    """A network that gives the mean of each channel."""
    graph = helper.make_graph(
        [helper.make_node("GlobalAveragePool", ["image"], ["mean"])],
        "mean",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("mean", TensorProto.FLOAT, [1, 3, 1, 1])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_pictures_in_scores_out(tmp_path: Path) -> None:
    network = OnnxNetwork(write_mean(tmp_path / "mean.onnx", [1, 3, 16, 8]), "parse.path")
    x = np.random.default_rng(0).random((1, 3, 16, 8)).astype(np.float32)
    assert np.allclose(network(x)[0, :, 0, 0], x.mean((2, 3)))
    assert network.size(100, 200) == (16, 8)
    free = OnnxNetwork(write_mean(tmp_path / "free.onnx", [1, 3, "h", "w"]), "parse.path")
    assert free.size(100, 200) == (100, 200)


def test_other_files_are_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match=r"parse.path: .*flat.onnx has not one input \(1, 3, h, w\)"):
        OnnxNetwork(write_mean(tmp_path / "flat.onnx", [1, 3, 16]), "parse.path")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(PtxError, match=r"parse.path: .*text.onnx cannot be read as a network"):
        OnnxNetwork(tmp_path / "text.onnx", "parse.path")
