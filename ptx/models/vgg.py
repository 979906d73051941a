"""Perceptual loss on VGG-19 features (Johnson et al., ECCV 2016), with weights that the user names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.models.weights import fill, read_weights

LAYOUT = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512)
"""Channels of VGG-19's convolutions up to relu5_1; 0 is a pooling."""

TAPS = (1, 6, 11, 20, 29)
"""torchvision's numbers of relu1_1, relu2_1, relu3_1, relu4_1, relu5_1."""

SHIFTS = ((0, 0), (1, 0), (0, 1))
"""Right and down, of the style loss's Gram matrices."""

WEIGHT = 0.125
"""Of each tap, as in the published code."""


WHAT = (
    "VGG-19's weights under torchvision's names (features.0.weight ...), the user's own; without `vgg:` the gradient loss "
    "stands in for the perceptual one"
)


class Perceptual(nn.Module):
    """VGG-19 up to its fifth depth, to compare pictures by what it sees."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        width = 3
        for channels in LAYOUT:
            if channels == 0:
                parts.append(nn.MaxPool2d(2, 2))
            else:
                parts += [nn.Conv2d(width, channels, 3, padding=1), nn.ReLU()]
                width = channels
        self.features = nn.ModuleList(parts)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225])[:, None, None], persistent=False)

    @classmethod
    def load(cls, path: Path) -> Perceptual:
        """With weights under torchvision's names, from safetensors or a .pth of plain tensors.

        Raises:
            PtxError: there is no such file, or it holds other weights.
        """
        net = cls()
        fill(net, read_weights(path, WHAT), path, WHAT)
        return net

    def forward(self, a: Tensor, b: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Features of pictures (B, 3, H, W) in -1..1 at the five depths: [(of a, of b)], each (B, C, h, w)."""
        x, y = (((p + 1) / 2 - self.mean) / self.deviation for p in (a, b))
        out = []
        for number, part in enumerate(self.features):
            x, y = part(x), part(y)
            if number in TAPS:
                out.append((x, y))
        return out


def perceptual_loss(features: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Mean absolute difference of features at each depth, weighted as published: a scalar."""
    return torch.stack([WEIGHT * F.l1_loss(x, y) for x, y in features]).sum()


def style_loss(features: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Mean squared difference of Gram matrices at each depth, as they are and with one factor shifted: a scalar."""
    terms = [F.mse_loss(gram(x, shift), gram(y, shift)) for x, y in features for shift in SHIFTS]
    return torch.stack(terms).mean()


def gram(features: Tensor, shift: tuple[int, int] = (0, 0)) -> Tensor:
    """(B, C, H, W) → (B, C, C) mean products of channels at places `shift` (right, down) px apart.

    Gatys et al., CVPR 2016; shifted as in Berger and Memisevic, ICLR 2017, so that what repeats is seen.
    """
    right, down = shift
    height, width = features.shape[-2:]
    here = features[..., : height - down, : width - right].flatten(2)
    there = features[..., down:, right:].flatten(2)
    return torch.einsum("bcn,bdn->bcd", here, there) / here.shape[-1] / here.shape[1]
