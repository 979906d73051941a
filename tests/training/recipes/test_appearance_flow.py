"""System A's flow network in training: its terms, scores of the truth, and pictures."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from ptx.models.flow_net import FlowPrediction
from ptx.models.losses import pyramid_loss
from ptx.training.data import flow_inputs
from ptx.training.recipes import appearance_flow as recipe_module
from ptx.training.recipes.appearance_flow import FlowRecipe
from ptx.training.trainings.appearance_flow import TrainFlowSettings
from tests.training.recipes.noise import FACTS, SIZE, TINY, is_trained, losses_and_gradients, noise


def recipe(**settings: object) -> FlowRecipe:
    return FlowRecipe(TrainFlowSettings.model_validate({**TINY, **settings}), FACTS)


def test_all_terms_train_the_network() -> None:
    losses, networks = losses_and_gradients(recipe(limbs=True, assign_weight=0.5, shift=(3, 2)))
    assert list(losses) == ["flow"]
    assert set(losses["flow"]) == {"flow", "visibility", "part", "assignment"}
    assert is_trained(networks["flow"])
    assert "assignment" not in losses_and_gradients(recipe(limbs=True, assign_weight=0))[0]["flow"]


def test_terms_follow_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of scales, parts and assignment, the shift of targets, and the network itself."""
    base, other = (
        losses_and_gradients(recipe(limbs=True, shift=(0, 0), part_weight=w, assign_weight=w))[0]["flow"]
        for w in (1.0, 3.0)
    )
    for name, factor in (("flow", 1), ("visibility", 1), ("part", 3), ("assignment", 3)):
        assert float(other[name].detach()) == pytest.approx(factor * float(base[name].detach()), rel=1e-5), name
    plain = {"limbs": False, "shift": (0, 0)}
    fine = losses_and_gradients(recipe(**plain))[0]["flow"]["flow"]
    coarse = losses_and_gradients(recipe(**plain, pyramid_weights="coarse_first"))[0]["flow"]["flow"]
    torch.manual_seed(0)
    batch, net = noise(), recipe(**plain).networks()["flow"]
    prediction = net(*flow_inputs(batch))
    expected = pyramid_loss(prediction.pyramid, batch["flow"], batch["visibility"], (0.005, 0.01, 0.02))
    assert float(coarse) == pytest.approx(float(expected.detach()), rel=1e-5)
    assert float(fine) > 5 * float(coarse)
    asked: list[object] = []
    monkeypatch.setattr(recipe_module, "vary_target", lambda batch, *how: (asked.append(how), batch)[1])
    losses_and_gradients(recipe(shift=(9, 4)))
    assert asked == [((9, 4),)]
    for regressor in ("unet", "unet_v2"):
        made = recipe(regressor=regressor)
        assert (made.network(made.settings, FACTS).unet is not None) == (regressor == "unet")


def test_the_truth_has_the_best_scores() -> None:
    batch = noise()
    logits = F.one_hot(batch["visibility"][:, 0].long(), 3).permute(0, 3, 1, 2).float()

    class Right(FlowPrediction):
        dense = batch["flow"]

    scores = recipe().scores(lambda *_: Right([batch["flow"]], logits), batch)  # type: ignore[arg-type]
    assert scores["epe"].tolist() == [0, 0]
    assert scores["visibility"].tolist() == [1, 1]
    assert (scores["epe_of_zero"] > 0).all()


def test_pictures() -> None:
    torch.manual_seed(0)
    made = recipe()
    pictures = made.pictures(made.network(made.settings, FACTS), noise())
    assert [picture.shape for picture in pictures] == [(2, 3, *SIZE)] * 4


def test_the_checkpoint_of_least_error_is_the_best() -> None:
    assert (FlowRecipe.monitor, FlowRecipe.higher_is_better) == ("epe", False)
