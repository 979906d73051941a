"""What the networks of system B are trained on (Zheng et al., TIP 2021): no body model, no flow that anybody knows."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.geometry.labels import BACKGROUND
from ptx.models.flow_net import FlowNet
from ptx.models.garment_net import GARMENT_CHANNELS, GarmentNet, SynthesisNet
from ptx.models.pixels import to_tensor
from ptx.models.pose_flow_losses import LEVELS, PairWeights, active_levels, known_warp, known_warp_loss, pair_loss
from ptx.models.pose_maps import pose_map
from ptx.models.ssim import ssim
from ptx.models.warping import warp, warp_pixels
from ptx.pictures.draw import GARMENT_COLOURS
from ptx.training.data import Batch
from ptx.training.networks import build
from ptx.training.recipes.base import Losses, Recipe, TrainGenerator, asked, given_flow
from ptx.training.settings import TrainGarmentSettings, TrainPoseFlowSettings, TrainSynthesisSettings


class TrainPoseFlow(Recipe):
    """Flow from pairs of pictures and their garments."""

    name, score, best = "train-pose-flow", "warped_ssim", 1
    settings: TrainPoseFlowSettings

    def networks(self) -> dict[str, nn.Module]:
        """The same network as the regressor of system A."""
        return {"flow": build(FlowNet, self.settings.model_dump())}

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """Looks and garments where the flow leads, smoothness, outline; and sources warped on purpose."""
        s, net = self.settings, nets["flow"]
        levels = active_levels(step / s.steps, s.coarse_to_fine, len(LEVELS))
        parsings = batch["source_parsing"], batch["target_parsing"]
        weights = PairWeights(s.texture, s.garments, s.hidden, s.smooth)
        terms = pair_loss(net(*asked(batch)), batch["source"], batch["target"], *parsings, weights, levels)
        if s.known_warps > 0:
            known = known_warp(batch["source_keypoints"], batch["source_parsing"])
            prediction = net(batch["source_keypoints"], known.keypoints, batch["source"])
            terms["known_warps"] = s.known_warps * known_warp_loss(prediction, known)
        return {"flow": terms}

    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """SSIM on the person of the source warped over the source, that of the source itself, and overlap of the outline."""
        prediction = net(*asked(batch))
        person = (batch["target_parsing"] > 0)[:, None]
        warped = torch.where(person, warp(batch["source"], prediction.dense), batch["target"])
        copied = torch.where(person, batch["source"], batch["target"])
        mine = prediction.visibility < BACKGROUND
        overlap = (mine & person).sum((1, 2, 3)) / (mine | person).sum((1, 2, 3)).clamp(min=1)
        return {
            "warped_ssim": ssim(warped, batch["target"]),
            "copied_ssim": ssim(copied, batch["target"]),
            "outline_iou": overlap.float(),
        }

    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Source, target, source warped by the flow."""
        prediction = net(*asked(batch))
        return [
            batch["source"],
            batch["target"],
            warp_pixels(batch["source"], prediction.flow, prediction.visibility),
        ]


class TrainGarment(Recipe):
    """Which garment each pixel of the target shows."""

    name, score, best = "train-garment", "iou", 1
    settings: TrainGarmentSettings

    def __init__(self, settings: TrainGarmentSettings, regressor: FlowNet | None) -> None:
        """`regressor`: gives the flow; None where `settings.flow` is projected."""
        super().__init__(settings)
        self.regressor = regressor

    def networks(self) -> dict[str, nn.Module]:
        """GarmentNet."""
        return {"garments": build(GarmentNet, self.settings.model_dump())}

    def logits(self, net: nn.Module, batch: Batch) -> Tensor:
        """(B, labels, H, W)."""
        pose = pose_map(batch["target_keypoints"], *batch["source"].shape[-2:], self.settings.radius)
        return net(batch["source"], pose, *given_flow(self.regressor, batch))

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """Cross-entropy."""
        del step
        logits = self.logits(nets["garments"], batch)
        return {"garments": {"cross_entropy": F.cross_entropy(logits.float(), batch["target_parsing"].long())}}

    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Overlap (IoU), mean over the labels that the target shows; the same of the source's own labels."""
        found = self.logits(net, batch).argmax(1)
        truth = batch["target_parsing"]
        return {"iou": mean_iou(found, truth), "iou_of_copy": mean_iou(batch["source_parsing"], truth)}

    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Source, target, true and predicted garments."""
        found = self.logits(net, batch).argmax(1)
        return [batch["source"], batch["target"], painted_labels(batch["target_parsing"]), painted_labels(found)]


class TrainSynthesis(TrainGenerator):
    """The picture, coarse to fine, from aligned appearance and predicted garments."""

    name = "train-synthesis"
    settings: TrainSynthesisSettings

    def __init__(
        self,
        settings: TrainSynthesisSettings,
        regressor: FlowNet | None,
        features: nn.Module | None,
        garments: GarmentNet,
    ) -> None:
        super().__init__(settings, regressor, features)
        self.garments = garments

    def networks(self) -> dict[str, nn.Module]:
        """SynthesisNet, and the discriminator where it takes part."""
        return super().networks() | {"generator": build(SynthesisNet, self.settings.model_dump())}

    def paint(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Pictures, finest first."""
        flow = self.flow(batch)
        with torch.no_grad():
            kinds = self.garments(batch["source"], self.target_pose(batch), *flow).softmax(1)
        return net(batch["source"], self.poses(batch), kinds, *flow)

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """As for the generator; until `coarse_to_fine` of the steps only the smaller pictures count."""
        out = super().losses(nets, batch, step)
        fine = float(step >= self.settings.coarse_to_fine * self.settings.steps or self.settings.pictures == 1)
        out["generator"] = {k: v if "of_1/" in k else fine * v for k, v in out["generator"].items()}
        return out


def mean_iou(labels: Tensor, truth: Tensor) -> Tensor:
    """Intersection over union (B,) of label maps (B, H, W), mean over the labels that the truth shows."""
    mine, own = (F.one_hot(x.long(), GARMENT_CHANNELS).bool() for x in (labels, truth))
    shared, either = ((mine & own).sum((1, 2)).float(), (mine | own).sum((1, 2)).float())  # (B, labels)
    shown = own.any(1).any(1)
    return ((shared / either.clamp(min=1)) * shown).sum(1) / shown.sum(1).clamp(min=1)


def painted_labels(labels: Tensor) -> Tensor:
    """Labels (B, H, W) as colours (B, 3, H, W) in -1..1."""
    return to_tensor(GARMENT_COLOURS[labels.cpu().numpy()]).to(labels.device)
