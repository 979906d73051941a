"""System A's flow network in training: its terms, scores of the truth, and pictures."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from ptx.models.flow_net import FlowPrediction
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
