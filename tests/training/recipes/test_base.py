"""What recipes share: defaults, scores of pictures, the flow that networks are given."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ptx.models.flow_net import FlowNet
from ptx.models.ssim import ssim
from ptx.training.recipes.base import given_flow, load_flow_network, load_network, picture_scores, total
from ptx.training.settings import TrainSettings
from ptx.training.trainings.appearance_flow import TrainGeneratorSettings
from tests.training.recipes.noise import FACTS, noise
from tests.training.test_learner import TwoNetworks


class Shelf:
    """Trained models that are made up."""

    def network(self, name: str) -> nn.Module:
        torch.manual_seed(len(name))
        return FlowNet(8, 16, 3) if "flow" in name else nn.Conv2d(3, 3, 1)


def test_defaults_of_a_recipe() -> None:
    recipe = TwoNetworks.create(
        TrainSettings(learning_rate=0.5, weight_decay=0.25), type("Context", (), {"size": (8, 8)}), Shelf()
    )
    assert recipe.facts.size == (8, 8)
    assert recipe.frozen() == recipe.notes() == []
    optimiser = recipe.optimiser("first", nn.Conv2d(1, 1, 1))
    assert (optimiser.defaults["lr"], optimiser.defaults["weight_decay"]) == (0.5, 0.25)
    assert list(TwoNetworks(TrainSettings(), FACTS).networks()) == ["first", "second"]


def test_the_flow_comes_from_where_the_setting_says() -> None:
    batch = noise()
    for source, training in (("regressed", "train-flow"), ("learned", "train-pose-flow")):
        net = load_flow_network(Shelf(), TrainGeneratorSettings(flow=source))
        assert net is not None
        wanted = load_network(Shelf(), training, FlowNet)
        assert torch.equal(next(net.parameters()), next(wanted.parameters()))
        flow, visibility = given_flow(net.eval(), batch)
        assert not flow.requires_grad
        assert flow.shape == batch["flow"].shape
        assert visibility.shape == batch["visibility"].shape
    assert load_flow_network(Shelf(), TrainGeneratorSettings(flow="projected")) is None
    assert given_flow(None, batch) == (batch["flow"], batch["visibility"])
    with pytest.raises(AssertionError):
        load_network(Shelf(), "train-coarse", FlowNet)


def test_scores_of_a_picture_and_of_copying() -> None:
    batch = noise()
    scores = picture_scores(batch["target"], batch)
    torch.testing.assert_close(scores["ssim"], torch.ones(2))
    assert scores["l1"].tolist() == [0, 0]
    torch.testing.assert_close(scores["ssim_of_copy"], ssim(batch["source"], batch["target"]))
    half = picture_scores(torch.zeros_like(batch["target"]), batch)["l1"]
    torch.testing.assert_close(half, batch["target"].abs().mean((1, 2, 3)) / 2)
    assert total({"a": torch.tensor(1.0), "b": torch.tensor(2.5)}) == 3.5
