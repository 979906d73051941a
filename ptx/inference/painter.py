"""The trained networks of a system as one: from a picture and two poses to the picture in the other pose."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ptx.inference.dressed_flow import CombinedOnTheSpot, DressedFlow
from ptx.inference.dresser import Dresser
from ptx.inference.fitted_flow import FittedFlow, FittedPrediction
from ptx.models.combined_flow import CombinedPrediction
from ptx.models.flow_net import FlowNet, FlowPrediction
from ptx.models.garment_net import GarmentNet, SynthesisNet
from ptx.models.generator import Generator, PixelWarp
from ptx.models.pg2 import CoarseNet, RefineNet
from ptx.models.pose_maps import pose_map, pose_maps
from ptx.models.warping import warp_pixels

Regressor = FlowNet | FittedFlow | DressedFlow | CombinedOnTheSpot
"""Gives flow and visibility of a batch, of keypoints of source and target and the source's picture."""

RegressedFlow = FlowPrediction | FittedPrediction | CombinedPrediction
"""Output of a regressor."""


class Painted(NamedTuple):
    """Output of a `Painter` for a batch."""

    picture: Tensor
    """(B, 3, H, W) in -1..1: the person in the wanted pose."""
    warped: Tensor
    """(B, 3, H, W) in -1..1: the source's own pixels, warped by the flow; background black."""
    flow: Tensor
    """(B, 2, H, W) px, target to source."""
    visibility: Tensor
    """(B, 1, H, W) uint8 labels of `ptx.geometry.labels`."""
    garments: Tensor | None
    """(B, H, W) uint8 labels of `ptx.labels.GARMENTS` of the target; None from systems that do not predict them."""


class Painter(nn.Module):
    """Flow between two poses, then the picture: common to all systems, which override `picture`.

    Args:
        regressor: gives flow and visibility.
        radius: of the discs in the pose maps, px.
    """

    def __init__(self, regressor: Regressor, radius: float) -> None:
        super().__init__()
        self.regressor = regressor
        self.radius = radius

    @property
    def exportable(self) -> bool:
        """True where it is networks alone; bodies are fitted outside of them."""
        return isinstance(self.regressor, FlowNet)

    def forward(self, image: Tensor, keypoints: Tensor, pose: Tensor) -> Painted:
        """Paint.

        Args:
            image: (B, 3, H, W) in -1..1, H and W as trained.
            keypoints: (B, 18, 3) of the persons in it: x, y px, confidence (0: missing).
            pose: (B, 18, 3) wanted, likewise.
        """
        prediction: RegressedFlow = self.regressor(keypoints, pose, image)
        return self.paint(image, keypoints, pose, prediction.flow, prediction.visibility)

    def paint(self, image: Tensor, keypoints: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor) -> Painted:
        """Paint by a given flow (B, 2, H, W) px, target to source, and visibility (B, 1, H, W) labels; the rest as for `forward`."""
        picture, garments = self.picture(image, keypoints, pose, flow, visibility)
        return Painted(picture, warp_pixels(image, flow, visibility), flow, visibility, garments)

    def picture(
        self, image: Tensor, keypoints: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Return the picture (B, 3, H, W) and, where the system predicts them, the target's garments (B, H, W) uint8.

        Arguments as for `paint`.
        """
        raise NotImplementedError


class FlowPainter(Painter):
    """System A: flow, generator and, where there is one, pixel warping; `dresser` draws the surface that a generator sees."""

    def __init__(
        self,
        regressor: Regressor,
        generator: Generator,
        mixer: PixelWarp | None,
        radius: float,
        dresser: Dresser | None = None,
    ) -> None:
        super().__init__(regressor, radius)
        self.dresser = dresser
        self.generator = generator
        self.mixer = mixer

    @property
    def exportable(self) -> bool:
        """Also False where a surface is drawn."""
        return super().exportable and self.dresser is None

    def picture(
        self, image: Tensor, keypoints: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor
    ) -> tuple[Tensor, None]:
        """Generate, then mix with the warped source."""
        height, width = image.shape[-2:]
        poses = pose_maps(keypoints, pose, height, width, self.radius, self.generator.background)
        drawn = None if self.dresser is None else self.dresser.draw(keypoints, pose, image)
        picture: Tensor = self.generator(image, poses, flow, visibility, drawn)
        if self.mixer is not None:
            picture, _ = self.mixer(picture, image, flow, visibility)
        return picture, None


class PoseFlowPainter(Painter):
    """System B: learned flow, GarmentNet, SynthesisNet."""

    def __init__(self, regressor: Regressor, garments: GarmentNet, synthesis: SynthesisNet, radius: float) -> None:
        super().__init__(regressor, radius)
        self.garments = garments
        self.synthesis = synthesis

    def picture(
        self, image: Tensor, keypoints: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Predict the target's garments, then its picture."""
        height, width = image.shape[-2:]
        poses = pose_maps(keypoints, pose, height, width, self.radius, self.synthesis.background)
        logits = self.garments(image, poses.target, flow, visibility)  # (B, labels, H, W)
        picture: Tensor = self.synthesis(image, poses, logits.softmax(1), flow, visibility)[0]
        return picture, logits.argmax(1).to(torch.uint8)


class ViewPainter(Painter):
    """System C: the coarse picture, refined; coarse alone without `refine`."""

    def __init__(self, regressor: Regressor, coarse: CoarseNet, refine: RefineNet | None, radius: float) -> None:
        super().__init__(regressor, radius)
        self.coarse = coarse
        self.refine = refine

    def picture(
        self,
        image: Tensor,
        keypoints: Tensor,  # noqa: ARG002
        pose: Tensor,
        flow: Tensor,
        visibility: Tensor,
    ) -> tuple[Tensor, None]:
        """Paint coarsely, then refine."""
        height, width = image.shape[-2:]
        picture: Tensor = self.coarse(image, pose_map(pose, height, width, self.radius))
        if self.refine is not None:
            picture = self.refine(picture, image, warp_pixels(image, flow, visibility), visibility)
        return picture.clamp(-1, 1), None


class ExportedPainter(nn.Module):
    """A painter whose output is a dictionary by the fields of `Painted`: exported programs are loaded without ptx, which has the type."""

    def __init__(self, painter: Painter) -> None:
        super().__init__()
        self.painter = painter

    def forward(self, image: Tensor, keypoints: Tensor, pose: Tensor) -> dict[str, Tensor]:
        """Paint, as `Painter`; without `garments` where the system predicts none."""
        painted: Painted = self.painter(image, keypoints, pose)
        return {name: value for name, value in painted._asdict().items() if value is not None}
