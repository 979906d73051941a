"""The parser: a label for every pixel of a person, from the picture, a silhouette and the keypoints' limbs.

An encoder that knows photographs, EfficientNet-Lite0, and a small decoder that puts its features of all sizes together, from the
coarsest on (Lin et al., CVPR 2017). What is known of the body comes in at every size. Its convolutions are not separable: small dense
ones are the faster to train on a CPU.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.labels import GARMENTS
from ptx.models.efficientnet_lite import HEAD_CHANNELS, EfficientNetLite0

BODY_CHANNELS = 7
"""Maps of the body: the silhouette and six kinds of limbs (`ptx.detector.parsing.body_maps`)."""

ENCODED = (96, 144, 240, 672, HEAD_CHANNELS)
"""Channels of the encoder's features, of a half of the picture's size to a thirty-second."""

WIDTHS = (24, 32, 48, 80, 112)
"""Channels of the decoder at those sizes."""


class Convolved(nn.Sequential):
    """A convolution, normalised in batches, rectified."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


class WholePicture(nn.Module):
    """Add to every place what the whole picture shows, mean and maximum of each channel: a skirt is told by what is above it and below."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(2 * channels, channels, 1)
        nn.init.zeros_(self.mix.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Change (B, C, H, W)."""
        whole = torch.cat([F.adaptive_avg_pool2d(x, 1), F.adaptive_max_pool2d(x, 1)], 1)
        mixed: Tensor = self.mix(
            whole.expand(-1, -1, *x.shape[-2:])
        )  # OpenCV 5 adds no smaller array to a convolution's
        return x + mixed


class Decoder(nn.Module):
    """Scores of labels from the encoder's features and the maps of the body."""

    def __init__(self) -> None:
        super().__init__()
        self.reduce = nn.ModuleList(Convolved(c, w, 1) for c, w in zip(ENCODED, WIDTHS, strict=True))
        deepest = WIDTHS[-1]
        self.context = nn.Sequential(
            Convolved(deepest + BODY_CHANNELS, deepest, 3),
            WholePicture(deepest),
            Convolved(deepest, deepest, 3),
            Convolved(deepest, deepest, 3),
        )
        self.pass_on = nn.ModuleList(Convolved(below, own, 1) for own, below in pairwise(WIDTHS))
        self.merge = nn.ModuleList(
            nn.Sequential(Convolved(own + BODY_CHANNELS, own, 3), Convolved(own, own, 3)) for own in WIDTHS[:-1]
        )
        self.score = nn.Conv2d(WIDTHS[0], len(GARMENTS), 1)

    def forward(self, features: list[Tensor], body: Tensor) -> Tensor:
        """Compute scores (B, 12, H / 2, W / 2).

        Args:
            features: of the encoder, of pictures (B, 3, H, W) whose H and W are multiples of 32.
            body: (B, 7, H / 2, W / 2) in 0..1.
        """
        bodies = [body]
        for _ in features[1:]:
            bodies.append(F.avg_pool2d(bodies[-1], 2))
        own = [reduce(one) for reduce, one in zip(self.reduce, features, strict=True)]
        x = self.context(torch.cat([own[-1], bodies[-1]], 1))
        for level in reversed(range(len(own) - 1)):
            x = own[level] + doubled(self.pass_on[level](x))
            x = self.merge[level](torch.cat([x, bodies[level]], 1))
        scores: Tensor = self.score(x)
        return scores


def doubled(x: Tensor) -> Tensor:
    """Interpolate (B, C, H, W) to twice its size."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class ParserNet(nn.Module):
    """Encoder and decoder as one, as they are shipped."""

    def __init__(self, encoder: EfficientNetLite0, decoder: Decoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, picture: Tensor, body: Tensor) -> Tensor:
        """Compute scores (B, 12, H / 2, W / 2) of pictures (B, 3, H, W) in -1..1 and maps of the body (B, 7, H / 2, W / 2)."""
        scores: Tensor = self.decoder(self.encoder(picture), body)
        return scores
