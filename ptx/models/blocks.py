"""The residual blocks that every network of system A is made of (Li, Huang and Loy, CVPR 2019, and their code)."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ptx.models.distributed import BatchNorm

Net = TypeVar("Net", bound=nn.Module)


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution without bias and batch normalisation, (B, inputs, H, W) → (B, outputs, H/stride, W/stride)."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), BatchNorm(outputs, eps=1e-5)
    )


class Residual(nn.Module):
    """x + BN(conv3×3(ReLU(x))), or with a second input a: x + BN(conv3×3(ReLU(x ‖ BN(conv1×1(ReLU(a))))))."""

    def __init__(self, channels: int, extra: int = 0) -> None:
        super().__init__()
        self.squeeze = conv(extra, channels, 1) if extra else None
        self.body = conv(2 * channels if extra else channels, channels)

    def forward(self, x: Tensor, a: Tensor | None = None) -> Tensor:
        """(B, channels, H, W) and (B, extra, H, W) → (B, channels, H, W)."""
        inner = torch.relu(x)
        if self.squeeze is not None:
            assert a is not None
            inner = torch.cat([inner, torch.relu(self.squeeze(torch.relu(a)))], dim=1)
        return x + self.body(inner)


class Down(nn.Module):
    """Half the size: ReLU, conv3×3 with stride 2, BN."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = conv(inputs, outputs, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, outputs, H/2, W/2)."""
        return self.body(torch.relu(x))


class Up(nn.Module):
    """Twice the size: ReLU, conv3×3 to four times the channels, pixel shuffle, BN."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Conv2d(inputs, 4 * outputs, 3, padding=1, bias=False)
        self.norm = BatchNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, outputs, 2H, 2W)."""
        return self.norm(nn.functional.pixel_shuffle(self.body(torch.relu(x)), 2))


class Encoder(nn.Module):
    """Two residual blocks and a Down at every scale; the outputs of the blocks are the skips."""

    def __init__(self, inputs: int | None, widths: Sequence[int]) -> None:
        """`inputs`: channels of what comes in; None where it has `widths[0]` features already."""
        super().__init__()
        self.first = nn.Identity() if inputs is None else conv(inputs, widths[0], 1)
        self.blocks = nn.ModuleList(nn.ModuleList(Residual(w) for _ in range(2)) for w in widths[:-1])
        self.downs = nn.ModuleList(Down(a, b) for a, b in itertools.pairwise(widths))

    def forward(self, x: Tensor) -> tuple[Tensor, list[list[Tensor]]]:
        """(B, inputs, H, W) → deepest feature (B, widths[-1], H/2^n, W/2^n), and two skips for each of the n scales."""
        x = self.first(x)
        skips = []
        for blocks, down in zip(self.blocks, self.downs, strict=True):
            pair = []
            for block in blocks:
                x = block(x)
                pair.append(x)
            skips.append(pair)
            x = down(x)
        return x, skips


class Decoder(nn.Module):
    """At every scale from the deepest: Up, then two residual blocks that each take one skip."""

    def __init__(self, widths: Sequence[int], skips: int) -> None:
        """`skips`: how many times a scale's width a skip has (2 where two encoders' skips are joined)."""
        super().__init__()
        self.ups = nn.ModuleList(Up(b, a) for a, b in itertools.pairwise(widths))
        self.blocks = nn.ModuleList(nn.ModuleList(Residual(w, skips * w) for _ in range(2)) for w in widths[:-1])

    def forward(self, x: Tensor, skips: Sequence[Sequence[Tensor]]) -> list[Tensor]:
        """Features from the deepest scale's input to the finest: [(B, widths[i], H/2^i, W/2^i)], finest last."""
        out = []
        for up, blocks, pair in reversed(list(zip(self.ups, self.blocks, skips, strict=True))):
            x = up(x)
            for block, skip in zip(blocks, reversed(pair), strict=True):
                x = block(x, skip)
            out.append(x)
        return out


class Head(nn.Module):
    """Reflection padding and conv7×7 to the picture's channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(inputs, outputs, 7))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, outputs, H, W)."""
        return self.body(x)


def build(network: type[Net], settings: Mapping[str, Any]) -> Net:
    """A network from settings, which have the names of its arguments."""
    return network(**{name: settings[name] for name in inspect.signature(network).parameters if name in settings})


def widths(base: int, scales: int, most: int) -> list[int]:
    """Channels at each of the scales and the bottleneck: base, 2 base, 3 base ... up to `most`."""
    return [min(base * (level + 1), most) for level in range(scales + 1)]


def initialise(module: nn.Module) -> None:
    """Kaiming's initial weights, biases 0, batch normalisation 1 and 0."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
