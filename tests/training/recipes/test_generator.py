"""Generator and pixel warping in training: terms by settings, who is trained, who stays as they are."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ptx.models.generator import Generator, PatchDiscriminator, PixelWarp
from ptx.models.vgg import Vgg19Features
from ptx.training.recipes.generator import GeneratorRecipe, PixelWarpRecipe, load_features
from ptx.training.trainings.appearance_flow import TrainGeneratorSettings, TrainPixelWarpSettings
from tests.training.recipes.noise import FACTS, SIZE, TINY, is_trained, known, losses_and_gradients, noise

PAINT = {**TINY, "warped_scales": 2, "flow": "projected"}


def generator(features: Vgg19Features | None = None, **settings: object) -> GeneratorRecipe:
    made = TrainGeneratorSettings.model_validate({**PAINT, **settings})
    return GeneratorRecipe(made, FACTS, made.radius, made.background, None, features)


def pixel_warp(painter: Generator, **settings: object) -> PixelWarpRecipe:
    made = TrainPixelWarpSettings.model_validate({**known(TrainPixelWarpSettings, **PAINT), **settings})
    return PixelWarpRecipe(made, FACTS, 3.0, None, None, painter)


def test_terms_with_a_discriminator() -> None:
    made = generator(adversarial=0.01, adversarial_from=5)
    losses, networks = losses_and_gradients(made)
    assert set(losses["generator"]) == {"l1", "gradients", "adversarial"}
    assert set(losses["discriminator"]) == {"real", "painted"}
    assert is_trained(networks["generator"])
    assert is_trained(networks["discriminator"])
    early, _ = losses_and_gradients(made, step=4)
    assert list(early) == ["generator"]
    assert set(early["generator"]) == {"l1", "gradients"}
    assert list(generator(adversarial=0).networks()) == ["generator"]


def test_the_discriminator_has_a_rate_of_its_own() -> None:
    made = generator(learning_rate=0.1, discriminator_rate=0.2, weight_decay=0.3, discriminator_decay=0.4)
    for name, expected in (("generator", (0.1, 0.3)), ("discriminator", (0.2, 0.4))):
        defaults = made.optimiser(name, nn.Conv2d(1, 1, 1)).defaults
        assert (defaults["lr"], defaults["weight_decay"]) == expected


def test_perceptual_and_style_loss_with_vgg() -> None:
    features = Vgg19Features().eval().requires_grad_(False)
    made = generator(features, style=1.0, adversarial=0)
    losses, _ = losses_and_gradients(made)
    assert set(losses["generator"]) == {"l1", "perceptual", "style"}
    assert made.frozen() == [features]
    assert load_features(made.settings) is None


@pytest.mark.parametrize(
    ("gradients", "words"), [(1, "the loss on differences of neighbouring pixels stands in"), (0, "there is none")]
)
def test_a_note_where_there_is_no_perceptual_loss(gradients: float, words: str) -> None:
    assert generator(gradients=gradients).notes() == [
        f"no VGG-19 weights (train_generator.vgg), so no perceptual loss; {words}"
    ]
    assert generator(vgg="vgg.pth").notes() == []


def test_pixel_warping_trains_no_generator() -> None:
    painter = Generator(8, 16, 3, 2, background="layers").eval().requires_grad_(False)
    made = pixel_warp(painter, adversarial=0.01)
    before = [p.clone() for p in painter.parameters()]
    losses, networks = losses_and_gradients(made)
    assert {name: type(net) for name, net in networks.items()} == {
        "generator": PixelWarp, "discriminator": PatchDiscriminator,
    }  # fmt: skip
    assert is_trained(networks["generator"])
    assert all(torch.equal(a, b) and b.grad is None for a, b in zip(before, painter.parameters(), strict=True))
    assert made.background == "layers"  # the generator's
    assert made.frozen() == [painter]
    assert set(losses["generator"]) == {"l1", "gradients", "adversarial"}
    assert [p.shape for p in made.pictures(networks["generator"].eval(), noise())] == [(2, 3, *SIZE)] * 3


def test_no_network_is_made_to_be_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the random state depends on the networks that are trained alone."""
    made = pixel_warp(Generator(8, 16, 3, 2), adversarial=0)
    torch.manual_seed(0)
    (trained,) = made.networks().values()
    torch.manual_seed(0)
    alone = PixelWarp(8, 16, 3)
    assert all(torch.equal(a, b) for a, b in zip(trained.parameters(), alone.parameters(), strict=True))
