"""Flow without a regressor: bodies fitted to both poses, and the one's surface found in the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.correspondence import correspond
from ptx.geometry.fitting import fit
from ptx.geometry.skinning import pose_vertices
from ptx.models.part_affine import part_affine_flow
from ptx.models.warping import BACKGROUND


class FittedPrediction(NamedTuple):
    """As a `FlowPrediction` has it."""

    dense: Tensor
    """(B, 2, H, W) px everywhere: off the fitted body that of the nearest body part."""
    flow: Tensor
    """(B, 2, H, W) px, 0 on the background."""
    visibility: Tensor
    """(B, 1, H, W) labels, uint8."""


class FittedFlow(nn.Module):
    """In the place of a `FlowNet`: what the stages fit-smpl to visibility do, from 2D keypoints, for a batch on the spot.

    A pose with too few keypoints for a body gives background everywhere. Runs on the CPU and is not exportable.
    """

    def __init__(self, body: str = "builtin") -> None:
        """`body`: as for `load_body`."""
        super().__init__()
        self.body = load_body(body)

    def forward(self, source: Tensor, target: Tensor, image: Tensor) -> FittedPrediction:
        """Arguments as for `FlowNet`."""
        height, width = image.shape[-2:]
        poses = torch.cat([source, target]).detach().cpu().numpy().astype(np.float32)
        fits = fit(self.body, poses, None, (height, width))
        points = project(fits.camera, pose_vertices(self.body, fits.pose, fits.betas)).astype(np.float32)
        lost = {row for row, why in fits.problems.items() if why.startswith(("too_few_keypoints", "diverged"))}
        flow = np.zeros((len(source), height, width, 2), np.float32)
        labels = np.full((len(source), height, width), BACKGROUND, np.uint8)
        for i in range(len(source)):
            there = i + len(source)
            if lost & {i, there}:
                continue
            flow[i], labels[i] = correspond(points[there], points[i], self.body.faces, height, width)
        flows = torch.from_numpy(flow).permute(0, 3, 1, 2).to(image.device)
        visibility = torch.from_numpy(labels)[:, None].to(image.device)
        around = part_affine_flow(source, target, height, width)
        return FittedPrediction(torch.where(visibility < BACKGROUND, flows, around), flows, visibility)
