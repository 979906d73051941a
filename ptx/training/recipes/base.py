"""What each model is trained on: its networks, its losses, its score. One class a training stage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ptx.geometry.labels import BACKGROUND
from ptx.models.flow_net import FlowNet
from ptx.models.generator import Generator, PatchDiscriminator, PixelWarp
from ptx.models.losses import end_point_error, flow_loss, gan_terms, gradient_loss
from ptx.models.pose_maps import PoseMaps, pose_map, pose_maps
from ptx.models.ssim import ssim
from ptx.models.variants import Background
from ptx.models.vgg import perceptual_loss, style_loss
from ptx.models.warping import warp_pixels
from ptx.training.augment import vary_target
from ptx.training.data import Batch
from ptx.training.networks import build
from ptx.training.settings import TrainFlowSettings, TrainGeneratorSettings, TrainSettings

Losses = dict[str, dict[str, Tensor]]
"""Name of the network that a loss trains → its terms by name."""


class Recipe(ABC):
    """A model in training."""

    name: ClassVar[str]
    """As in `ptx run NAME`."""
    score: ClassVar[str]
    """What decides which checkpoint is best."""
    best: ClassVar[int]
    """1 where a higher score is better, -1 where a lower one is."""

    def __init__(self, settings: TrainSettings) -> None:
        self.settings = settings

    @abstractmethod
    def networks(self) -> dict[str, nn.Module]:
        """Freshly initialised networks that are trained, the one that is used later first."""

    @abstractmethod
    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """What the networks are trained on in this step; their sum per network is minimised."""

    @abstractmethod
    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Scores (B,) of the averaged network."""

    @abstractmethod
    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Columns of a sample sheet, each (B, 3, H, W) in -1..1."""

    def optimiser(self, name: str, net: nn.Module) -> torch.optim.Adam:
        """Adam for one of the networks; its rate is the one before any decay."""
        del name
        s = self.settings
        return torch.optim.Adam(net.parameters(), s.learning_rate, s.betas, weight_decay=s.weight_decay, fused=True)


class TrainFlow(Recipe):
    """The flow regressor, on the flow and visibility of fitted bodies."""

    name, score, best = "train-flow", "epe", -1
    settings: TrainFlowSettings

    def networks(self) -> dict[str, nn.Module]:
        """The regressor."""
        s = self.settings
        return {"flow": build(FlowNet, s.model_dump())}

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """End-point error, visibility, parts."""
        del step
        batch = vary_target(batch, self.settings.shift)
        truth = batch["flow"], batch["visibility"], batch["source_part"], batch["target_part"]
        s = self.settings
        weights = {"part_weight": s.part_weight, "assign_weight": s.assign_weight}
        return {"flow": flow_loss(nets["flow"](*asked(batch)), *truth, **weights)}

    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """End-point error in px, that of zero flow, and the share of body pixels whose visibility is right."""
        prediction, truth, visibility = net(*asked(batch)), batch["flow"], batch["visibility"]
        body = (visibility < BACKGROUND).float()
        right = (prediction.visibility == visibility).float() * body
        return {
            "epe": end_point_error(prediction.dense, truth, visibility),
            "epe_of_zero": end_point_error(torch.zeros_like(truth), truth, visibility),
            "visibility": right.sum((1, 2, 3)) / body.sum((1, 2, 3)).clamp(min=1),
        }

    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Source, target, source warped by the prediction, and by the truth."""
        prediction = net(*asked(batch))
        predicted = warp_pixels(batch["source"], prediction.flow, prediction.visibility)
        return [
            batch["source"],
            batch["target"],
            predicted,
            warp_pixels(batch["source"], batch["flow"], batch["visibility"]),
        ]


class TrainGenerator(Recipe):
    """The dual-path generator, with the flow regressor frozen or with the flow of the stores."""

    name, score, best = "train-generator", "ssim", 1
    settings: TrainGeneratorSettings

    def __init__(self, settings: TrainGeneratorSettings, regressor: FlowNet | None, features: nn.Module | None) -> None:
        """`regressor`: gives the flow; None where `settings.flow` is projected. `features`: VGG's, for the perceptual loss, or None."""
        super().__init__(settings)
        self.regressor, self.features = regressor, features
        self.background: Background = settings.background

    def networks(self) -> dict[str, nn.Module]:
        """Generator, and the discriminator where it takes part."""
        s = self.settings
        nets: dict[str, nn.Module] = {"generator": build(Generator, s.model_dump())}
        if s.adversarial > 0:
            nets["discriminator"] = PatchDiscriminator()
        return nets

    def optimiser(self, name: str, net: nn.Module) -> torch.optim.Adam:
        """Adam, with a rate and penalty of its own for the discriminator."""
        s = self.settings
        if name != "discriminator":
            return super().optimiser(name, net)
        return torch.optim.Adam(
            net.parameters(), s.discriminator_rate, s.betas, weight_decay=s.discriminator_decay, fused=True
        )

    def flow(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Flow (B, 2, H, W) px and visibility (B, 1, H, W) that the generator is given."""
        return given_flow(self.regressor, batch)

    def target_pose(self, batch: Batch) -> Tensor:
        """Pose map (B, 18, H, W) that the picture is painted by."""
        return pose_map(batch["target_keypoints"], *batch["source"].shape[-2:], self.settings.radius)

    def poses(self, batch: Batch) -> PoseMaps:
        """What the networks that paint see of poses: `pose_maps`."""
        keypoints, size = (batch["source_keypoints"], batch["target_keypoints"]), batch["source"].shape[-2:]
        return pose_maps(*keypoints, *size, self.settings.radius, self.background)

    def paint(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """The picture (B, 3, H, W) that the model gives, and smaller ones where it gives such, (B, 3, H/2^i, W/2^i)."""
        return [net(batch["source"], self.poses(batch), *self.flow(batch))]

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """L1, perceptual or gradient loss, L1 of smaller pictures, and the discriminator's judgement."""
        batch = vary_target(batch, self.settings.shift, self.settings.scale)
        painted, *smaller = self.paint(nets["generator"], batch)
        out: Losses = {"generator": self.looks(painted, batch["target"])}
        for level, small in enumerate(smaller, 1):
            out["generator"][f"l1_of_1/{2**level}"] = F.l1_loss(small, F.avg_pool2d(batch["target"], 2**level))
        judge = nets.get("discriminator")
        if judge is not None and step >= self.settings.adversarial_from:
            self.judge(judge, painted, batch, out)
        return out

    def looks(self, painted: Tensor, target: Tensor) -> dict[str, Tensor]:
        """How far the finest picture is from the target, in terms that need no training."""
        s, terms = self.settings, {"l1": F.l1_loss(painted, target)}
        if self.features is not None:
            seen = self.features(painted, target)
            terms["perceptual"] = s.perceptual * perceptual_loss(seen)
            if s.style > 0:
                terms["style"] = s.style * style_loss(seen)
        elif s.gradients > 0:
            terms["gradients"] = s.gradients * gradient_loss(painted, target)
        return terms

    def judge(self, judge: nn.Module, painted: Tensor, batch: Batch, out: Losses) -> None:
        """Add the discriminator's judgement to the generator's terms, and what itself is trained on."""
        s = self.settings
        context = torch.cat([batch["source"], self.target_pose(batch)], dim=1)
        terms = gan_terms(
            judge,
            torch.cat([context, batch["target"]], dim=1),
            torch.cat([context, painted], dim=1),
            weight=s.adversarial,
            discriminator_weight=0.5 * s.adversarial,
            kind=s.adversarial_kind,
        )
        out["generator"]["adversarial"] = terms.generator
        out["discriminator"] = terms.discriminator

    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """SSIM and L1 (0..1) of the painted picture, and of copying the source."""
        return painted_scores(self.paint(net, batch)[0], batch)

    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Source, target, painted."""
        return [batch["source"], batch["target"], self.paint(net, batch)[0]]


class TrainPixelWarp(TrainGenerator):
    """The pixel-warping net, with regressor and generator frozen."""

    name = "train-pixel-warp"

    def __init__(
        self,
        settings: TrainGeneratorSettings,
        regressor: FlowNet | None,
        features: nn.Module | None,
        painter: Generator,
    ) -> None:
        super().__init__(settings, regressor, features)
        self.painter, self.background = painter, painter.background

    def networks(self) -> dict[str, nn.Module]:
        """The mixing net, and the discriminator where it takes part."""
        nets = super().networks()
        s = self.settings
        return {"generator": build(PixelWarp, s.model_dump()), **{k: v for k, v in nets.items() if k != "generator"}}

    def paint(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Generated, then mixed with the warped source."""
        flow, visibility = self.flow(batch)
        with torch.no_grad():
            generated = self.painter(batch["source"], self.poses(batch), flow, visibility)
        return [net(generated, batch["source"], flow, visibility)[0]]


def asked(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """What a flow network is asked: keypoints of source and target, the source's picture."""
    return batch["source_keypoints"], batch["target_keypoints"], batch["source"]


def painted_scores(painted: Tensor, batch: Batch) -> dict[str, Tensor]:
    """SSIM and L1 (0..1) of a painted picture (B, 3, H, W), and SSIM of copying the source."""
    target = batch["target"]
    return {
        "ssim": ssim(painted, target),
        "ssim_of_copy": ssim(batch["source"], target),
        "l1": (painted - target).abs().mean((1, 2, 3)) / 2,
    }


def given_flow(regressor: FlowNet | None, batch: Batch) -> tuple[Tensor, Tensor]:
    """Flow (B, 2, H, W) px and visibility (B, 1, H, W) of a frozen network, or of the stores where there is none."""
    if regressor is None:
        return batch["flow"], batch["visibility"]
    with torch.no_grad():
        prediction = regressor(*asked(batch))
    return prediction.flow, prediction.visibility


def total(terms: Mapping[str, Tensor]) -> Tensor:
    """Sum of a network's terms."""
    return torch.stack(list(terms.values())).sum()


def unwrap(value: Any) -> float:
    """A scalar tensor as a number."""
    return float(value.detach())
