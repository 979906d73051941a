"""The loop: what is kept is the network's moving average."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mender_training.examples import Example, example, usable
from mender_training.pairs import UNKNOWN, Pairs
from ptx.models.efficientnet_lite import EfficientNetLite0, feature_distance, unit_features
from ptx.models.losses import gradient_loss
from ptx.models.mender_net import Mended, MenderNet, mend

BATCH = 8
LEARNING_RATE = 2e-3
WARM_UP = 100
WEIGHT_DECAY = 1e-3
AVERAGED = 0.998
"""Share of the average that a step keeps, less in the first steps."""

SMALL_SHARE = 0.85
"""Share of the steps that see pictures of half the size."""

SAVED_EACH = 100

PERCEPTUAL, GRADIENTS, LAYOUT, ALPHA, ROUGH = 2.0, 0.5, 0.1, 0.5, 0.02
"""Weights beside L1: feature distance, gradients, layout's cross-entropy, alpha's L1, roughness of the flow."""


@dataclass(frozen=True)
class Run:
    """What a training depends on."""

    folder: Path
    """Where its state is kept, and gone on from."""
    steps: int
    seed: int = 0


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
    net = MenderNet().to(memory_format=torch.channels_last)
    average = deepcopy(net).eval()
    optimizer = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    first, state = 0, run.folder / "state.pt"
    run.folder.mkdir(parents=True, exist_ok=True)
    if state.exists():
        kept = torch.load(state, weights_only=True)
        net.load_state_dict(kept["net"])
        average.load_state_dict(kept["average"])
        optimizer.load_state_dict(kept["optimizer"])
        first = kept["step"]
    began, sums = time.monotonic(), dict[str, float]()
    for step, batch in _batches(run, sets, first):
        for group in optimizer.param_groups:
            group["lr"] = _rate(step, run.steps)
        terms, _ = losses(net, features, batch.halved() if step < SMALL_SHARE * run.steps else batch)
        optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        _follow(average, net, step)
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        done = step + 1
        if done % 50 == 0:
            speed = BATCH * (done - first) / (time.monotonic() - began)
            rows = ", ".join(f"{name} {value / 50:.4f}" for name, value in sums.items())
            print(f"step {done} of {run.steps}: {rows}; {speed:.1f} pairs/s", flush=True)
            sums.clear()
        if done % SAVED_EACH == 0 or done == run.steps:
            kept = {"net": net.state_dict(), "average": average.state_dict(), "step": done}
            torch.save({**kept, "optimizer": optimizer.state_dict()}, state.with_suffix(".part"))
            state.with_suffix(".part").replace(state)
    return average


def load_average(folder: Path) -> MenderNet:
    """Read the averaged network of a training."""
    net = MenderNet()
    net.load_state_dict(torch.load(folder / "state.pt", weights_only=True)["average"])
    return net.eval()


def _batches(run: Run, sets: Sequence[Pairs], first: int) -> Iterator[tuple[int, Batch]]:
    """Draw the batches from step `first` on, two ahead, in one thread."""
    places = [(pairs, int(i)) for pairs in sets for i in usable(pairs)]
    count = len(places)

    def batch(step: int) -> Batch:
        examples = []
        for number in range(step * BATCH, (step + 1) * BATCH):
            order = np.random.default_rng([run.seed, number // count]).permutation(count)
            pairs, index = places[int(order[number % count])]
            examples.append(example(pairs, index, np.random.default_rng([run.seed, 1, number])))
        return Batch.of(examples)

    with ThreadPoolExecutor(1) as pool:
        ahead = {step: pool.submit(batch, step) for step in range(first, min(first + 2, run.steps))}
        for step in range(first, run.steps):
            made = ahead.pop(step).result()
            if step + 2 < run.steps:
                ahead[step + 2] = pool.submit(batch, step + 2)
            yield step, made


def _rate(step: int, steps: int) -> float:
    """Rate of learning of a step."""
    if step < WARM_UP:
        return LEARNING_RATE * (step + 1) / WARM_UP
    return LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / max(1, steps - WARM_UP)))


def _follow(average: MenderNet, net: MenderNet, step: int) -> None:
    """Move the average towards the network; counters are copied."""
    keep = min(AVERAGED, (step + 1) / (step + 10))
    with torch.no_grad():
        for mean, now in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)
