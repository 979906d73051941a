"""The recipes of system A's generator and pixel warping (Li, Huang and Loy, CVPR 2019, §3.3 to §3.5).

`PaintingRecipe` is also what system B's SynthesisNet is trained by.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Generic, Self, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.models.combined_flow import CombinedFlow
from ptx.models.efficientnet_lite import EfficientNetLite0, feature_distance, unit_features
from ptx.models.flow_net import FlowNet
from ptx.models.generator import Generator, PatchDiscriminator, PixelWarp
from ptx.models.losses import gan_terms, gradient_loss
from ptx.models.pose_maps import PoseMaps, pose_map, pose_maps
from ptx.models.scales import pool_mean
from ptx.models.variants import Background
from ptx.models.vgg import Vgg19Features, perceptual_loss, style_loss
from ptx.training.augment import vary_target
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
from ptx.training.trainings.appearance_flow import PaintingSettings, TrainGeneratorSettings, TrainPixelWarpSettings

PerceptualNetwork = Vgg19Features | EfficientNetLite0
"""Networks by whose features pictures are compared."""

G = TypeVar("G", bound=PaintingSettings)


class PaintingRecipe(Recipe[G], Generic[G]):
    """A network that paints by a given flow, with a discriminator where it takes part.

    Args:
        settings: the training's section.
        facts: sizes that its networks' shapes depend on besides.
        radius: of the discs in the pose maps, px.
        background: of the network that paints; it determines the pose maps that it gets.
        flow_net: gives the flow; None where it is projected.
        features: for the perceptual loss; None without one.
    """

    monitor = "ssim"
    higher_is_better = True
    main = "generator"

    def __init__(
        self,
        settings: G,
        facts: NetworkFacts,
        radius: float,
        background: Background,
        flow_net: FlowNet | CombinedFlow | None,
        features: PerceptualNetwork | None,
    ) -> None:
        super().__init__(settings, facts)
        self.radius = radius
        self.background: Background = background
        self.flow_net = flow_net
        self.features = features

    def networks(self) -> dict[str, nn.Module]:
        """Return the network that paints, and the discriminator where it takes part."""
        networks = super().networks()
        if self.settings.adversarial > 0:
            networks["discriminator"] = PatchDiscriminator()
        return networks

    def frozen(self) -> list[nn.Module]:
        """Return the flow network and that of the perceptual loss, where there are such."""
        return [network for network in (self.flow_net, self.features) if network is not None]

    def notes(self) -> list[str]:
        """Say that there is no perceptual loss, where there is none."""
        if self.settings.weights:
            return []
        section = self.name.replace("-", "_")
        if self.settings.gradients:
            instead = "the loss on differences of neighbouring pixels stands in"
        else:
            instead = "there is none"
        return [f"no VGG-19 weights ({section}.vgg), so no perceptual loss; {instead}"]

    def optimiser(self, name: str, net: nn.Module) -> torch.optim.Adam:
        """Return Adam, with a rate and penalty of its own for the discriminator."""
        s = self.settings
        if name != "discriminator":
            return super().optimiser(name, net)
        return torch.optim.Adam(
            net.parameters(), s.discriminator_rate, s.betas, weight_decay=s.discriminator_decay, fused=True
        )

    def flow(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Flow (B, 2, H, W) px and visibility (B, 1, H, W) labels that the network is given."""
        return given_flow(self.flow_net, batch)

    def target_pose(self, batch: Batch) -> Tensor:
        """Pose map (B, 18, H, W) of the target."""
        height, width = batch["source"].shape[-2:]
        return pose_map(batch["target_keypoints"], height, width, self.radius)

    def poses(self, batch: Batch) -> PoseMaps:
        """The pose maps that the network that paints gets."""
        height, width = batch["source"].shape[-2:]
        source = batch["source_keypoints"]
        target = batch["target_keypoints"]
        return pose_maps(source, target, height, width, self.radius, self.background)

    @abstractmethod
    def paint(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Paint the target (B, 3, H, W) in -1..1, and smaller pictures where the network gives such, (B, 3, H/2^i, W/2^i)."""

    def vary(self, batch: Batch) -> Batch:
        """Mirror pairs, scale and move targets."""
        return vary_target(super().vary(batch), self.settings.shift, self.settings.scale)

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """L1, perceptual and gradient loss, L1 of smaller pictures, and the adversarial terms."""
        s = self.settings
        batch = self.vary(batch)
        painted, *smaller = self.paint(nets["generator"], batch)
        terms = self.reconstruction(painted, batch["target"])
        for level, picture in enumerate(smaller, 1):
            terms[f"l1_of_1/{2**level}"] = F.l1_loss(picture, pool_mean(batch["target"], level))
        losses: Losses = {"generator": terms}
        discriminator = nets.get("discriminator")
        if discriminator is not None and step >= s.adversarial_from:
            context = torch.cat([batch["source"], self.target_pose(batch)], dim=1)  # (B, 21, H, W)
            adversarial = gan_terms(
                discriminator,
                real=torch.cat([context, batch["target"]], dim=1),
                painted=torch.cat([context, painted], dim=1),
                weight=s.adversarial,
                discriminator_weight=0.5 * s.adversarial,
                kind=s.adversarial_kind,
            )
            terms["adversarial"] = adversarial.generator
            losses["discriminator"] = adversarial.discriminator
        return losses

    def reconstruction(self, painted: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Differences of the finest picture from the target, both (B, 3, H, W) in -1..1, in terms that need no discriminator."""
        s = self.settings
        terms = {"l1": F.l1_loss(painted, target)}
        match self.features:
            case Vgg19Features() as vgg:
                features = vgg(painted, target)
                terms["perceptual"] = s.perceptual * perceptual_loss(features)
                if s.style > 0:
                    terms["style"] = s.style * style_loss(features)
            case EfficientNetLite0() as network:
                with torch.no_grad():
                    wanted = unit_features(network(target))
                distance = feature_distance(unit_features(network(painted)), wanted)
                terms["perceptual"] = s.perceptual * distance.mean()
        if s.gradients > 0 and not isinstance(
            self.features, Vgg19Features
        ):  # EfficientNet's finest features are of half the size
            terms["gradients"] = s.gradients * gradient_loss(painted, target)
        return terms

    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """SSIM and L1 (0..1) of the painted picture, and of copying the source."""
        return picture_scores(self.paint(net, batch)[0], batch)

    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Source, target, painted."""
        return [batch["source"], batch["target"], self.paint(net, batch)[0]]


def load_features(settings: PaintingSettings) -> PerceptualNetwork | None:
    """Read the network of the perceptual loss: VGG-19 where it is named, else EfficientNet-Lite0; None where there is none.

    Raises:
        PtxError: there is no such file, or it holds other weights.
    """
    if settings.vgg is not None:
        return Vgg19Features.load(settings.vgg)
    return EfficientNetLite0.load() if settings.weights else None


class GeneratorRecipe(PaintingRecipe[TrainGeneratorSettings]):
    """The dual-path generator."""

    name = "train-generator"

    @classmethod
    def create(cls, settings: TrainGeneratorSettings, context: TrainingContext, models: TrainedNetworks) -> Self:
        """Make the recipe, with the network that gives the flow."""
        flow_net = load_flow_network(models, settings)
        facts = NetworkFacts(context.size)
        return cls(settings, facts, settings.radius, settings.background, flow_net, load_features(settings))

    @classmethod
    def network(cls, settings: TrainGeneratorSettings, facts: NetworkFacts) -> Generator:
        """Return the generator."""
        return Generator(
            base_channels=settings.base_channels,
            max_channels=settings.max_channels,
            scales=settings.scales,
            warped_scales=settings.warped_scales,
            fusion=settings.fusion,
            background=settings.background,
            alignment=settings.feature_alignment,
            surface=settings.surface,
        )

    def paint(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Generate the target."""
        return [net(batch["source"], self.poses(batch), *self.flow(batch), batch.get("drawn"))]


class PixelWarpRecipe(PaintingRecipe[TrainPixelWarpSettings]):
    """The pixel-warping network, with the generator frozen.

    Args:
        settings, facts, radius, flow_net, features: as for `PaintingRecipe`; radius and flow are those of the generator.
        painter: the trained generator.
    """

    name = "train-pixel-warp"

    def __init__(
        self,
        settings: TrainPixelWarpSettings,
        facts: NetworkFacts,
        radius: float,
        flow_net: FlowNet | CombinedFlow | None,
        features: PerceptualNetwork | None,
        painter: Generator,
    ) -> None:
        super().__init__(settings, facts, radius, painter.background, flow_net, features)
        self.painter = painter

    @classmethod
    def create(cls, settings: TrainPixelWarpSettings, context: TrainingContext, models: TrainedNetworks) -> Self:
        """Make the recipe, with the generator and the network that gives its flow."""
        painter = load_network(models, "train-generator", Generator)
        of_painter = trained_settings(models, "train-generator", TrainGeneratorSettings)
        flow_net = load_flow_network(models, of_painter)
        features = load_features(settings)
        return cls(settings, NetworkFacts(context.size), of_painter.radius, flow_net, features, painter)

    @classmethod
    def network(cls, settings: TrainPixelWarpSettings, facts: NetworkFacts) -> PixelWarp:
        """Return the mixing network."""
        return PixelWarp(
            base_channels=settings.base_channels,
            max_channels=settings.max_channels,
            scales=settings.scales,
            inputs=settings.inputs,
        )

    def frozen(self) -> list[nn.Module]:
        """Return the generator too."""
        return [*super().frozen(), self.painter]

    def paint(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Generate the target, then mix it with the warped source."""
        flow, visibility = self.flow(batch)
        with torch.no_grad():
            generated = self.painter(batch["source"], self.poses(batch), flow, visibility, batch.get("drawn"))
        mixed, _ = net(generated, batch["source"], flow, visibility)
        return [mixed]
