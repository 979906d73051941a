"""Flow without a network: bodies fitted to both poses, and the one's surface found in the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ptx.geometry.body import Body
from ptx.geometry.camera import project
from ptx.geometry.correspondence import correspond
from ptx.geometry.fitting import fit
from ptx.geometry.labels import BACKGROUND
from ptx.geometry.skinning import pose_vertices
from ptx.models.part_affine import part_affine_flow


class FittedPrediction(NamedTuple):
    """Output of `FittedFlow` for a batch, with the fields of a `FlowPrediction` that others read."""

    dense: Tensor
    """(B, 2, H, W) px everywhere: off the fitted body that of the nearest body part."""
    flow: Tensor
    """(B, 2, H, W) px, 0 on the background."""
    visibility: Tensor
    """(B, 1, H, W) uint8 labels."""


class FittedFlow(nn.Module):
    """In the place of a `FlowNet`: the work of the stages fit-smpl to visibility, from 2D keypoints, for a batch on the spot.

    A pose with too few keypoints for a body gives background everywhere. Runs on the CPU and is not exportable.
    """

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.body = body

    def forward(self, source: Tensor, target: Tensor, image: Tensor) -> FittedPrediction:
        """Project the flow of bodies that are fitted to both poses.

        Args:
            source: (B, 18, 3) keypoints: x, y px, confidence (0 or NaN coordinates: missing).
            target: (B, 18, 3) keypoints, likewise.
            image: (B, 3, H, W), of which only the size counts.
        """
        count = len(source)
        height, width = image.shape[-2:]
        keypoints = torch.cat([source, target]).detach().cpu().numpy().astype(np.float32)  # (2B, 18, 3)
        fits = fit(self.body, keypoints, None, (height, width))
        points = project(fits.camera, pose_vertices(self.body, fits.pose, fits.betas)).astype(np.float32)
        usable = fits.usable[:count] & fits.usable[count:]
        flow = np.zeros((count, height, width, 2), np.float32)
        labels = np.full((count, height, width), BACKGROUND, np.uint8)
        for i in range(count):
            if usable[i]:
                flow[i], labels[i] = correspond(points[i + count], points[i], self.body.faces, height, width)
        flows = torch.from_numpy(flow).permute(0, 3, 1, 2).to(image.device)
        visibility = torch.from_numpy(labels)[:, None].to(image.device)
        around = part_affine_flow(source, target, height, width)
        return FittedPrediction(torch.where(visibility < BACKGROUND, flows, around), flows, visibility)
