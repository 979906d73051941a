"""System C's networks in training: weighted L1 by either mask, the discriminator of pairs, G1 frozen under G2."""

from __future__ import annotations

import torch

from ptx.models.pg2 import CoarseNet
from ptx.models.pose_mask import part_weights, pose_mask
from ptx.training.recipes.view import CoarseRecipe, RefineRecipe
from ptx.training.trainings.view import TrainCoarseSettings, TrainRefineSettings
from tests.training.recipes.noise import FACTS, SIZE, is_trained, losses_and_gradients, noise

TINY = {"base_channels": 8, "scales": 3, "radius": 3.0}


def test_pixels_weigh_as_the_setting_says() -> None:
    batch = noise()
    painted = torch.zeros_like(batch["target"])
    for weighting, mask in (("mask", pose_mask), ("parts", part_weights)):
        made = CoarseRecipe(TrainCoarseSettings.model_validate({**TINY, "weighting": weighting}), FACTS)
        wanted = (batch["target"].abs() * (1 + mask(batch["target_keypoints"], *SIZE))).mean()
        torch.testing.assert_close(made.weighted_l1(painted, batch), wanted)


def test_the_coarse_network_is_trained() -> None:
    made = CoarseRecipe(TrainCoarseSettings.model_validate(TINY), FACTS)
    losses, networks = losses_and_gradients(made)
    assert set(losses["coarse"]) == {"weighted_l1"}
    assert is_trained(networks["coarse"])
    assert [p.shape for p in made.pictures(networks["coarse"], noise())] == [(2, 3, *SIZE)] * 3
    assert set(made.scores(networks["coarse"], noise())) == {"ssim", "ssim_of_copy", "l1"}


def test_the_refining_network_is_trained_alone() -> None:
    coarse = CoarseNet(SIZE, 8, 3).requires_grad_(False)
    own = {"base_channels": 8, "scales": 3}
    settings = TrainRefineSettings.model_validate({**own, "texture": True, "adversarial": 1, "l1": 3})
    made = RefineRecipe(settings, FACTS, 3.0, None, coarse)
    losses, networks = losses_and_gradients(made)
    assert set(losses["refine"]) == {"weighted_l1", "adversarial"}
    assert set(losses["discriminator"]) == {"real", "painted"}
    assert is_trained(networks["refine"])
    assert is_trained(networks["discriminator"])
    assert all(p.grad is None for p in coarse.parameters())
    assert made.frozen() == [coarse]
    plain = RefineRecipe(TrainRefineSettings.model_validate({**own, "adversarial": 0}), FACTS, 3.0, None, coarse)
    assert list(plain.networks()) == ["refine"]
    assert list(losses_and_gradients(plain)[0]) == ["refine"]
