"""The trained parser as one ONNX file."""

from __future__ import annotations

from pathlib import Path

import torch
from small_training.onnx_file import write_onnx

from ptx.detector.parsing import HEIGHT, WIDTH
from ptx.models.parser_net import BODY_CHANNELS, ParserNet


def export(net: ParserNet, path: Path) -> None:
    """Write the network as OpenCV reads it. The same weights give the same bytes."""
    picture, body = torch.zeros(1, 3, HEIGHT, WIDTH), torch.zeros(1, BODY_CHANNELS, HEIGHT // 2, WIDTH // 2)
    write_onnx(net, {"picture": picture, "body": body}, ("scores",), path)
