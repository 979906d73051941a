"""Perceptual and style loss on VGG-19 features (Johnson et al., ECCV 2016), with weights that the user names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.models import imagenet
from ptx.models.weights import fill, read_weights

LAYER_CHANNELS = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512)
"""Channels of VGG-19's convolutions up to relu5_1; 0 is a pooling."""

FEATURE_LAYERS = (1, 6, 11, 20, 29)
"""torchvision's numbers of relu1_1, relu2_1, relu3_1, relu4_1, relu5_1."""

FEATURE_WEIGHT = 0.125
"""Weight of each feature layer in the perceptual loss, as in the published code."""

GRAM_SHIFTS = ((0, 0), (1, 0), (0, 1))
"""Shifts, right and down in px of the feature, of the style loss's Gram matrices."""

WEIGHTS_NEEDED = (
    "VGG-19's weights under torchvision's names (features.0.weight ...), the user's own; without `vgg:` the gradient loss "
    "stands in for the perceptual one"
)
"""Description of the weights file, for messages."""


class Vgg19Features(nn.Module):
    """VGG-19 up to relu5_1, as torchvision numbers its layers."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = 3
        for channels in LAYER_CHANNELS:
            if channels == 0:
                layers.append(nn.MaxPool2d(2, 2))
            else:
                layers += [nn.Conv2d(width, channels, 3, padding=1), nn.ReLU()]
                width = channels
        self.features = nn.ModuleList(layers)
        self.register_buffer("mean", torch.tensor(imagenet.MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(imagenet.DEVIATION)[:, None, None], persistent=False)

    @classmethod
    def load(cls, path: Path) -> Vgg19Features:
        """Read weights under torchvision's names, from safetensors or a .pth of plain tensors.

        Raises:
            PtxError: there is no such file, or it holds other weights.
        """
        net = cls()
        fill(net, read_weights(path, WEIGHTS_NEEDED), path, WEIGHTS_NEEDED)
        return net

    def forward(self, a: Tensor, b: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Features of pictures (B, 3, H, W) in -1..1 at the five layers: [(of a, of b)], each (B, C, h, w)."""
        x = ((a + 1) / 2 - self.mean) / self.deviation
        y = ((b + 1) / 2 - self.mean) / self.deviation
        out = []
        for number, layer in enumerate(self.features):
            x = layer(x)
            y = layer(y)
            if number in FEATURE_LAYERS:
                out.append((x, y))
        return out


def perceptual_loss(features: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Mean absolute difference of features at each layer, weighted as published: a scalar."""
    return torch.stack([FEATURE_WEIGHT * F.l1_loss(x, y) for x, y in features]).sum()


def style_loss(features: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Mean squared difference of Gram matrices at each layer, as they are and with one factor shifted: a scalar."""
    terms = [F.mse_loss(gram(x, shift), gram(y, shift)) for x, y in features for shift in GRAM_SHIFTS]
    return torch.stack(terms).mean()


def gram(features: Tensor, shift: tuple[int, int]) -> Tensor:
    """(B, C, H, W) → (B, C, C) mean products of channels at pixels that lie `shift` (right, down) px apart.

    Gatys et al., CVPR 2016; shifted as in Berger and Memisevic, ICLR 2017, so that repeating patterns count.
    """
    right, down = shift
    height, width = features.shape[-2:]
    plain = features[..., : height - down, : width - right].flatten(2)  # (B, C, pixels)
    shifted = features[..., down:, right:].flatten(2)
    return torch.einsum("bcn,bdn->bcd", plain, shifted) / plain.shape[-1] / plain.shape[1]
