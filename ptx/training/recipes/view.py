"""The recipes of system C's networks: PG²'s weighted L1, and its discriminator of pairs (Ma et al., NIPS 2017, §3)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Generic, Self, TypeVar

import torch
from torch import Tensor, nn

from ptx.models.combined_flow import CombinedFlow
from ptx.models.flow_net import FlowNet
from ptx.models.losses import gan_terms
from ptx.models.pg2 import CoarseNet, PairDiscriminator, RefineNet
from ptx.models.pose_maps import pose_map
from ptx.models.pose_mask import part_weights, pose_mask
from ptx.models.warping import warp_pixels
from ptx.training.context import NetworkFacts, TrainingContext
from ptx.training.data import Batch
from ptx.training.recipes.base import (
    Losses,
    Recipe,
    TrainedNetworks,
    given_flow,
    load_flow_network,
    load_network,
    picture_scores,
    trained_settings,
)
from ptx.training.trainings.view import TrainCoarseSettings, TrainRefineSettings, WeightedL1Settings

C = TypeVar("C", bound=WeightedL1Settings)


class WeightedL1Recipe(Recipe[C], Generic[C]):
    """A network that paints the target under PG²'s weighted L1."""

    monitor = "ssim"
    higher_is_better = True

    @abstractmethod
    def paint(self, net: nn.Module, batch: Batch) -> Tensor:
        """Paint the target (B, 3, H, W), about -1..1."""

    def weighted_l1(self, painted: Tensor, batch: Batch) -> Tensor:
        """Mean of |painted - target| (1 + M), M as the setting `weighting` says: a scalar."""
        height, width = self.facts.size
        if self.settings.weighting == "parts":
            mask = part_weights(batch["target_keypoints"], height, width)
        else:
            mask = pose_mask(batch["target_keypoints"], height, width)
        return ((painted - batch["target"]).abs() * (1 + mask)).mean()

    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """SSIM and L1 (0..1) of the painted picture, and of copying the source."""
        return picture_scores(self.paint(net, batch).clamp(-1, 1), batch)

    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Source, target, painted."""
        return [batch["source"], batch["target"], self.paint(net, batch).clamp(-1, 1)]


class CoarseRecipe(WeightedL1Recipe[TrainCoarseSettings]):
    """G1, the coarse picture."""

    name = "train-coarse"
    main = "coarse"

    @classmethod
    def network(cls, settings: TrainCoarseSettings, facts: NetworkFacts) -> CoarseNet:
        """Return G1."""
        return CoarseNet(
            size=facts.size, base_channels=settings.base_channels, scales=settings.scales, latent=settings.latent
        )

    def paint(self, net: nn.Module, batch: Batch) -> Tensor:
        """Paint coarsely."""
        return paint_coarse(net, batch, self.settings.radius)

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """Weighted L1."""
        batch = self.vary(batch)
        return {"coarse": {"weighted_l1": self.weighted_l1(self.paint(nets["coarse"], batch), batch)}}


class RefineRecipe(WeightedL1Recipe[TrainRefineSettings]):
    """G2, with G1 frozen, and the discriminator where it takes part.

    Args:
        settings: the training's section.
        facts: sizes that its networks' shapes depend on besides.
        radius: of the discs in G1's pose maps, px.
        flow_net: gives the flow; None where `settings.flow` is projected.
        coarse: the trained G1.
    """

    name = "train-refine"
    main = "refine"

    def __init__(
        self,
        settings: TrainRefineSettings,
        facts: NetworkFacts,
        radius: float,
        flow_net: FlowNet | CombinedFlow | None,
        coarse: CoarseNet,
    ) -> None:
        super().__init__(settings, facts)
        self.radius = radius
        self.flow_net = flow_net
        self.coarse = coarse

    @classmethod
    def create(cls, settings: TrainRefineSettings, context: TrainingContext, models: TrainedNetworks) -> Self:
        """Make the recipe, with G1 and the network that gives the flow."""
        flow_net = load_flow_network(models, settings)
        coarse = load_network(models, "train-coarse", CoarseNet)
        radius = trained_settings(models, "train-coarse", TrainCoarseSettings).radius
        return cls(settings, NetworkFacts(context.size), radius, flow_net, coarse)

    @classmethod
    def network(cls, settings: TrainRefineSettings, facts: NetworkFacts) -> RefineNet:
        """Return G2."""
        return RefineNet(
            base_channels=settings.base_channels,
            scales=settings.scales,
            texture=settings.texture,
            full_size_skip=settings.full_size_skip,
        )

    def networks(self) -> dict[str, nn.Module]:
        """Return G2, and the discriminator where it takes part."""
        networks = super().networks()
        if self.settings.adversarial > 0:
            networks["discriminator"] = PairDiscriminator(self.facts.size)
        return networks

    def frozen(self) -> list[nn.Module]:
        """Return G1, and the flow network where there is one."""
        return [self.coarse] if self.flow_net is None else [self.flow_net, self.coarse]

    def paint(self, net: nn.Module, batch: Batch) -> Tensor:
        """Paint coarsely, then refine; without `texture` no flow is asked for."""
        source = batch["source"]
        with torch.no_grad():
            coarse = paint_coarse(self.coarse, batch, self.radius)
        if not self.settings.texture:
            plain: Tensor = net(coarse, source)
            return plain
        flow, visibility = given_flow(self.flow_net, batch)
        textured: Tensor = net(coarse, source, warp_pixels(source, flow, visibility), visibility)
        return textured

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """Weighted L1 and the adversarial terms."""
        s = self.settings
        batch = self.vary(batch)
        painted = self.paint(nets["refine"], batch)
        losses: Losses = {"refine": {"weighted_l1": s.l1 * self.weighted_l1(painted, batch)}}
        discriminator = nets.get("discriminator")
        if discriminator is not None:
            adversarial = gan_terms(
                discriminator,
                real=torch.cat([batch["target"], batch["source"]], dim=1),
                painted=torch.cat([painted, batch["source"]], dim=1),
                weight=s.adversarial,
                discriminator_weight=1.0,
                kind="bce",
            )
            losses["refine"]["adversarial"] = adversarial.generator
            losses["discriminator"] = adversarial.discriminator
        return losses


def paint_coarse(net: nn.Module, batch: Batch, radius: float) -> Tensor:
    """The coarse picture (B, 3, H, W), about -1..1, of a G1; `radius` of the discs in the pose map, px."""
    height, width = batch["source"].shape[-2:]
    pose = pose_map(batch["target_keypoints"], height, width, radius)  # (B, 18, H, W)
    coarse: Tensor = net(batch["source"], pose)
    return coarse
