"""What the mender is trained for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from small_training import loop
from small_training.loop import Pace, Run
from torch import Tensor
from torch.nn import functional as F

from mender_training.examples import Example, example, usable
from mender_training.pairs import UNKNOWN, Pairs
from ptx.models.efficientnet_lite import EfficientNetLite0, feature_distance, unit_features
from ptx.models.losses import gradient_loss
from ptx.models.mender_net import Mended, MenderNet, mend

PACE = Pace(batch=8, rate=2e-3, warm_up=100, weight_decay=1e-3, averaged=0.998, saved_each=100)

SMALL_SHARE = 0.85
"""Share of the steps that see pictures of half the size."""

PERCEPTUAL, GRADIENTS, LAYOUT, ALPHA, ROUGH = 2.0, 0.5, 0.1, 0.5, 0.02
"""Weights beside L1: feature distance, gradients, layout's cross-entropy, alpha's L1, roughness of the flow."""


@dataclass(frozen=True)
class Batch:
    """Examples as tensors."""

    shown: Tensor
    """(B, 11, H, W)"""
    backdrop: Tensor
    """(B, 3, H, W)"""
    truth: Tensor
    """(B, 3, H, W)"""
    share: Tensor
    """(B, 1, H, W)"""
    labels: Tensor
    """(B, H / 2, W / 2)"""

    @classmethod
    def of(cls, examples: Sequence[Example]) -> Batch:
        """Stack examples."""
        names = ("shown", "backdrop", "truth", "share", "labels")
        return cls(*(torch.from_numpy(np.stack([getattr(one, name) for one in examples])) for name in names))

    def halved(self) -> Batch:
        """Bring the pictures to half their size."""
        planes = [F.avg_pool2d(x, 2) for x in (self.shown, self.backdrop, self.truth, self.share)]
        return Batch(*planes, self.labels[:, ::2, ::2])

    @property
    def colour(self) -> Tensor:
        """(B, 3, H, W) of the drawn person."""
        return self.shown[:, :3]

    @property
    def alpha(self) -> Tensor:
        """(B, 1, H, W) of the drawn person."""
        return self.shown[:, 3:4]

    @property
    def own(self) -> Tensor:
        """(B, 1, H, W) share of colours that are fetched from the photograph."""
        return self.shown[:, 4:5]


def losses(net: MenderNet, features: EfficientNetLite0, batch: Batch) -> tuple[dict[str, Tensor], Mended]:
    """Compute the terms of the loss, weighted, and what the network makes."""
    with torch.autocast("cpu", torch.bfloat16):
        fields = net(batch.shown.contiguous(memory_format=torch.channels_last))
    mended = mend(batch.colour, batch.alpha, batch.own, fields)
    picture = mended.over(batch.backdrop)
    with torch.no_grad():
        wanted = unit_features(features(batch.truth))
    flow = fields.flow.float()
    rough = flow.diff(dim=2).abs().mean() + flow.diff(dim=3).abs().mean()
    terms = {
        "l1": F.l1_loss(picture, batch.truth),
        "perceptual": PERCEPTUAL * feature_distance(unit_features(features(picture)), wanted).mean(),
        "gradients": GRADIENTS * gradient_loss(picture, batch.truth),
        "alpha": ALPHA * F.l1_loss(mended.alpha, batch.share),
        "rough": ROUGH * rough,
    }
    if (batch.labels != UNKNOWN).any():
        terms["layout"] = LAYOUT * F.cross_entropy(fields.layout.float(), batch.labels, ignore_index=UNKNOWN)
    return terms, mended


def train(run: Run, sets: Sequence[Pairs]) -> MenderNet:
    """Train, or go on; returns the averaged network."""
    torch.manual_seed(run.seed)
    features = EfficientNetLite0.load()
    places = [(pairs, int(i)) for pairs in sets for i in usable(pairs)]

    def draw(step: int) -> Batch:
        numbers = loop.examples_of(step, PACE.batch, len(places), run.seed)
        return Batch.of([example(*places[number], rng) for number, rng in numbers])

    def terms(net: MenderNet, step: int, batch: Batch) -> dict[str, Tensor]:
        return losses(net, features, batch.halved() if step < SMALL_SHARE * run.steps else batch)[0]

    return loop.train(run, PACE, MenderNet().to(memory_format=torch.channels_last), draw, terms)


def load_average(folder: Path) -> MenderNet:
    """Read the averaged network of a training."""
    return loop.load_average(MenderNet(), folder)
