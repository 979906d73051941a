"""Generator and pixel warping in training: terms by settings, who is trained, who stays as they are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ptx.models.efficientnet_lite import EfficientNetLite0
from ptx.models.generator import Generator, PatchDiscriminator, PixelWarp
from ptx.models.losses import gradient_loss
from ptx.models.pose_maps import pose_map
from ptx.models.vgg import Vgg19Features, style_loss
from ptx.training.data import Batch
from ptx.training.recipes import generator as recipe_module
from ptx.training.recipes.base import Losses
from ptx.training.recipes.generator import GeneratorRecipe, PerceptualNetwork, PixelWarpRecipe, load_features
from ptx.training.trainings.appearance_flow import TrainGeneratorSettings, TrainPixelWarpSettings
from tests.training.recipes.noise import FACTS, SIZE, TINY, is_trained, known, losses_and_gradients, noise

PAINT = {**TINY, "warped_scales": 2, "flow": "projected"}


def generator(features: PerceptualNetwork | None = None, **settings: object) -> GeneratorRecipe:
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


class Judge(nn.Module):
    """Its logit is the mean of what it is given, times a scale; remembers what that was."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(3.0))
        self.seen: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(x)
        return self.scale * x.mean((1, 2, 3))


class Grey(GeneratorRecipe):
    """Paints one grey."""

    def paint(self, net: nn.Module, batch: Batch) -> list[torch.Tensor]:
        return [torch.full_like(batch["source"], 0.25)]


def grey_losses(
    step: int = 10, features: PerceptualNetwork | None = None, **settings: object
) -> tuple[Losses, Judge, Batch]:
    """The terms of a grey picture; a batch, a judge that has seen it."""
    chosen = TrainGeneratorSettings.model_validate({**PAINT, **settings})
    judge, batch = Judge(), noise()
    nets = {"generator": nn.Identity(), "discriminator": judge}
    made = Grey(chosen, FACTS, chosen.radius, chosen.background, None, features)
    return made.losses(nets, batch, step), judge, batch


def test_terms_by_hand() -> None:
    """L1 + .01 BCE(D(painted), 1); D's are half each and times .01 too (Li, Huang and Loy, CVPR 2019, and their code)."""
    losses, judge, batch = grey_losses(adversarial=0.01)
    painted, real, again = judge.seen
    assert torch.equal(painted, again)
    context = torch.cat([batch["source"], pose_map(batch["target_keypoints"], *SIZE, PAINT["radius"])], dim=1)
    torch.testing.assert_close(real, torch.cat([context, batch["target"]], dim=1))
    torch.testing.assert_close(painted, torch.cat([context, torch.full_like(batch["target"], 0.25)], dim=1))
    of_painted, of_real = (3 * x.mean((1, 2, 3)).double() for x in (painted, real))
    expected = {
        "l1": float((batch["target"] - 0.25).abs().mean()),
        "adversarial": 0.01 * float((1 + (-of_painted).exp()).log().mean()),
        "real": 0.5 * 0.01 * float((1 + (-of_real).exp()).log().mean()),
        "painted": 0.5 * 0.01 * float((1 + of_painted.exp()).log().mean()),
    }
    got = {**losses["generator"], **losses["discriminator"]}
    assert {name: float(got[name].detach()) for name in expected} == pytest.approx(expected, rel=1e-5)
    least_squares, _, _ = grey_losses(adversarial=0.02, adversarial_kind="lsgan")
    assert float(least_squares["generator"]["adversarial"]) == pytest.approx(
        0.02 * float((of_painted - 1).square().mean())
    )
    assert float(least_squares["discriminator"]["real"].detach()) == pytest.approx(
        0.01 * float((of_real - 1).square().mean())
    )


class Coarse(Grey):
    """Paints pictures of half and of quarter the size besides."""

    def paint(self, net: nn.Module, batch: Batch) -> list[torch.Tensor]:
        height, width = batch["source"].shape[-2:]
        return [torch.full((2, 3, height // 2**i, width // 2**i), value) for i, value in enumerate((0.25, 0.5, -0.5))]


def test_smaller_pictures_have_a_term_each() -> None:
    """L1 to the target's means over squares of 2 and 4 px."""
    chosen, batch = TrainGeneratorSettings.model_validate(PAINT), noise()
    terms = Coarse(chosen, FACTS, chosen.radius, chosen.background, None, None).losses(
        {"generator": nn.Identity()}, batch, 0
    )["generator"]
    target = batch["target"].double().numpy()
    b, c, height, width = target.shape
    for side, value in ((2, 0.5), (4, -0.5)):
        means = target.reshape(b, c, height // side, side, width // side, side).mean((3, 5))
        assert float(terms[f"l1_of_1/{side}"]) == pytest.approx(float(np.abs(means - value).mean()), rel=1e-5)


def test_the_best_picture_is_the_most_similar_one() -> None:
    for recipe in (GeneratorRecipe, PixelWarpRecipe):
        assert (recipe.monitor, recipe.higher_is_better) == ("ssim", True)


def test_the_discriminator_joins_when_it_is_told_to() -> None:
    for step, joins in ((9, False), (10, True)):
        losses, judge, _ = grey_losses(step, adversarial=0.01, adversarial_from=10)
        assert ("discriminator" in losses) == ("adversarial" in losses["generator"]) == bool(judge.seen) == joins


def test_each_term_has_its_weight() -> None:
    """Perceptual and style loss where there are features, the loss on gradients else; a half of a weight is a half of a term."""
    features = Vgg19Features().eval().requires_grad_(False)
    for given, names in ((None, ("gradients",)), (features, ("perceptual", "style"))):
        one, half = (
            grey_losses(
                features=given, adversarial_from=99, **dict.fromkeys(("gradients", "perceptual", "style"), weight)
            )[0]["generator"]
            for weight in (1.0, 0.5)
        )
        assert set(one) == {"l1", *names}
        assert one["l1"] == half["l1"]
        for name in names:
            assert float(half[name]) == pytest.approx(float(one[name]) / 2)
            assert one[name] > 0
    batch = noise()
    seen = features(torch.full_like(batch["target"], 0.25), batch["target"])
    assert float(one["perceptual"]) == pytest.approx(
        sum(0.125 * float((a - b).abs().mean()) for a, b in seen), rel=1e-5
    )
    assert float(one["style"]) == pytest.approx(float(style_loss(seen)), rel=1e-5)
    assert float(grey_losses(adversarial_from=99)[0]["generator"]["gradients"]) == pytest.approx(
        float(gradient_loss(torch.full_like(batch["target"], 0.25), batch["target"]))
    )


def test_targets_are_varied_as_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(recipe_module, "vary_target", lambda batch, *how: (asked.append(how), batch)[1])
    losses_and_gradients(generator(shift=(7, 3), scale=1.5, adversarial=0))
    assert asked == [((7, 3), 1.5)]


def test_networks_are_those_of_the_settings() -> None:
    settings = TrainGeneratorSettings.model_validate({**PAINT, "feature_alignment": "exact", "fusion": "soft_gate"})
    made = GeneratorRecipe.network(settings, FACTS)
    assert (made.path.alignment, made.path.fuse[0][0].kind) == ("exact", "soft_gate")
    mixing = TrainPixelWarpSettings.model_validate({**known(TrainPixelWarpSettings, **PAINT), "inputs": "published"})
    assert PixelWarpRecipe.network(mixing, FACTS).inputs == "published"


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


@pytest.mark.slow
def test_perceptual_loss_without_vgg() -> None:
    """The mean over the batch of the distance that EfficientNet-Lite0 sees, times the weight, beside the loss on gradients."""
    network = load_features(TrainGeneratorSettings())
    assert isinstance(network, EfficientNetLite0)
    one, half = (
        grey_losses(features=network, adversarial_from=99, style=1, perceptual=weight)[0]["generator"]
        for weight in (1.0, 0.5)
    )
    assert set(one) == {"l1", "perceptual", "gradients"}
    assert one["gradients"] == half["gradients"] == grey_losses(adversarial_from=99)[0]["generator"]["gradients"]
    target = noise()["target"]
    levels = []
    for a, b in zip(network(torch.full_like(target, 0.25)), network(target), strict=True):
        u, v = (x.detach().double() / (x.detach().double().square().sum(1, keepdim=True).sqrt() + 1e-6) for x in (a, b))
        levels.append(float((u - v).square().sum(1).mean()))
    assert float(one["perceptual"]) == pytest.approx(np.mean(levels), rel=1e-4)
    assert float(half["perceptual"]) == pytest.approx(float(one["perceptual"]) / 2)
    made = generator(network, adversarial=0)
    losses, networks = losses_and_gradients(made)
    assert set(losses["generator"]) == {"l1", "perceptual", "gradients"}
    assert is_trained(networks["generator"])
    assert made.frozen() == [network]


def test_the_network_of_the_perceptual_loss_is_that_of_the_settings() -> None:
    assert load_features(TrainGeneratorSettings(without_vgg="gradients")) is None
    assert load_features(TrainGeneratorSettings(perceptual=0)) is None
    assert load_features(TrainGeneratorSettings(preset="deepfashion-256")) is None


@pytest.mark.parametrize(
    ("gradients", "words"), [(1, "the loss on differences of neighbouring pixels stands in"), (0, "there is none")]
)
def test_a_note_where_there_is_no_perceptual_loss(gradients: float, words: str) -> None:
    assert generator(without_vgg="gradients", gradients=gradients).notes() == [
        f"no VGG-19 weights (train_generator.vgg), so no perceptual loss; {words}"
    ]
    assert generator().notes() == generator(vgg="vgg.pth", without_vgg="gradients").notes() == []


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
