"""The trained networks of a system as one: from a picture and two poses to the picture in the other pose."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ptx.models.garment_net import GarmentNet, SynthesisNet
from ptx.models.generator import Generator, PixelWarp, warp_pixels
from ptx.models.poses import pose_maps


class FlowPainter(nn.Module):
    """System A: flow regressor, generator and, where there is one, pixel warping. Can be handed to torch.export."""

    def __init__(
        self,
        regressor: nn.Module,
        generator: Generator,
        mixer: PixelWarp | None,
        radius: float,
    ) -> None:
        """`regressor`: a `FlowNet` or `FittedFlow`; `radius`: of the discs in the pose maps, px."""
        super().__init__()
        self.regressor, self.generator, self.mixer = regressor, generator, mixer
        self.radius = radius

    def forward(self, image: Tensor, keypoints: Tensor, pose: Tensor) -> dict[str, Tensor]:
        """Paint.

        Args:
            image: (B, 3, H, W) in -1..1, H and W as trained.
            keypoints: (B, 18, 3) of the persons in it: x, y px, confidence (0: missing).
            pose: (B, 18, 3) wanted.

        Returns:
            picture: (B, 3, H, W) in -1..1; warped: the source's own pixels where the flow brings them, likewise;
            flow: (B, 2, H, W) px, target to source; visibility: (B, 1, H, W) uint8 labels 0 visible, 1 hidden, 2 background.
        """
        prediction = self.regressor(keypoints, pose, image)
        given = prediction.flow, prediction.visibility
        seen = pose_maps(keypoints, pose, *image.shape[-2:], self.radius, self.generator.both_poses)
        picture = self.generator(image, seen, *given)
        if self.mixer is not None:
            picture, _ = self.mixer(picture, image, *given)
        return {"picture": picture, **shown(image, *given)}


class PoseFlowPainter(nn.Module):
    """System B: learned flow, GarmentNet, SynthesisNet."""

    def __init__(
        self,
        regressor: nn.Module,
        garments: GarmentNet,
        synthesis: SynthesisNet,
        radius: float,
    ) -> None:
        """Arguments as for `FlowPainter`."""
        super().__init__()
        self.regressor, self.garments, self.synthesis = regressor, garments, synthesis
        self.radius = radius

    def forward(self, image: Tensor, keypoints: Tensor, pose: Tensor) -> dict[str, Tensor]:
        """Paint; arguments and results as for `FlowPainter`, and garments: (B, H, W) uint8 labels of the target."""
        prediction = self.regressor(keypoints, pose, image)
        given = prediction.flow, prediction.visibility
        seen = pose_maps(keypoints, pose, *image.shape[-2:], self.radius, self.synthesis.both_poses)
        kinds = self.garments(image, seen[:, :18], *given)
        picture = self.synthesis(image, seen, kinds.softmax(1), *given)[0]
        return {"picture": picture, **shown(image, *given), "garments": kinds.argmax(1).to(torch.uint8)}


def shown(image: Tensor, flow: Tensor, visibility: Tensor) -> dict[str, Tensor]:
    """The flow that a painter used, and what it fetches."""
    return {"warped": warp_pixels(image, flow, visibility), "flow": flow, "visibility": visibility}
