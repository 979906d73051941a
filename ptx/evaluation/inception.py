"""torchvision's Inception-v3, which FID and the inception score look through, from weights that the user names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.models.weights import fill, read_weights

WHAT = "Inception-v3's ImageNet weights under torchvision's names (Conv2d_1a_3x3.conv.weight ...)"

Kernel = int | tuple[int, int]
Layer = tuple[str, int, Kernel, int]
"""Name, channels, kernel, stride."""


class Conv(nn.Module):
    """Convolution, batch normalisation, ReLU; padded to keep the size where the stride is 1 and `same`."""

    def __init__(self, inputs: int, outputs: int, kernel: Kernel, stride: int = 1, same: bool = True) -> None:
        super().__init__()
        high, wide = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (high // 2, wide // 2) if same and stride == 1 else (0, 0)
        self.conv = nn.Conv2d(inputs, outputs, (high, wide), stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, outputs, H', W')."""
        return torch.relu(self.bn(self.conv(x)))


class Mixed(nn.ModuleDict):
    """Branches side by side (Szegedy et al., CVPR 2016). Each is a chain; a pair in a chain splits it."""

    def __init__(
        self, inputs: int, branches: Sequence[Sequence[Layer | tuple[Layer, Layer]]], pool: int | None
    ) -> None:
        """`pool`: channels after average pooling (a layer `branch_pool`), or None for a bare maximum with stride 2."""
        super().__init__()
        self.chains: list[list[tuple[str, ...]]] = []
        for branch in branches:
            width, chain = inputs, []
            for step in branch:
                layers: tuple[Layer, ...] = step if isinstance(step[0], tuple) else (step,)  # type: ignore[assignment]
                for name, outputs, kernel, stride in layers:
                    self[name] = Conv(width, outputs, kernel, stride)
                chain.append(tuple(layer[0] for layer in layers))
                width = layers[0][1]
            self.chains.append(chain)
        if pool is not None:
            self["branch_pool"] = Conv(inputs, pool, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → the branches' channels, one after the other."""
        out = []
        for chain in self.chains:
            y = x
            for names in chain:
                y = torch.cat([self[name](y) for name in names], dim=1)
            out.append(y)
        pooled = "branch_pool" in self
        out.append(self["branch_pool"](F.avg_pool2d(x, 3, 1, 1)) if pooled else F.max_pool2d(x, 3, 2))
        return torch.cat(out, dim=1)


def _a(pool: int) -> tuple[list[list[Layer]], int]:
    return [
        [("branch1x1", 64, 1, 1)],
        [("branch5x5_1", 48, 1, 1), ("branch5x5_2", 64, 5, 1)],
        [("branch3x3dbl_1", 64, 1, 1), ("branch3x3dbl_2", 96, 3, 1), ("branch3x3dbl_3", 96, 3, 1)],
    ], pool


def _c(n: int) -> tuple[list[list[Layer]], int]:
    return [
        [("branch1x1", 192, 1, 1)],
        [("branch7x7_1", n, 1, 1), ("branch7x7_2", n, (1, 7), 1), ("branch7x7_3", 192, (7, 1), 1)],
        [("branch7x7dbl_1", n, 1, 1), ("branch7x7dbl_2", n, (7, 1), 1), ("branch7x7dbl_3", n, (1, 7), 1),
         ("branch7x7dbl_4", n, (7, 1), 1), ("branch7x7dbl_5", 192, (1, 7), 1)],
    ], 192  # fmt: skip


_B = [
    [("branch3x3", 384, 3, 2)],
    [("branch3x3dbl_1", 64, 1, 1), ("branch3x3dbl_2", 96, 3, 1), ("branch3x3dbl_3", 96, 3, 2)],
], None  # fmt: skip
_D = [
    [("branch3x3_1", 192, 1, 1), ("branch3x3_2", 320, 3, 2)],
    [("branch7x7x3_1", 192, 1, 1), ("branch7x7x3_2", 192, (1, 7), 1), ("branch7x7x3_3", 192, (7, 1), 1), ("branch7x7x3_4", 192, 3, 2)],
], None  # fmt: skip
_E = [
    [("branch1x1", 320, 1, 1)],
    [("branch3x3_1", 384, 1, 1), (("branch3x3_2a", 384, (1, 3), 1), ("branch3x3_2b", 384, (3, 1), 1))],
    [("branch3x3dbl_1", 448, 1, 1), ("branch3x3dbl_2", 384, 3, 1),
     (("branch3x3dbl_3a", 384, (1, 3), 1), ("branch3x3dbl_3b", 384, (3, 1), 1))],
], 192  # fmt: skip

MIXED = (
    ("5b", 192, _a(32)), ("5c", 256, _a(64)), ("5d", 288, _a(64)), ("6a", 288, _B), ("6b", 768, _c(128)), ("6c", 768, _c(160)),
    ("6d", 768, _c(160)), ("6e", 768, _c(192)), ("7a", 768, _D), ("7b", 1280, _E), ("7c", 2048, _E),
)  # fmt: skip
STEM = (
    ("1a_3x3", 3, 32, 3, 2, True), ("2a_3x3", 32, 32, 3, 1, False), ("2b_3x3", 32, 64, 3, 1, True), ("pool", 0, 0, 3, 2, False),
    ("3b_1x1", 64, 80, 1, 1, True), ("4a_3x3", 80, 192, 3, 1, False), ("pool", 0, 0, 3, 2, False),
)  # fmt: skip


class Inception(nn.ModuleDict):
    """Inception-v3 without its auxiliary head, under torchvision's names."""

    def __init__(self) -> None:
        super().__init__()
        for name, inputs, outputs, kernel, stride, same in STEM:
            if name != "pool":
                self[f"Conv2d_{name}"] = Conv(inputs, outputs, kernel, stride, same)
        for name, inputs, (branches, pool) in MIXED:
            self[f"Mixed_{name}"] = Mixed(inputs, branches, pool)  # type: ignore[arg-type]
        self["fc"] = nn.Linear(2048, 1000)

    @classmethod
    def load(cls, path: Path) -> Inception:
        """With the user's weights.

        Raises:
            PtxError: the file is missing or holds other weights.
        """
        net = cls()
        fill(net, read_weights(path, WHAT), path, WHAT)
        return net

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures (B, 3, H, W) in -1..1, brought to 299×299 → features (B, 2048), class probabilities (B, 1000)."""
        x = F.interpolate(x, size=(299, 299), mode="bilinear", align_corners=False, antialias=True)
        for name, *_ in STEM:
            x = F.max_pool2d(x, 3, 2) if name == "pool" else self[f"Conv2d_{name}"](x)
        for name, *_ in MIXED:
            x = self[f"Mixed_{name}"](x)
        features = x.mean((2, 3))
        return features, self["fc"](features).softmax(1)
