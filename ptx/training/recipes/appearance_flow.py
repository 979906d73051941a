"""The recipe of system A's flow network (Li, Huang and Loy, CVPR 2019, §3.2)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ptx.geometry.labels import BACKGROUND
from ptx.models.flow_net import FlowNet, FlowPrediction
from ptx.models.losses import PYRAMID_WEIGHTS, end_point_error, flow_loss
from ptx.models.warping import warp_pixels
from ptx.training.augment import vary_target
from ptx.training.context import NetworkFacts
from ptx.training.data import Batch, flow_inputs
from ptx.training.recipes.base import Losses, Recipe
from ptx.training.trainings.appearance_flow import TrainFlowSettings


class FlowRecipe(Recipe[TrainFlowSettings]):
    """The flow regressor, on the flow and visibility of fitted bodies."""

    name = "train-flow"
    monitor = "epe"
    higher_is_better = False
    main = "flow"

    @classmethod
    def network(cls, settings: TrainFlowSettings, facts: NetworkFacts) -> FlowNet:
        """Return the regressor."""
        return FlowNet(
            base_channels=settings.base_channels,
            max_channels=settings.max_channels,
            scales=settings.scales,
            radius=settings.radius,
            limbs=settings.limbs,
            regressor=settings.regressor,
        )

    def vary(self, batch: Batch) -> Batch:
        """Mirror pairs and move targets."""
        return vary_target(super().vary(batch), self.settings.shift)

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """End-point error, visibility, body parts."""
        s = self.settings
        batch = self.vary(batch)
        prediction: FlowPrediction = nets["flow"](*flow_inputs(batch))
        terms = flow_loss(
            prediction,
            batch["flow"],
            batch["visibility"],
            batch["source_part"],
            batch["target_part"],
            weights=PYRAMID_WEIGHTS[s.pyramid_weights],
            part_weight=s.part_weight,
            assign_weight=s.assign_weight,
        )
        return {"flow": terms}

    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """End-point error in px, that of zero flow, and the fraction of body pixels whose visibility is right."""
        prediction: FlowPrediction = net(*flow_inputs(batch))
        truth = batch["flow"]
        visibility = batch["visibility"]
        body = (visibility < BACKGROUND).float()
        right = (prediction.visibility == visibility).float() * body
        return {
            "epe": end_point_error(prediction.dense, truth, visibility),
            "epe_of_zero": end_point_error(torch.zeros_like(truth), truth, visibility),
            "visibility": right.sum((1, 2, 3)) / body.sum((1, 2, 3)).clamp(min=1),
        }

    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Source, target, source warped by the prediction, and by the truth."""
        prediction: FlowPrediction = net(*flow_inputs(batch))
        return [
            batch["source"],
            batch["target"],
            warp_pixels(batch["source"], prediction.flow, prediction.visibility),
            warp_pixels(batch["source"], batch["flow"], batch["visibility"]),
        ]
