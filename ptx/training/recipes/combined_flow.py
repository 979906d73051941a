"""The recipe of the network that combines the flow of dressed bodies with learned flow (ours)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.geometry.labels import BACKGROUND, VISIBLE
from ptx.models.combined_flow import CombinedPrediction, FlowBlend
from ptx.models.flow_net import FlowNet, FlowPrediction
from ptx.models.losses import end_point_error
from ptx.models.warping import FLOW_UNIT, warp_pixels
from ptx.training.context import NetworkFacts, TrainingContext
from ptx.training.data import Batch, flow_inputs
from ptx.training.recipes.base import Losses, Recipe, TrainedNetworks, carried_flow, load_network
from ptx.training.trainings.combined_flow import TrainCombinedFlowSettings


class CombinedFlowRecipe(Recipe[TrainCombinedFlowSettings]):
    """The blend of two flows, on the exact flow of synthetic people.

    Args:
        settings: the training's section.
        facts: sizes that its networks' shapes depend on besides.
        learned: the trained network of pose flow.
    """

    name = "train-combined-flow"
    monitor = "epe_visible"
    higher_is_better = False
    main = "blend"

    def __init__(self, settings: TrainCombinedFlowSettings, facts: NetworkFacts, learned: FlowNet) -> None:
        super().__init__(settings, facts)
        self.learned = learned

    @classmethod
    def create(cls, settings: TrainCombinedFlowSettings, context: TrainingContext, models: TrainedNetworks) -> Self:
        """Make the recipe, with the learned flow."""
        return cls(settings, NetworkFacts(context.size), load_network(models, "train-pose-flow", FlowNet))

    @classmethod
    def network(cls, settings: TrainCombinedFlowSettings, facts: NetworkFacts) -> FlowBlend:
        """Return the blend."""
        return FlowBlend(settings.base_channels, settings.max_channels, settings.scales, settings.radius)

    def frozen(self) -> list[nn.Module]:
        """Return the network of learned flow."""
        return [self.learned]

    def predict(self, net: nn.Module, batch: Batch) -> tuple[CombinedPrediction, FlowPrediction]:
        """Return the combined flow, and the learned one."""
        with torch.no_grad():
            learned: FlowPrediction = self.learned(*flow_inputs(batch))
        prediction: CombinedPrediction = net(carried_flow(batch), learned, *flow_inputs(batch))
        return prediction, learned

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """End-point error over the person, hidden pixels weighing less, and cross-entropy of visibility."""
        s = self.settings
        batch = self.vary(batch)
        prediction, _ = self.predict(nets["blend"], batch)
        labels = batch["true_visibility"][:, 0]  # (B, H, W)
        weight = (labels == VISIBLE) + s.hidden * ((labels != VISIBLE) & (labels < BACKGROUND))
        error = (prediction.dense - batch["true_flow"]).norm(dim=1) / FLOW_UNIT
        terms = {"flow": (error * weight).sum() / weight.sum().clamp(min=1)}
        if s.visibility > 0:
            terms["visibility"] = s.visibility * F.cross_entropy(prediction.logits, labels.long())
        return {"blend": terms}

    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """End-point errors in px over what the source shows, also of both flows alone, and the share of right labels on the person."""
        prediction, learned = self.predict(net, batch)
        truth, labels = batch["true_flow"], batch["true_visibility"]
        seen = torch.where(labels == VISIBLE, labels, BACKGROUND)
        body = (labels < BACKGROUND).float()
        right = (prediction.visibility == labels).float() * body
        return {
            "epe_visible": end_point_error(prediction.dense, truth, seen),
            "epe_of_learned": end_point_error(learned.dense, truth, seen),
            "epe_of_carried": end_point_error(
                carried_flow(batch).dense(batch["source_keypoints"], batch["target_keypoints"]), truth, seen
            ),
            "visibility": right.sum((1, 2, 3)) / body.sum((1, 2, 3)).clamp(min=1),
        }

    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Source, target, source warped by the combined flow, share of the body's flow."""
        prediction, _ = self.predict(net, batch)
        warped = warp_pixels(batch["source"], prediction.flow, prediction.visibility)
        return [batch["source"], batch["target"], warped, 2 * prediction.weight.expand(-1, 3, -1, -1) - 1]
