"""The trained networks of a system as one: from a picture and two poses to the picture in the other pose."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ptx.models.garment_net import GarmentNet, SynthesisNet
from ptx.models.generator import Generator, PixelWarp
from ptx.models.pg2 import CoarseNet, RefineNet
from ptx.models.pose_maps import pose_map, pose_maps
from ptx.models.warping import warp_pixels


class Painter(nn.Module):
    """What the systems share: flow between two poses, then the picture. Can be handed to torch.export."""

    def __init__(self, regressor: nn.Module, radius: float) -> None:
        """`regressor`: a `FlowNet` or `FittedFlow`; `radius`: of the discs in the pose maps, px."""
        super().__init__()
        self.regressor, self.radius = regressor, radius

    def forward(self, image: Tensor, keypoints: Tensor, pose: Tensor) -> dict[str, Tensor]:
        """Paint.

        Args:
            image: (B, 3, H, W) in -1..1, H and W as trained.
            keypoints: (B, 18, 3) of the persons in it: x, y px, confidence (0: missing).
            pose: (B, 18, 3) wanted.

        Returns:
            picture: (B, 3, H, W) in -1..1; warped: the source's own pixels where the flow brings them, likewise;
            flow: (B, 2, H, W) px, target to source; visibility: (B, 1, H, W) uint8 labels 0 visible, 1 hidden, 2 background;
            garments: (B, H, W) uint8 labels of the target, where the system predicts them.
        """
        prediction = self.regressor(keypoints, pose, image)
        return self.paint(image, keypoints, pose, prediction.flow, prediction.visibility)

    def paint(
        self, image: Tensor, keypoints: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor
    ) -> dict[str, Tensor]:
        """As `forward`, with the flow given."""
        done = self.picture(image, keypoints, pose, flow, visibility)
        return {**done, "warped": warp_pixels(image, flow, visibility), "flow": flow, "visibility": visibility}

    def picture(
        self, image: Tensor, keypoints: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor
    ) -> dict[str, Tensor]:
        """The system's own part: at least `picture`."""
        raise NotImplementedError


class FlowPainter(Painter):
    """System A: flow regressor, generator and, where there is one, pixel warping."""

    def __init__(self, regressor: nn.Module, generator: Generator, mixer: PixelWarp | None, radius: float) -> None:
        super().__init__(regressor, radius)
        self.generator, self.mixer = generator, mixer

    def picture(
        self, image: Tensor, keypoints: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor
    ) -> dict[str, Tensor]:
        """`picture`."""
        seen = pose_maps(keypoints, pose, *image.shape[-2:], self.radius, self.generator.background)
        picture = self.generator(image, seen, flow, visibility)
        if self.mixer is not None:
            picture, _ = self.mixer(picture, image, flow, visibility)
        return {"picture": picture}


class PoseFlowPainter(Painter):
    """System B: learned flow, GarmentNet, SynthesisNet."""

    def __init__(self, regressor: nn.Module, garments: GarmentNet, synthesis: SynthesisNet, radius: float) -> None:
        super().__init__(regressor, radius)
        self.garments, self.synthesis = garments, synthesis

    def picture(
        self, image: Tensor, keypoints: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor
    ) -> dict[str, Tensor]:
        """`picture` and `garments`."""
        seen = pose_maps(keypoints, pose, *image.shape[-2:], self.radius, self.synthesis.background)
        kinds = self.garments(image, seen[:, :18], flow, visibility)
        picture = self.synthesis(image, seen, kinds.softmax(1), flow, visibility)[0]
        return {"picture": picture, "garments": kinds.argmax(1).to(torch.uint8)}


class ViewPainter(Painter):
    """System C: the coarse picture, refined."""

    def __init__(self, regressor: nn.Module, coarse: CoarseNet, refine: RefineNet | None, radius: float) -> None:
        """`refine`: None paints coarsely."""
        super().__init__(regressor, radius)
        self.coarse, self.refine = coarse, refine

    def picture(
        self, image: Tensor, keypoints: Tensor, pose: Tensor, flow: Tensor, visibility: Tensor
    ) -> dict[str, Tensor]:
        """`picture`."""
        del keypoints
        picture = self.coarse(image, pose_map(pose, *image.shape[-2:], self.radius))
        if self.refine is not None:
            picture = self.refine(picture, image, warp_pixels(image, flow, visibility), visibility)
        return {"picture": picture.clamp(-1, 1)}
