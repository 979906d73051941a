"""The classifier of clothes behind FashionIS and AttrRec-k (ours; the published ones are Inception and ResNet-50)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ptx.models.blocks import Encoder, scale_channels
from ptx.models.pixels import IMAGE_CHANNELS


class AttributeLogits(NamedTuple):
    """Output of `AttributeNet` for a batch, before softmax and sigmoid."""

    categories: Tensor
    """(B, C) logits, of which one category is right."""
    attributes: Tensor
    """(B, K) logits, of which any number of attributes is right."""


class AttributeNet(nn.Module):
    """The residual encoder of the other networks, averaged over the picture, and a linear layer for each kind of output.

    Args:
        categories: number of categories of clothes.
        attributes: number of attributes of clothes.
        base_channels: at the picture's size.
        max_channels: at the coarsest scales.
        scales: halvings of the picture.
    """

    def __init__(self, categories: int, attributes: int, base_channels: int, max_channels: int, scales: int) -> None:
        super().__init__()
        channels = scale_channels(base_channels, scales, max_channels)
        self.encoder = Encoder(IMAGE_CHANNELS, channels)
        self.categories = nn.Linear(channels[-1], categories)
        self.attributes = nn.Linear(channels[-1], attributes)

    def forward(self, x: Tensor) -> AttributeLogits:
        """Classify pictures (B, 3, H, W) in -1..1."""
        features = torch.relu(self.encoder(x)[0]).mean((2, 3))  # (B, channels[-1])
        return AttributeLogits(self.categories(features), self.attributes(features))


def recall_at(scores: Tensor, truth: Tensor, k: int) -> Tensor:
    """Fraction of the true attributes among the k likeliest (B,), 1 for a picture that has none.

    AttrRec-k of the code of Li et al., CVPR 2019. scores (B, K), truth (B, K) bool.
    """
    likeliest = scores.topk(min(k, scores.shape[1]), dim=1).indices
    chosen = torch.zeros_like(truth).scatter(1, likeliest, True)  # (B, K)
    count = truth.sum(1)
    recall = (chosen & truth).sum(1) / count.clamp(min=1)
    return torch.where(count > 0, recall, torch.ones_like(count, dtype=torch.float32))
