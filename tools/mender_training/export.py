"""The trained mender as one ONNX file."""

from __future__ import annotations

from pathlib import Path

import torch
from small_training.onnx_file import write_onnx
from torch import Tensor, nn

from ptx.models.mender_net import INPUTS, MenderNet
from ptx.surface.mending import SIZE


class _Shipped(nn.Module):
    """The fields that are laid over people; the layout serves training alone."""

    def __init__(self, net: MenderNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, shown: Tensor) -> tuple[Tensor, Tensor]:
        fields = self.net(shown)
        return fields.flow, torch.cat([fields.paint, fields.alpha], 1)


def export(net: MenderNet, path: Path) -> None:
    """Write the network as OpenCV reads it. The same weights give the same bytes."""
    write_onnx(_Shipped(net), {"shown": torch.zeros(1, INPUTS, *SIZE)}, ("flow", "fine"), path)
