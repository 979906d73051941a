"""Recipes and batches of noise, for tests."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from ptx.training.context import NetworkFacts
from ptx.training.data import Batch
from ptx.training.estimate import random_batch
from ptx.training.recipes.base import Losses, Recipe, total
from ptx.training.settings import TrainSettings

SIZE = (32, 32)
FACTS = NetworkFacts(SIZE, categories=3, attributes=4)
TINY = {"base_channels": 8, "max_channels": 16, "scales": 3, "radius": 3.0}
NOWHERE = Path("nowhere")


def known(kind: type[TrainSettings], **values: object) -> dict[str, object]:
    """Return those of some values that a section knows."""
    return {name: value for name, value in values.items() if name in kind.model_fields}


def noise(count: int = 2) -> Batch:
    """A batch of noise with every field."""
    return random_batch(count, SIZE, attributes=FACTS.attributes)


def losses_and_gradients(recipe: Recipe[TrainSettings], step: int = 10**6) -> tuple[Losses, dict[str, nn.Module]]:
    """One forward and backward pass over fresh networks."""
    torch.manual_seed(0)
    networks = recipe.networks()
    losses = recipe.losses(networks, noise(), step)
    for terms in losses.values():
        total(terms).backward()
    return losses, networks


def is_trained(network: nn.Module) -> bool:
    """True where every parameter has got a finite gradient."""
    return all(p.grad is not None and bool(p.grad.isfinite().all()) for p in network.parameters())
