"""Every training at sizes that cannot be halved as often as its networks would."""

from __future__ import annotations

import pytest

from ptx.training.recipes.base import total
from ptx.training.trainings import TRAININGS
from tests.training.recipes.noise import fresh_recipe, losses_and_gradients

FIELD = (256, 176)
"""Height, width in px of the pictures of most papers on DeepFashion."""

SHRUNKEN = (64, 44)
"""A quarter of it."""

THIN = {"base_channels": 4, "max_channels": 8}


def train_once(name: str, size: tuple[int, int], **settings: object) -> None:
    """A forward and a backward pass that reach every parameter of every network, whatever is painted having the batch's size."""
    made = fresh_recipe(name, size, **THIN, **settings)
    assert made.settings.refusal(size) is None
    losses, networks = losses_and_gradients(made)
    assert all(total(terms).isfinite() for terms in losses.values())
    for network in networks.values():
        grads = [p.grad for p in network.parameters()]
        assert all(grad is not None and grad.isfinite().all() for grad in grads)


@pytest.mark.parametrize("preset", ["demo", "deepfashion-256", "market-128x64"])
@pytest.mark.parametrize("name", TRAININGS)
def test_every_preset_trains_at_a_size_that_nothing_divides(name: str, preset: str) -> None:
    train_once(name, SHRUNKEN, preset=preset)


@pytest.mark.parametrize("size", [(61, 43), (37, 64)])
@pytest.mark.parametrize("name", TRAININGS)
def test_every_training_at_odd_sizes(name: str, size: tuple[int, int]) -> None:
    train_once(name, size, scales=4, warped_scales=3, flow="projected")


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAININGS)
def test_the_fields_size(name: str) -> None:
    train_once(name, FIELD, preset="deepfashion-256")
