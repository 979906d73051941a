"""Says what somebody wears: the classifier by which FashionIS and AttrRec-k judge pictures (ours; theirs are Inception and ResNet-50)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ptx.models.blocks import Encoder, widths


class Worn(NamedTuple):
    """Scores before softmax and sigmoid."""

    categories: Tensor
    """(B, C), of which one is right."""
    attributes: Tensor
    """(B, K), of which any number is."""


class AttributeNet(nn.Module):
    """The residual encoder of the other networks, averaged over the picture, and a linear layer for either question."""

    def __init__(self, categories: int, attributes: int, base: int = 32, most: int = 256, scales: int = 5) -> None:
        super().__init__()
        channels = widths(base, scales, most)
        self.encoder = Encoder(3, channels)
        self.categories = nn.Linear(channels[-1], categories)
        self.attributes = nn.Linear(channels[-1], attributes)

    def forward(self, x: Tensor) -> Worn:
        """Pictures (B, 3, H, W) in -1..1, H and W multiples of 2^scales."""
        seen = torch.relu(self.encoder(x)[0]).mean((2, 3))
        return Worn(self.categories(seen), self.attributes(seen))


def recall_at(scores: Tensor, truth: Tensor, k: int) -> Tensor:
    """Share of the true attributes among the k likeliest (B,), 1 for a picture that has none: AttrRec-k of the code of Li et al. 2019.

    scores (B, K), truth (B, K) bool.
    """
    first = torch.zeros_like(truth).scatter(1, scores.topk(min(k, scores.shape[1]), dim=1).indices, True)
    count = truth.sum(1)
    return torch.where(
        count > 0, (first & truth).sum(1) / count.clamp(min=1), torch.ones_like(count, dtype=torch.float32)
    )
