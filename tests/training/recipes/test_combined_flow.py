"""The recipe of combined flow: what counts, what is scored, what it is given."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from ptx.models.combined_flow import CarriedFlow, CombinedFlow, CombinedPrediction
from ptx.models.flow_net import FlowPrediction
from ptx.models.warping import FLOW_UNIT
from ptx.training.data import Batch
from ptx.training.recipes.base import given_flow, load_flow_network
from ptx.training.recipes.combined_flow import CombinedFlowRecipe
from ptx.training.trainings.appearance_flow import TrainGeneratorSettings
from tests.training.recipes.noise import FACTS as SIZES
from tests.training.recipes.noise import TINY, FreshNetworks, fresh_recipe, is_trained, losses_and_gradients, noise


class Off(nn.Module):
    """Is off by (3, 4) px everywhere, and sure that all is visible; takes a share of the body's flow."""

    def __init__(
        self, truth: Tensor, by: tuple[float, float] = (3.0, 4.0), sure: float = 50.0, share: float = 1.0
    ) -> None:
        super().__init__()
        self.truth, self.by, self.sure, self.share = truth, by, sure, share

    def forward(
        self, carried: CarriedFlow, learned: FlowPrediction, source: Tensor, target: Tensor, image: Tensor
    ) -> CombinedPrediction:
        logits = torch.zeros_like(image)
        logits[:, 0] = self.sure
        share = torch.full_like(image[:, :1], self.share)
        return CombinedPrediction(self.truth + torch.tensor(self.by)[:, None, None], logits, share)


def labelled(*labels: int) -> Batch:
    """A batch of one pair whose columns have these labels in turn."""
    batch = noise(1)
    width = batch["source"].shape[-1]
    columns = torch.tensor(labels, dtype=torch.uint8).repeat(width)[:width]
    batch["true_visibility"] = columns.expand_as(batch["true_visibility"]).contiguous()
    return batch


def recipe(**settings: float) -> CombinedFlowRecipe:
    made = fresh_recipe("train-combined-flow", **TINY, **settings)
    assert isinstance(made, CombinedFlowRecipe)
    return made


@pytest.mark.parametrize(("hidden", "wanted"), [(0.5, 5.0), (0.0, 5.0)])
def test_the_error_is_a_mean_over_the_person(hidden: float, wanted: float) -> None:
    batch = labelled(0, 1, 2)
    terms = recipe(hidden=hidden, visibility=0.0).losses({"blend": Off(batch["true_flow"])}, batch, 0)["blend"]
    assert float(terms["flow"]) * FLOW_UNIT == pytest.approx(wanted, rel=1e-5)
    assert set(terms) == {"flow"}


def test_hidden_pixels_weigh_less() -> None:
    """Off on the hidden half alone: the share of it is hidden / (1 + hidden)."""
    batch = labelled(0, 1)
    off = Off(batch["true_flow"])
    batch["true_flow"] = torch.where(batch["true_visibility"] == 0, off(*[None] * 4, batch["source"]).dense, off.truth)
    terms = recipe(hidden=0.25).losses({"blend": off}, batch, 0)["blend"]
    assert float(terms["flow"]) * FLOW_UNIT == pytest.approx(5 * 0.25 / 1.25, rel=1e-4)


def test_one_pixel_of_a_person_is_a_mean_too() -> None:
    batch = labelled(2)
    batch["true_visibility"][0, 0, 3, 5] = 0
    terms = recipe(visibility=0.0).losses({"blend": Off(batch["true_flow"])}, batch, 0)["blend"]
    assert float(terms["flow"]) * FLOW_UNIT == pytest.approx(5.0, rel=1e-5)


@pytest.mark.parametrize("weight", [0.5, 0.25])
def test_labels_count_by_their_cross_entropy(weight: float) -> None:
    """Three labels of like probability: log 3, whatever is true."""
    batch = labelled(0, 1, 2)
    unsure = Off(batch["true_flow"], sure=0.0)
    terms = recipe(visibility=weight).losses({"blend": unsure}, batch, 0)["blend"]
    assert float(terms["visibility"]) == pytest.approx(weight * math.log(3), rel=1e-5)


def test_errors_are_to_be_small() -> None:
    assert (CombinedFlowRecipe.monitor, CombinedFlowRecipe.higher_is_better) == ("epe_visible", False)


def test_pictures() -> None:
    """Flow of nothing leaves the source as it is; a quarter of the body's flow is grey, between black, -1, and white."""
    batch = noise(2)
    still = Off(torch.zeros_like(batch["true_flow"]), by=(0.0, 0.0), share=0.25)
    source, target, warped, share = recipe().pictures(still, batch)
    assert torch.equal(source, batch["source"])
    assert torch.equal(target, batch["target"])
    torch.testing.assert_close(warped, batch["source"], atol=1e-5, rtol=0)
    torch.testing.assert_close(share, torch.full_like(source, -0.5))


def test_scores_are_of_what_the_source_shows() -> None:
    batch = labelled(0, 1, 2, 0)
    batch["carried_visibility"] = batch["true_visibility"]
    batch["carried_flow"] = batch["true_flow"] + 6 * (batch["true_visibility"] == 0)
    scores = recipe().scores(Off(batch["true_flow"]), batch)
    assert scores["epe_visible"].tolist() == pytest.approx([5.0], rel=1e-4)
    assert scores["epe_of_carried"].tolist() == pytest.approx([6 * 2**0.5], rel=1e-4)
    labels = batch["true_visibility"]
    assert scores["visibility"].tolist() == pytest.approx([float((labels == 0).sum() / (labels < 2).sum())])


def test_only_the_blend_is_trained() -> None:
    made = recipe()
    losses, networks = losses_and_gradients(made)
    assert list(networks) == ["blend"]
    assert set(losses["blend"]) == {"flow", "visibility"}
    assert is_trained(networks["blend"])
    assert made.frozen() == [made.learned]


def test_what_paints_is_given_the_combined_flow() -> None:
    net = load_flow_network(FreshNetworks(SIZES, {**TINY, "limbs": True}), TrainGeneratorSettings(flow="combined"))
    assert isinstance(net, CombinedFlow)
    batch = noise()
    flow, visibility = given_flow(net.eval(), batch)
    carried = CarriedFlow(batch["carried_flow"], batch["carried_visibility"])
    with torch.no_grad():
        wanted = net(carried, batch["source_keypoints"], batch["target_keypoints"], batch["source"])
    assert torch.equal(flow, wanted.flow)
    assert torch.equal(visibility, wanted.visibility)
