"""System C's networks in training: weighted L1 by either mask, the discriminator of pairs, G1 frozen under G2."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from ptx.models.pg2 import CoarseNet
from ptx.models.pose_mask import part_weights, pose_mask
from ptx.pipeline.errors import PtxError
from ptx.training.checkpoint import read_meta
from ptx.training.recipes import view as recipe_module
from ptx.training.recipes.view import CoarseRecipe, RefineRecipe
from ptx.training.trainings.view import TrainCoarseSettings, TrainRefineSettings
from tests.training.recipes.noise import FACTS, SIZE, is_trained, known, losses_and_gradients, noise
from tests.training.tiny import tiny_project, train

TINY = {"base_channels": 8, "scales": 3, "radius": 3.0}


def test_pixels_weigh_as_the_setting_says() -> None:
    batch = noise()
    painted = torch.zeros_like(batch["target"])
    for weighting, mask in (("mask", pose_mask), ("parts", part_weights)):
        made = CoarseRecipe(TrainCoarseSettings.model_validate({**TINY, "weighting": weighting}), FACTS)
        wanted = (batch["target"].abs() * (1 + mask(batch["target_keypoints"], *SIZE))).mean()
        torch.testing.assert_close(made.weighted_l1(painted, batch), wanted)


def test_the_mask_loss_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """|d| (1 + M), a mean over all pixels (PG², §3.1): of .5 everywhere and a mask over a quarter, .5 (1 + 1/4)."""
    mask = torch.zeros(2, 1, *SIZE)
    mask[..., : SIZE[0] // 2, : SIZE[1] // 2] = 1
    monkeypatch.setattr(recipe_module, "pose_mask", lambda *_: mask)
    made = CoarseRecipe(TrainCoarseSettings.model_validate({**TINY, "weighting": "mask"}), FACTS)
    batch = noise()
    assert float(made.weighted_l1(batch["target"] - 0.5, batch)) == pytest.approx(0.5 * 1.25)
    assert float(made.weighted_l1(batch["target"] - 0.5 * mask, batch)) == pytest.approx(0.5 * 2 / 4)


def test_the_term_of_g1() -> None:
    made = CoarseRecipe(TrainCoarseSettings.model_validate(TINY), FACTS)
    losses, networks = losses_and_gradients(made)
    painted = made.paint(networks["coarse"], noise())
    assert float(losses["coarse"]["weighted_l1"].detach()) == pytest.approx(
        float(made.weighted_l1(painted, noise()).detach()), rel=1e-5
    )
    assert is_trained(networks["coarse"])


class Judge(nn.Module):
    """Its logit is the mean of what it is given, times a scale; remembers what that was."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(3.0))
        self.seen: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(x)
        return self.scale * x.mean((1, 2, 3), keepdim=False)[:, None]


def test_terms_of_g2_by_hand() -> None:
    """L_adv + λ L1 for G2; BCE(D(I_B, I_A), 1) + BCE(D(G2, I_A), 0) for D, of pairs (PG², §3.2)."""
    coarse = CoarseNet(SIZE, 8, 3).requires_grad_(False)
    settings = TrainRefineSettings.model_validate(
        {**known(TrainRefineSettings, **TINY), "texture": False, "adversarial": 0.5, "l1": 7.0}
    )
    made, judge, batch = RefineRecipe(settings, FACTS, 3.0, None, coarse), Judge(), noise()
    net = made.network(settings, FACTS)
    losses = made.losses({"refine": net, "discriminator": judge}, batch, 0)
    painted, real, _ = judge.seen
    torch.testing.assert_close(real, torch.cat([batch["target"], batch["source"]], dim=1))
    picture = made.paint(net, batch)
    torch.testing.assert_close(painted, torch.cat([picture, batch["source"]], dim=1))
    of_painted, of_real = (3 * x.detach().mean((1, 2, 3)).double() for x in (painted, real))
    expected = {
        "weighted_l1": 7 * float(made.weighted_l1(picture, batch).detach()),
        "adversarial": 0.5 * float((1 + (-of_painted).exp()).log().mean()),
        "real": float((1 + (-of_real).exp()).log().mean()),
        "painted": float((1 + of_painted.exp()).log().mean()),
    }
    got = {**losses["refine"], **losses["discriminator"]}
    assert {name: float(value.detach()) for name, value in got.items()} == pytest.approx(expected, rel=1e-5)


def test_networks_are_those_of_the_settings() -> None:
    for skip in (True, False):
        settings = TrainRefineSettings.model_validate({**known(TrainRefineSettings, **TINY), "full_size_skip": skip})
        assert RefineRecipe.network(settings, FACTS).full_size_skip == skip
    latent = TrainCoarseSettings.model_validate({**TINY, "latent": 5})
    assert CoarseRecipe.network(latent, FACTS).squeeze.out_features == 5


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


@pytest.mark.slow
def test_pg2_needs_no_bodies(data: Path, tmp_path: Path) -> None:
    """G1 and G2 train where bodies were never fitted; only warped pixels ask for flow."""
    for name in ("ingest", "keypoints"):
        for folder in (f"{name}.zarr", f"{name}.blocks"):
            (tmp_path / folder).symlink_to(data / folder)
    assert train(tmp_path, "train-coarse", 2).trained
    assert train(tmp_path, "train-refine", 2, "train_coarse.steps=2", "train_refine.texture=false").trained
    recorded = read_meta(tmp_path / "models" / "refine" / "model")["document"]
    assert set(recorded["inputs"]) == {"ingest", "extract-keypoints", "train-coarse"}  # type: ignore[index,call-overload,arg-type]
    with pytest.raises(PtxError, match="training reads rasterize, which is absent"):
        train(tmp_path, "train-refine", 2, "train_coarse.steps=2")
    project = tiny_project(tmp_path)
    assert project.step("train-coarse").needs() == ("ingest", "extract-keypoints")
    assert "synth-flow" in project.step("train-refine").needs()


def test_the_plain_network_is_given_no_flow() -> None:
    coarse = CoarseNet(SIZE, 8, 3).requires_grad_(False)
    made = RefineRecipe(
        TrainRefineSettings.model_validate({**known(TrainRefineSettings, **TINY), "texture": False}),
        FACTS,
        3.0,
        None,
        coarse,
    )
    batch = noise()
    del batch["flow"], batch["visibility"]
    assert made.paint(made.network(made.settings, FACTS), batch).shape == (2, 3, *SIZE)


def test_the_best_picture_is_the_most_similar_one() -> None:
    for recipe in (CoarseRecipe, RefineRecipe):
        assert (recipe.monitor, recipe.higher_is_better) == ("ssim", True)
