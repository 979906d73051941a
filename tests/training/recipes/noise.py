"""Recipes and batches of noise, for tests."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import torch
from torch import nn

from ptx.training.context import NetworkFacts
from ptx.training.data import Batch
from ptx.training.estimate import random_batch
from ptx.training.recipes.base import Losses, Recipe, total
from ptx.training.recipes.loading import load_recipe
from ptx.training.settings import TrainSettings
from ptx.training.trainings import TRAININGS

SIZE = (32, 32)
FACTS = NetworkFacts(SIZE, categories=3, attributes=4)
TINY = {"base_channels": 8, "max_channels": 16, "scales": 3, "radius": 3.0}
NOWHERE = Path("nowhere")


def known(kind: type[TrainSettings], **values: object) -> dict[str, object]:
    """Return those of some values that a section knows."""
    return {name: value for name, value in values.items() if name in kind.model_fields}


def noise(count: int = 2, size: tuple[int, int] = SIZE) -> Batch:
    """A batch of noise with every field."""
    return random_batch(count, size, attributes=FACTS.attributes)


def losses_and_gradients(recipe: Recipe[TrainSettings], step: int = 10**6) -> tuple[Losses, dict[str, nn.Module]]:
    """One forward and backward pass over fresh networks."""
    torch.manual_seed(0)
    networks = recipe.networks()
    losses = recipe.losses(networks, noise(size=recipe.facts.size), step)
    for terms in losses.values():
        total(terms).backward()
    return losses, networks


def is_trained(network: nn.Module) -> bool:
    """True where every parameter has got a finite gradient, and not all of them nothing but zeros."""
    gradients = [p.grad for p in network.parameters()]
    if not all(g is not None and bool(g.isfinite().all()) for g in gradients):
        return False
    return any(bool(g.any()) for g in gradients if g is not None)


class FreshNetworks:
    """Networks with initial weights in the place of trained ones, of the same settings."""

    def __init__(self, facts: NetworkFacts, values: dict[str, object]) -> None:
        self.facts = facts
        self.values = values

    def settings(self, name: str) -> TrainSettings:
        return section(name, self.values)

    def network(self, name: str) -> nn.Module:
        net = load_recipe(TRAININGS[name]).network(self.settings(name), self.facts)
        return net.eval().requires_grad_(False)


def section(name: str, settings: dict[str, object]) -> TrainSettings:
    """The section of a training, of those of the settings that it has."""
    kind = TRAININGS[name].settings
    return kind.model_validate(known(kind, **settings))


def fresh_recipe(name: str, size: tuple[int, int] = SIZE, **settings: object) -> Recipe[TrainSettings]:
    """The recipe of a training, over fresh networks; settings that it has not are left out."""
    facts = NetworkFacts(size, FACTS.categories, FACTS.attributes)
    kind, own = load_recipe(TRAININGS[name]), section(name, settings)
    if TRAININGS[name].annotated:
        return kind(own, facts)
    context = SimpleNamespace(size=size)
    return kind.create(own, context, FreshNetworks(facts, settings))  # type: ignore[arg-type]
