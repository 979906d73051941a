"""The recipes of system B's networks (Zheng et al., TIP 2021): no body model, no known flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.geometry.labels import BACKGROUND
from ptx.models.combined_flow import CombinedFlow
from ptx.models.flow_net import FlowNet, FlowPrediction
from ptx.models.garment_net import GARMENT_CHANNELS, GarmentNet, SynthesisNet
from ptx.models.pixels import to_tensor
from ptx.models.pose_flow_losses import LEVELS, PairWeights, active_levels, known_warp, known_warp_loss, pair_loss
from ptx.models.pose_maps import pose_map
from ptx.models.ssim import ssim
from ptx.models.warping import warp_picture, warp_pixels
from ptx.pictures.draw import GARMENT_COLOURS
from ptx.training.context import NetworkFacts, TrainingContext
from ptx.training.data import Batch, flow_inputs
from ptx.training.recipes.base import (
    Losses,
    Recipe,
    TrainedNetworks,
    given_flow,
    load_flow_network,
    load_network,
    trained_settings,
)
from ptx.training.recipes.generator import PaintingRecipe, PerceptualNetwork, load_features
from ptx.training.trainings.pose_flow import TrainGarmentSettings, TrainPoseFlowSettings, TrainSynthesisSettings


class PoseFlowRecipe(Recipe[TrainPoseFlowSettings]):
    """Flow from pairs of pictures and their garments."""

    name = "train-pose-flow"
    monitor = "warped_ssim"
    higher_is_better = True
    main = "flow"

    @classmethod
    def network(cls, settings: TrainPoseFlowSettings, facts: NetworkFacts) -> FlowNet:
        """Return the flow network, the same as system A's regressor."""
        return FlowNet(
            base_channels=settings.base_channels,
            max_channels=settings.max_channels,
            scales=settings.scales,
            radius=settings.radius,
            limbs=settings.limbs,
            picture=settings.picture,
        )

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """Looks and garments of the warped source, smoothness, outline; and sources warped on purpose."""
        s = self.settings
        batch = self.vary(batch)
        prediction: FlowPrediction = nets["flow"](*flow_inputs(batch))
        terms = pair_loss(
            prediction,
            batch["source"],
            batch["target"],
            batch["source_parsing"],
            batch["target_parsing"],
            PairWeights(s.texture, s.garments, s.hidden, s.smooth),
            active_levels(step / s.steps, s.coarse_to_fine, len(LEVELS)),
        )
        if s.known_warps > 0:
            known = known_warp(batch["source_keypoints"], batch["source_parsing"])
            predicted: FlowPrediction = nets["flow"](batch["source_keypoints"], known.keypoints, batch["source"])
            terms["known_warps"] = s.known_warps * known_warp_loss(predicted, known)
        return {"flow": terms}

    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """SSIM on the person of the source warped over the target, that of the source itself, and overlap of the outline."""
        prediction: FlowPrediction = net(*flow_inputs(batch))
        person = (batch["target_parsing"] > 0)[:, None]  # (B, 1, H, W)
        warped = torch.where(person, warp_picture(batch["source"], prediction.dense), batch["target"])
        copied = torch.where(person, batch["source"], batch["target"])
        predicted = prediction.visibility < BACKGROUND
        overlap = (predicted & person).sum((1, 2, 3)) / (predicted | person).sum((1, 2, 3)).clamp(min=1)
        return {
            "warped_ssim": ssim(warped, batch["target"]),
            "copied_ssim": ssim(copied, batch["target"]),
            "outline_iou": overlap.float(),
        }

    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Source, target, source warped by the flow."""
        prediction: FlowPrediction = net(*flow_inputs(batch))
        warped = warp_pixels(batch["source"], prediction.flow, prediction.visibility)
        return [batch["source"], batch["target"], warped]


class GarmentRecipe(Recipe[TrainGarmentSettings]):
    """GarmentNet: the garment that each pixel of the target shows.

    Args:
        settings: the training's section.
        facts: sizes that its networks' shapes depend on besides.
        flow_net: gives the flow; None where `settings.flow` is projected.
    """

    name = "train-garment"
    monitor = "iou"
    higher_is_better = True
    main = "garments"

    def __init__(
        self, settings: TrainGarmentSettings, facts: NetworkFacts, flow_net: FlowNet | CombinedFlow | None
    ) -> None:
        super().__init__(settings, facts)
        self.flow_net = flow_net

    @classmethod
    def create(cls, settings: TrainGarmentSettings, context: TrainingContext, models: TrainedNetworks) -> Self:
        """Make the recipe, with the network that gives the flow."""
        return cls(settings, NetworkFacts(context.size), load_flow_network(models, settings))

    @classmethod
    def network(cls, settings: TrainGarmentSettings, facts: NetworkFacts) -> GarmentNet:
        """Return GarmentNet."""
        return GarmentNet(
            base_channels=settings.base_channels,
            max_channels=settings.max_channels,
            scales=settings.scales,
            warped_scales=settings.warped_scales,
            fusion=settings.fusion,
            alignment=settings.feature_alignment,
        )

    def frozen(self) -> list[nn.Module]:
        """Return the flow network, where there is one."""
        return [] if self.flow_net is None else [self.flow_net]

    def logits(self, net: nn.Module, batch: Batch) -> Tensor:
        """(B, labels, H, W) of the target."""
        height, width = batch["source"].shape[-2:]
        pose = pose_map(batch["target_keypoints"], height, width, self.settings.radius)
        logits: Tensor = net(batch["source"], pose, *given_flow(self.flow_net, batch))
        return logits

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """Cross-entropy."""
        batch = self.vary(batch)
        logits = self.logits(nets["garments"], batch)
        return {"garments": {"cross_entropy": F.cross_entropy(logits.float(), batch["target_parsing"].long())}}

    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Overlap (IoU), mean over the labels that the target shows; the same of the source's own labels."""
        predicted = self.logits(net, batch).argmax(1)
        truth = batch["target_parsing"]
        return {"iou": mean_iou(predicted, truth), "iou_of_copy": mean_iou(batch["source_parsing"], truth)}

    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Source, target, true and predicted garments."""
        predicted = self.logits(net, batch).argmax(1)
        truth = batch["target_parsing"]
        return [batch["source"], batch["target"], paint_labels(truth), paint_labels(predicted)]


class SynthesisRecipe(PaintingRecipe[TrainSynthesisSettings]):
    """SynthesisNet: the picture, coarse to fine, from aligned appearance and predicted garments.

    Args:
        settings, facts, radius, flow_net, features: as for `PaintingRecipe`; the radius is that of GarmentNet.
        garments: the trained GarmentNet.
    """

    name = "train-synthesis"

    def __init__(
        self,
        settings: TrainSynthesisSettings,
        facts: NetworkFacts,
        radius: float,
        flow_net: FlowNet | CombinedFlow | None,
        features: PerceptualNetwork | None,
        garments: GarmentNet,
    ) -> None:
        super().__init__(settings, facts, radius, settings.background, flow_net, features)
        self.garments = garments

    @classmethod
    def create(cls, settings: TrainSynthesisSettings, context: TrainingContext, models: TrainedNetworks) -> Self:
        """Make the recipe, with GarmentNet and the network that gives the flow."""
        flow_net = load_flow_network(models, settings)
        features = load_features(settings)
        garments = load_network(models, "train-garment", GarmentNet)
        radius = trained_settings(models, "train-garment", TrainGarmentSettings).radius
        return cls(settings, NetworkFacts(context.size), radius, flow_net, features, garments)

    @classmethod
    def network(cls, settings: TrainSynthesisSettings, facts: NetworkFacts) -> SynthesisNet:
        """Return SynthesisNet."""
        return SynthesisNet(
            base_channels=settings.base_channels,
            max_channels=settings.max_channels,
            scales=settings.scales,
            warped_scales=settings.warped_scales,
            fusion=settings.fusion,
            background=settings.background,
            garments=settings.garments,
            pictures=settings.pictures,
            alignment=settings.feature_alignment,
        )

    def frozen(self) -> list[nn.Module]:
        """Return GarmentNet too."""
        return [*super().frozen(), self.garments]

    def paint(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Paint pictures, finest first."""
        flow, visibility = self.flow(batch)
        with torch.no_grad():
            garments = self.garments(batch["source"], self.target_pose(batch), flow, visibility).softmax(1)
        pictures: list[Tensor] = net(batch["source"], self.poses(batch), garments, flow, visibility)
        return pictures

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """Terms as for the generator; until `coarse_to_fine` of the steps only the smaller pictures count."""
        s = self.settings
        losses = super().losses(nets, batch, step)
        fine = float(step >= s.coarse_to_fine * s.steps or s.pictures == 1)
        terms = losses["generator"].items()
        losses["generator"] = {name: value if "of_1/" in name else fine * value for name, value in terms}
        return losses


def mean_iou(labels: Tensor, truth: Tensor) -> Tensor:
    """Intersection over union (B,) of label maps (B, H, W), mean over the labels that the truth shows."""
    a = F.one_hot(labels.long(), GARMENT_CHANNELS).bool()  # (B, H, W, labels)
    b = F.one_hot(truth.long(), GARMENT_CHANNELS).bool()
    shared = (a & b).sum((1, 2)).float()  # (B, labels)
    either = (a | b).sum((1, 2)).float()
    shown = b.any(1).any(1)
    return ((shared / either.clamp(min=1)) * shown).sum(1) / shown.sum(1).clamp(min=1)


def paint_labels(labels: Tensor) -> Tensor:
    """Garment labels (B, H, W) as colours (B, 3, H, W) in -1..1."""
    return to_tensor(GARMENT_COLOURS[labels.cpu().numpy()]).to(labels.device)
