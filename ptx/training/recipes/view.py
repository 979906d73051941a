"""What the networks of system C are trained on: PG²'s weighted L1, and a discriminator of pairs (Ma et al., NIPS 2017, §3)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ptx.models.flow_net import FlowNet
from ptx.models.losses import gan_terms
from ptx.models.pg2 import CoarseNet, PairDiscriminator, RefineNet
from ptx.models.pose_maps import pose_map
from ptx.models.pose_mask import part_weights, pose_mask
from ptx.models.warping import warp_pixels
from ptx.training.data import Batch
from ptx.training.networks import build
from ptx.training.recipes.base import Losses, Recipe, given_flow, painted_scores
from ptx.training.settings import TrainCoarseSettings, TrainRefineSettings


class TrainCoarse(Recipe):
    """G1, the coarse picture."""

    name, score, best = "train-coarse", "ssim", 1
    settings: TrainCoarseSettings

    def __init__(self, settings: TrainCoarseSettings, size: tuple[int, int]) -> None:
        """`size`: (height, width) of the pictures."""
        super().__init__(settings)
        self.size = size

    def networks(self) -> dict[str, nn.Module]:
        """G1."""
        return {"coarse": build(CoarseNet, self.settings.model_dump() | {"size": self.size})}

    def paint(self, net: nn.Module, batch: Batch) -> Tensor:
        """(B, 3, H, W)."""
        return net(batch["source"], pose_map(batch["target_keypoints"], *self.size, self.settings.radius))

    def weighted_l1(self, painted: Tensor, batch: Batch) -> Tensor:
        """Mean of |painted - target| (1 + M), M as the setting `weighting` says."""
        weigh = part_weights if self.settings.weighting == "parts" else pose_mask
        mask = weigh(batch["target_keypoints"], *self.size)
        return ((painted - batch["target"]).abs() * (1 + mask)).mean()

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """Weighted L1."""
        del step
        return {"coarse": {"weighted_l1": self.weighted_l1(self.paint(nets["coarse"], batch), batch)}}

    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """SSIM and L1 (0..1) of the painted picture, and of copying the source."""
        return painted_scores(self.paint(net, batch).clamp(-1, 1), batch)

    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Source, target, painted."""
        return [batch["source"], batch["target"], self.paint(net, batch).clamp(-1, 1)]


class TrainRefine(TrainCoarse):
    """G2, with G1 frozen, and the discriminator where it takes part."""

    name = "train-refine"
    settings: TrainRefineSettings

    def __init__(
        self, settings: TrainRefineSettings, size: tuple[int, int], regressor: FlowNet | None, coarse: CoarseNet
    ) -> None:
        """`regressor`: gives the flow; None where `settings.flow` is projected."""
        super().__init__(settings, size)
        self.regressor, self.coarse = regressor, coarse

    def networks(self) -> dict[str, nn.Module]:
        """G2, and the discriminator where it takes part."""
        nets: dict[str, nn.Module] = {"refine": build(RefineNet, self.settings.model_dump())}
        if self.settings.adversarial > 0:
            nets["discriminator"] = PairDiscriminator(self.size)
        return nets

    def paint(self, net: nn.Module, batch: Batch) -> Tensor:
        """(B, 3, H, W): the coarse picture, refined."""
        flow, visibility = given_flow(self.regressor, batch)
        with torch.no_grad():
            coarse = super().paint(self.coarse, batch)
        return net(coarse, batch["source"], warp_pixels(batch["source"], flow, visibility), visibility)

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """Weighted L1 and the discriminator's judgement."""
        del step
        s, painted = self.settings, self.paint(nets["refine"], batch)
        out: Losses = {"refine": {"weighted_l1": s.l1 * self.weighted_l1(painted, batch)}}
        judge = nets.get("discriminator")
        if judge is not None:
            real, fake = (torch.cat([picture, batch["source"]], dim=1) for picture in (batch["target"], painted))
            terms = gan_terms(judge, real, fake, weight=s.adversarial)
            out["refine"]["adversarial"] = terms.generator
            out["discriminator"] = terms.discriminator
        return out
