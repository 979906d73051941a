"""System B's networks in training: terms by settings, coarse before fine, garments frozen."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from ptx.labels import GARMENTS
from ptx.models.garment_net import GarmentNet
from ptx.models.pose_flow_losses import active_levels
from ptx.pictures.draw import GARMENT_COLOURS
from ptx.training.recipes import pose_flow as recipe_module
from ptx.training.recipes.pose_flow import (
    GarmentRecipe,
    PoseFlowRecipe,
    SynthesisRecipe,
    mean_iou,
    paint_labels,
)
from ptx.training.trainings.pose_flow import (
    MIN_FLOW_SCALES,
    TrainGarmentSettings,
    TrainPoseFlowSettings,
    TrainSynthesisSettings,
)
from tests.training.recipes.noise import FACTS, SIZE, TINY, is_trained, known, losses_and_gradients, noise

PAINT = {**TINY, "warped_scales": 2, "flow": "projected"}


def synthesis(**settings: object) -> SynthesisRecipe:
    torch.manual_seed(1)
    garments = GarmentNet(8, 16, 3, 2).eval().requires_grad_(False)
    own = known(TrainSynthesisSettings, **PAINT)
    made = TrainSynthesisSettings.model_validate({**own, "adversarial": 0, "steps": 100, **settings})
    return SynthesisRecipe(made, FACTS, 3.0, None, None, garments)


def test_flow_is_learned_from_pairs_and_from_known_warps() -> None:
    made = PoseFlowRecipe(TrainPoseFlowSettings.model_validate(TINY), FACTS)
    losses, networks = losses_and_gradients(made)
    assert set(losses["flow"]) == {"fit", "smooth", "outline", "known_warps"}
    assert is_trained(networks["flow"])
    without = PoseFlowRecipe(TrainPoseFlowSettings.model_validate({**TINY, "known_warps": 0}), FACTS)
    assert "known_warps" not in losses_and_gradients(without)[0]["flow"]
    scores = made.scores(networks["flow"].eval(), noise())
    assert {name: values.shape for name, values in scores.items()} == {
        "warped_ssim": (2,), "copied_ssim": (2,), "outline_iou": (2,),
    }  # fmt: skip
    assert [p.shape for p in made.pictures(networks["flow"], noise())] == [(2, 3, *SIZE)] * 3


def test_levels_of_the_flow_join_by_the_share_of_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, float, int]] = []
    monkeypatch.setattr(recipe_module, "active_levels", lambda *words: asked.append(words) or active_levels(*words))
    made = PoseFlowRecipe(TrainPoseFlowSettings.model_validate({**TINY, "steps": 100, "coarse_to_fine": 0.5}), FACTS)
    losses_and_gradients(made, step=30)
    assert asked == [(0.3, 0.5, 3)]


def test_the_error_on_known_warps_has_its_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe_module, "known_warp_loss", lambda *_: torch.tensor(0.25, requires_grad=True))
    made = PoseFlowRecipe(TrainPoseFlowSettings.model_validate({**TINY, "known_warps": 3.0}), FACTS)
    assert losses_and_gradients(made)[0]["flow"]["known_warps"].item() == 0.75


def test_garments_by_hand() -> None:
    """Cross-entropy of a network that knows nothing: the logarithm of the number of labels."""
    made = GarmentRecipe(TrainGarmentSettings.model_validate(PAINT), FACTS, None)
    undecided = Undecided()
    loss = made.losses({"garments": undecided}, noise(), 0)["garments"]["cross_entropy"]
    assert loss.item() == pytest.approx(math.log(len(GARMENTS)))


class Undecided(nn.Module):
    """Gives every label of every pixel the same logit."""

    def forward(self, source: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(source), len(GARMENTS), *source.shape[-2:])


def test_fine_levels_of_the_flow_come_later() -> None:
    made = PoseFlowRecipe(TrainPoseFlowSettings.model_validate({**TINY, "steps": 100, "coarse_to_fine": 0.5}), FACTS)
    torch.manual_seed(0)
    net = made.network(made.settings, FACTS)
    fits = [made.losses({"flow": net}, noise(), step)["flow"]["fit"].item() for step in (0, 99)]
    assert fits[0] != fits[1]


def test_terms_follow_the_settings() -> None:
    """A weight three times as large makes its term three times as large, and leaves the others."""

    def terms(**settings: object) -> dict[str, float]:
        made = PoseFlowRecipe(TrainPoseFlowSettings.model_validate({**TINY, "coarse_to_fine": 0, **settings}), FACTS)
        return {name: float(value.detach()) for name, value in losses_and_gradients(made)[0]["flow"].items()}

    base = {"texture": 1.0, "garments": 1.0, "hidden": 0.0, "smooth": 1.0, "known_warps": 1.0}
    one = terms(**base)
    assert min(one.values()) > 0
    for name, term in (("smooth", "smooth"), ("known_warps", "known_warps")):
        three = terms(**{**base, name: 3.0})
        assert three[term] == pytest.approx(3 * one[term], rel=1e-5)
        assert {key: value for key, value in three.items() if key != term} == {
            k: v for k, v in one.items() if k != term
        }
    both, texture, garments = (terms(**{**base, **more})["fit"] for more in ({}, {"garments": 0.0}, {"texture": 0.0}))
    assert both == pytest.approx(texture + garments, rel=1e-4)
    assert terms(**{**base, "hidden": 2.0})["fit"] > both


def test_networks_are_aligned_as_the_settings_say() -> None:
    for alignment in ("published", "exact"):
        garments = TrainGarmentSettings.model_validate({**PAINT, "feature_alignment": alignment})
        synthesis = TrainSynthesisSettings.model_validate(
            {**known(TrainSynthesisSettings, **PAINT), "feature_alignment": alignment}
        )
        assert GarmentRecipe.network(garments, FACTS).path.alignment == alignment
        assert SynthesisRecipe.network(synthesis, FACTS).path.alignment == alignment


def test_garments() -> None:
    made = GarmentRecipe(TrainGarmentSettings.model_validate(PAINT), FACTS, None)
    losses, networks = losses_and_gradients(made)
    assert set(losses["garments"]) == {"cross_entropy"}
    assert is_trained(networks["garments"])
    assert made.frozen() == []
    batch = noise()
    assert made.scores(networks["garments"].eval(), batch)["iou"].shape == (2,)
    assert [p.shape for p in made.pictures(networks["garments"], batch)] == [(2, 3, *SIZE)] * 4


@pytest.mark.slow
def test_the_finest_picture_comes_later() -> None:
    made = synthesis(coarse_to_fine=0.5)
    early, networks = losses_and_gradients(made, step=49)
    assert set(early["generator"]) == {"l1", "gradients", "l1_of_1/2", "l1_of_1/4"}
    assert early["generator"]["l1"] == 0
    assert early["generator"]["l1_of_1/2"] > 0
    late = losses_and_gradients(made, step=50)[0]["generator"]
    painting = made.paint(networks["generator"], noise())[0]
    assert late["l1"].item() == pytest.approx((painting - noise()["target"]).abs().mean().item(), rel=1e-5)
    assert losses_and_gradients(synthesis(pictures=1), step=0)[0]["generator"]["l1"] > 0
    assert len(made.frozen()) == 1
    assert list(networks) == ["generator"]


def test_overlap_of_labels() -> None:
    truth = torch.zeros(2, 4, 4, dtype=torch.uint8)
    truth[:, :2] = 3
    labels = truth.clone()
    labels[1, :, 2:] = 0
    assert mean_iou(labels, truth).tolist() == pytest.approx([1.0, (8 / 12 + 4 / 8) / 2])
    one = torch.full((1, 4, 4), 3, dtype=torch.uint8)  # a picture of one label is no half
    assert mean_iou(one, one).tolist() == [1.0]


def test_labels_have_their_colours() -> None:
    labels = torch.arange(len(GARMENTS)).view(1, 3, 4)
    painted = (paint_labels(labels)[0].permute(1, 2, 0).reshape(-1, 3) + 1) * 127.5
    torch.testing.assert_close(painted, torch.from_numpy(GARMENT_COLOURS).float())


def test_the_fewest_scales_that_are_allowed_train() -> None:
    own = {**TINY, "scales": MIN_FLOW_SCALES}
    losses, networks = losses_and_gradients(PoseFlowRecipe(TrainPoseFlowSettings.model_validate(own), FACTS))
    assert losses["flow"]["fit"].isfinite()
    assert is_trained(networks["flow"])
    for pictures in (1, 2, 3):
        made = synthesis(scales=pictures, warped_scales=1, pictures=pictures)
        terms, networks = losses_and_gradients(made)
        assert sum("of_1/" in name for name in terms["generator"]) == pictures - 1
        assert is_trained(networks["generator"])


def test_checkpoints_are_chosen_by_what_each_network_is_for() -> None:
    assert (PoseFlowRecipe.monitor, PoseFlowRecipe.higher_is_better) == ("warped_ssim", True)
    assert (GarmentRecipe.monitor, GarmentRecipe.higher_is_better) == ("iou", True)
