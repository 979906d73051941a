"""torchvision's Inception-v3, by whose features and classes FID and the inception score are computed, from weights that the user names."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.models.weights import fill, read_weights

WEIGHTS = "Inception-v3's ImageNet weights under torchvision's names (Conv2d_1a_3x3.conv.weight ...)"

INPUT_SIZE = (299, 299)
"""Height, width in px to which pictures are resized."""

FEATURES = 2048
"""Channels of the features that FID compares."""

CLASSES = 1000
"""Classes of ImageNet."""

Kernel = int | tuple[int, int]
"""Side, or height and width, of a kernel in px."""


class Layer(NamedTuple):
    """A convolution within a mixed block."""

    name: str
    outputs: int
    """Channels out."""
    kernel: Kernel
    stride: int = 1


Split = tuple[Layer, ...]
"""Layers that read the same input, whose outputs are concatenated; mostly one."""

Branch = tuple[Split, ...]
"""Splits one after the other."""


class MixedSpec(NamedTuple):
    """The layers of a mixed block."""

    branches: tuple[Branch, ...]
    pool: int | None
    """Channels after average pooling (a layer `branch_pool`); None is a bare maximum with stride 2."""


class ConvSpec(NamedTuple):
    """A layer before the mixed blocks."""

    name: str
    inputs: int
    outputs: int
    kernel: int
    stride: int
    same: bool
    """Padded to keep the size."""


class Conv(nn.Module):
    """Convolution, batch normalisation, ReLU; padded to keep the size where the stride is 1 and `same`."""

    def __init__(self, inputs: int, outputs: int, kernel: Kernel, stride: int = 1, same: bool = True) -> None:
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (height // 2, width // 2) if same and stride == 1 else (0, 0)
        self.conv = nn.Conv2d(inputs, outputs, (height, width), stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, outputs, H', W')."""
        return torch.relu(self.bn(self.conv(x)))


class Mixed(nn.ModuleDict):
    """Branches side by side (Szegedy et al., CVPR 2016)."""

    def __init__(self, inputs: int, spec: MixedSpec) -> None:
        super().__init__()
        self.branches = spec.branches
        for branch in spec.branches:
            channels = inputs
            for split in branch:
                for layer in split:
                    self[layer.name] = Conv(channels, layer.outputs, layer.kernel, layer.stride)
                channels = split[0].outputs
        if spec.pool is not None:
            self["branch_pool"] = Conv(inputs, spec.pool, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → the branches' channels, one after the other."""
        out = []
        for branch in self.branches:
            y = x
            for split in branch:
                y = torch.cat([self[layer.name](y) for layer in split], dim=1)
            out.append(y)
        if "branch_pool" in self:
            out.append(self["branch_pool"](F.avg_pool2d(x, 3, 1, 1)))
        else:
            out.append(F.max_pool2d(x, 3, 2))
        return torch.cat(out, dim=1)


def _chain(*layers: Layer) -> Branch:
    """A branch of single layers."""
    return tuple((layer,) for layer in layers)


def _block_a(pool: int) -> MixedSpec:
    return MixedSpec(
        (
            _chain(Layer("branch1x1", 64, 1)),
            _chain(Layer("branch5x5_1", 48, 1), Layer("branch5x5_2", 64, 5)),
            _chain(Layer("branch3x3dbl_1", 64, 1), Layer("branch3x3dbl_2", 96, 3), Layer("branch3x3dbl_3", 96, 3)),
        ),
        pool,
    )


def _block_c(channels: int) -> MixedSpec:
    return MixedSpec(
        (
            _chain(Layer("branch1x1", 192, 1)),
            _chain(
                Layer("branch7x7_1", channels, 1),
                Layer("branch7x7_2", channels, (1, 7)),
                Layer("branch7x7_3", 192, (7, 1)),
            ),
            _chain(
                Layer("branch7x7dbl_1", channels, 1),
                Layer("branch7x7dbl_2", channels, (7, 1)),
                Layer("branch7x7dbl_3", channels, (1, 7)),
                Layer("branch7x7dbl_4", channels, (7, 1)),
                Layer("branch7x7dbl_5", 192, (1, 7)),
            ),
        ),
        192,
    )


_BLOCK_B = MixedSpec(
    (
        _chain(Layer("branch3x3", 384, 3, 2)),
        _chain(Layer("branch3x3dbl_1", 64, 1), Layer("branch3x3dbl_2", 96, 3), Layer("branch3x3dbl_3", 96, 3, 2)),
    ),
    None,
)
_BLOCK_D = MixedSpec(
    (
        _chain(Layer("branch3x3_1", 192, 1), Layer("branch3x3_2", 320, 3, 2)),
        _chain(
            Layer("branch7x7x3_1", 192, 1),
            Layer("branch7x7x3_2", 192, (1, 7)),
            Layer("branch7x7x3_3", 192, (7, 1)),
            Layer("branch7x7x3_4", 192, 3, 2),
        ),
    ),
    None,
)
_BLOCK_E = MixedSpec(
    (
        _chain(Layer("branch1x1", 320, 1)),
        (
            (Layer("branch3x3_1", 384, 1),),
            (Layer("branch3x3_2a", 384, (1, 3)), Layer("branch3x3_2b", 384, (3, 1))),
        ),
        (
            (Layer("branch3x3dbl_1", 448, 1),),
            (Layer("branch3x3dbl_2", 384, 3),),
            (Layer("branch3x3dbl_3a", 384, (1, 3)), Layer("branch3x3dbl_3b", 384, (3, 1))),
        ),
    ),
    192,
)

MIXED = {
    "5b": (192, _block_a(32)),
    "5c": (256, _block_a(64)),
    "5d": (288, _block_a(64)),
    "6a": (288, _BLOCK_B),
    "6b": (768, _block_c(128)),
    "6c": (768, _block_c(160)),
    "6d": (768, _block_c(160)),
    "6e": (768, _block_c(192)),
    "7a": (768, _BLOCK_D),
    "7b": (1280, _BLOCK_E),
    "7c": (FEATURES, _BLOCK_E),
}
"""Mixed blocks in order: name → channels in, layers."""

POOL = None
"""In `STEM`, a max-pooling of 3×3 with stride 2."""

STEM: tuple[ConvSpec | None, ...] = (
    ConvSpec("1a_3x3", 3, 32, 3, 2, True),
    ConvSpec("2a_3x3", 32, 32, 3, 1, False),
    ConvSpec("2b_3x3", 32, 64, 3, 1, True),
    POOL,
    ConvSpec("3b_1x1", 64, 80, 1, 1, True),
    ConvSpec("4a_3x3", 80, 192, 3, 1, False),
    POOL,
)
"""Layers before the mixed blocks, in order."""


class Inception(nn.ModuleDict):
    """Inception-v3 without its auxiliary head, under torchvision's names."""

    def __init__(self) -> None:
        super().__init__()
        for layer in STEM:
            if layer is not POOL:
                self[f"Conv2d_{layer.name}"] = Conv(layer.inputs, layer.outputs, layer.kernel, layer.stride, layer.same)
        for name, (inputs, spec) in MIXED.items():
            self[f"Mixed_{name}"] = Mixed(inputs, spec)
        self["fc"] = nn.Linear(FEATURES, CLASSES)

    @classmethod
    def load(cls, path: Path) -> Inception:
        """Read the user's weights.

        Raises:
            PtxError: the file is missing or holds other weights.
        """
        net = cls()
        fill(net, read_weights(path, WEIGHTS), path, WEIGHTS)
        return net

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures (B, 3, H, W) in -1..1, resized to 299×299 → features (B, 2048), class probabilities (B, 1000)."""
        x = F.interpolate(x, size=INPUT_SIZE, mode="bilinear", align_corners=False, antialias=True)
        for layer in STEM:
            x = F.max_pool2d(x, 3, 2) if layer is POOL else self[f"Conv2d_{layer.name}"](x)
        for name in MIXED:
            x = self[f"Mixed_{name}"](x)
        features = x.mean((2, 3))
        return features, self["fc"](features).softmax(1)
