"""EfficientNet-Lite0 (Tan and Le, ICML 2019, without squeeze-and-excitation and with ReLU6), trained on ImageNet: features that pictures
are compared by.

The weights come with ptx (`ptx.models.shipped`); batch normalisation is folded into them. Features are equal to those of the file that they
are from, run by LiteRT, to a thousandth.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.models.shipped import EFFICIENTNET_LITE0, EFFICIENTNET_LITE0_SHA256
from ptx.models.weights import file_hash, fill, read_weights
from ptx.pipeline.errors import PtxError


class Stage(NamedTuple):
    """Blocks of one width."""

    blocks: int
    kernel: int
    stride: int
    """Of the first block; the others have 1."""
    expansion: int
    """Channels within a block, as a multiple of those that it is given."""
    channels: int
    """Channels out."""


STEM_CHANNELS = 32
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
"""EfficientNet-B0's (Tan and Le, table 1), whose depth and width Lite0 has."""

HEAD_CHANNELS = 1280

INPUT_MEAN = 127.0
INPUT_DEVIATION = 128.0
"""Pixels of 0..255 are shown to the network as (pixel - 127) / 128."""

EPSILON = 1e-6
"""Added to the length of a feature vector before it is divided by it."""

CONTENTS = "EfficientNet-Lite0's features as tools/build_perceptual.py writes them"
"""Description of the weights file, for messages."""


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's padding SAME: n px become ceil(n / stride), and an odd pixel of padding is right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (B, C, H, W)."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        down, right = (max(0, (-(-n // stride) - 1) * stride + kernel - n) for n in x.shape[-2:])
        if down == right and down % 2 == 0:
            return F.conv2d(x, self.weight, self.bias, stride, down // 2, groups=self.groups)
        x = F.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2))
        return F.conv2d(x, self.weight, self.bias, stride, groups=self.groups)


class Block(nn.Module):
    """An inverted residual block (Sandler et al., CVPR 2018): channels are expanded, filtered one by one, and projected."""

    def __init__(self, inputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        wide = inputs * stage.expansion
        self.residual = stride == 1 and inputs == stage.channels
        self.expand = SameConv(inputs, wide, 1) if stage.expansion > 1 else None
        self.depthwise = SameConv(wide, wide, stage.kernel, stride, groups=wide)
        self.project = SameConv(wide, stage.channels, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return what (B, C, H, W) becomes, and its expanded channels (B, 6C, H, W)."""
        wide = x if self.expand is None else F.relu6(self.expand(x))
        out = self.project(F.relu6(self.depthwise(wide)))
        return (x + out if self.residual else out), wide


class EfficientNetLite0(nn.Module):
    """The layers before the classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv(3, STEM_CHANNELS, 3, 2)
        rows = [(stage, 1 if number else stage.stride) for stage in STAGES for number in range(stage.blocks)]
        widths = [STEM_CHANNELS, *(stage.channels for stage, _ in rows)]
        self.strides = [stride for _, stride in rows]
        self.blocks = nn.ModuleList(Block(width, *row) for width, row in zip(widths[:-1], rows, strict=True))
        self.head = SameConv(widths[-1], HEAD_CHANNELS, 1)

    @classmethod
    def load(cls, path: Path = EFFICIENTNET_LITE0, sha256: str = EFFICIENTNET_LITE0_SHA256) -> EfficientNetLite0:
        """Read the weights that come with ptx, frozen.

        Raises:
            PtxError: the file is missing or damaged.
        """
        net = cls()
        fill(net, read_weights(path, CONTENTS), path, CONTENTS)
        if not sha256.startswith(file_hash(path)):
            raise PtxError(f"{path}: is not the file that came with ptx: install ptx again")
        return net

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features of pictures (B, 3, H, W) in -1..1 at five depths, the last of each size: (B, C, ceil(H / 2^i), ceil(W / 2^i)), i from 1.

        All are of 0..6: the channels that the first block of a new size expands before it halves them, and the head's.
        """
        shown = ((x + 1) * 127.5 - INPUT_MEAN) / INPUT_DEVIATION
        x = F.relu6(self.stem(shown.contiguous(memory_format=torch.channels_last)))  # twice as fast on a CPU
        features = []
        for block, stride in zip(self.blocks, self.strides, strict=True):
            x, wide = block(x)
            if stride > 1:
                features.append(wide)
        return [*features, F.relu6(self.head(x))]


def unit_features(features: Sequence[Tensor]) -> list[Tensor]:
    """Scale the feature vector of every place to length 1: each (B, C, h, w), in 32 bits."""
    wide = [one.float() for one in features]
    return [one / (one.norm(dim=1, keepdim=True) + EPSILON) for one in wide]


def feature_distance(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
    """Squared difference of unit features, mean over the places of each depth, then over the depths: (B,), 0 to 2.

    As LPIPS (Zhang et al., CVPR 2018) without its learned weights.
    """
    levels = [(x - y).square().sum(1).mean((1, 2)) for x, y in zip(a, b, strict=True)]
    return torch.stack(levels).mean(0)
