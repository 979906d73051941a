"""The residual blocks that the networks of systems A and B are built of (Li, Huang and Loy, CVPR 2019, and their code)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ptx.models.distributed import BatchNorm
from ptx.models.scales import cut


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution without bias and batch normalisation, (B, inputs, H, W) → (B, outputs, H/stride, W/stride)."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), BatchNorm(outputs, eps=1e-5)
    )


class Residual(nn.Module):
    """x + BN(conv3×3(ReLU(x))), or with a second input a: x + BN(conv3×3(ReLU(x ‖ BN(conv1×1(ReLU(a)))))).

    `extra`: channels of the second input; 0 where there is none.
    """

    def __init__(self, channels: int, extra: int = 0) -> None:
        super().__init__()
        self.squeeze = conv(extra, channels, 1) if extra else None
        self.body = conv(2 * channels if extra else channels, channels)

    def forward(self, x: Tensor, a: Tensor | None = None) -> Tensor:
        """(B, channels, H, W) and (B, extra, H, W) → (B, channels, H, W)."""
        inner = torch.relu(x)
        if self.squeeze is not None:
            assert a is not None
            inner = torch.cat([inner, torch.relu(self.squeeze(torch.relu(a)))], dim=1)  # (B, 2 channels, H, W)
        out: Tensor = x + self.body(inner)
        return out


class Down(nn.Module):
    """Half the size: ReLU, conv3×3 with stride 2, BN."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = conv(inputs, outputs, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, outputs, H/2, W/2), rounded up; output i is centred on input 2i."""
        out: Tensor = self.body(torch.relu(x))
        return out


class Up(nn.Module):
    """Twice the size: ReLU, conv3×3 to four times the channels, pixel shuffle, BN."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Conv2d(inputs, 4 * outputs, 3, padding=1, bias=False)
        self.norm = BatchNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, outputs, 2H, 2W)."""
        out: Tensor = self.norm(nn.functional.pixel_shuffle(self.body(torch.relu(x)), 2))
        return out


class Encoder(nn.Module):
    """Two residual blocks and a Down at every scale; the outputs of the blocks are the skips.

    Args:
        inputs: channels of the input; None where it has `channels[0]` features already.
        channels: at every scale, finest first, and at the bottleneck.
    """

    def __init__(self, inputs: int | None, channels: Sequence[int]) -> None:
        super().__init__()
        self.first = nn.Identity() if inputs is None else conv(inputs, channels[0], 1)
        self.blocks = nn.ModuleList(nn.ModuleList(Residual(c) for _ in range(2)) for c in channels[:-1])
        self.downs = nn.ModuleList(Down(a, b) for a, b in itertools.pairwise(channels))

    def forward(self, x: Tensor) -> tuple[Tensor, list[list[Tensor]]]:
        """(B, inputs, H, W) → deepest feature (B, channels[-1], H/2^n, W/2^n), rounded up, and two skips for each of the n scales."""
        x = self.first(x)
        skips = []
        for blocks, down in zip(_lists(self.blocks), self.downs, strict=True):
            pair = []
            for block in blocks:
                x = block(x)
                pair.append(x)  # (B, channels[i], H/2^i, W/2^i)
            skips.append(pair)
            x = down(x)
        return x, skips


class Decoder(nn.Module):
    """At every scale from the deepest: Up, cut to the skips' size, then two residual blocks that each take one skip.

    Args:
        channels: at every scale, finest first, and at the bottleneck.
        skips: width of a skip, as a multiple of its scale's channels (2 where two encoders' skips are joined).
    """

    def __init__(self, channels: Sequence[int], skips: int) -> None:
        super().__init__()
        self.ups = nn.ModuleList(Up(b, a) for a, b in itertools.pairwise(channels))
        self.blocks = nn.ModuleList(nn.ModuleList(Residual(c, skips * c) for _ in range(2)) for c in channels[:-1])

    def forward(self, x: Tensor, skips: Sequence[Sequence[Tensor]]) -> list[Tensor]:
        """Features from the deepest scale's input to the finest: [(B, channels[i], H/2^i, W/2^i)], finest last."""
        out = []
        for up, blocks, pair in reversed(list(zip(self.ups, _lists(self.blocks), skips, strict=True))):
            x = cut(up(x), pair[0].shape[-2:])
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
        out: Tensor = self.body(x)
        return out


def scale_channels(base: int, scales: int, most: int) -> list[int]:
    """Channels at each scale, finest first, and at the bottleneck: base, 2 base, 3 base ... up to `most`."""
    return [min(base * (level + 1), most) for level in range(scales + 1)]


def initialise(module: nn.Module) -> None:
    """Draw convolutions' weights by Kaiming's rule (He et al., ICCV 2015), with biases 0; batch norm stays 1 and 0."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def _lists(modules: nn.ModuleList) -> list[nn.ModuleList]:
    """The lists of a list of lists."""
    return [inner for inner in modules if isinstance(inner, nn.ModuleList)]
