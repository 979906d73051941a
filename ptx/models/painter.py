"""The trained networks as one: from a picture and two poses to the picture in the other pose."""

from __future__ import annotations

from torch import Tensor, nn

from ptx.models.flow_net import FlowNet
from ptx.models.generator import Generator, PixelWarp, warp_pixels
from ptx.models.poses import pose_map


class Painter(nn.Module):
    """Flow regressor, generator and, where there is one, pixel warping. Can be handed to torch.export."""

    def __init__(self, regressor: FlowNet, generator: Generator, mixer: PixelWarp | None, radius: float) -> None:
        """`radius`: of the discs in the generator's pose map, px."""
        super().__init__()
        self.regressor, self.generator, self.mixer, self.radius = regressor, generator, mixer, radius

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
        height, width = image.shape[-2:]
        prediction = self.regressor(keypoints, pose, height, width)
        flow, visibility = prediction.flow, prediction.visibility
        picture = self.generator(image, pose_map(pose, height, width, self.radius), flow, visibility)
        if self.mixer is not None:
            picture, _ = self.mixer(picture, image, flow, visibility)
        warped = warp_pixels(image, flow, visibility)
        return {"picture": picture, "warped": warped, "flow": flow, "visibility": visibility}
