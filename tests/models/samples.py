"""Inputs for tests of networks."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ptx.geometry.joints import KEYPOINTS
from ptx.models.flow_net import FlowPrediction
from ptx.models.pose_maps import PoseMaps
from ptx.models.warping import FLOW_UNIT

SMALL = {"base_channels": 8, "max_channels": 16, "scales": 3, "warped_scales": 2}
"""Arguments of a small `Generator`."""


def inputs(height: int = 32, width: int = 16) -> tuple[torch.Tensor, PoseMaps, torch.Tensor, torch.Tensor]:
    """Image, pose maps, flow, visibility of a batch of two."""
    torch.manual_seed(0)
    visibility = torch.randint(0, 3, (2, 1, height, width), dtype=torch.uint8)
    return (
        torch.rand(2, 3, height, width) * 2 - 1,
        PoseMaps(torch.rand(2, 18, height, width)),
        torch.randn(2, 2, height, width),
        visibility,
    )


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def person() -> np.ndarray:
    places = {
        "nose": (32, 14), "neck": (32, 24), "right_eye": (30, 12), "left_eye": (34, 12), "right_ear": (28, 13), "left_ear": (36, 13),
        "right_shoulder": (24, 26), "left_shoulder": (40, 26), "right_elbow": (20, 40), "left_elbow": (44, 40),
        "right_wrist": (19, 54), "left_wrist": (45, 54), "right_hip": (27, 56), "left_hip": (37, 56),
        "right_knee": (27, 78), "left_knee": (37, 78), "right_ankle": (27, 100), "left_ankle": (37, 100),
    }  # fmt: skip
    return np.array([(*places[name], 1) for name in KEYPOINTS], np.float32)


def keypoints() -> torch.Tensor:
    return torch.from_numpy(person())[None]


PAIR_SHAPE = (64, 48)
"""Height, width in px of the pairs on which losses of flow are tested."""


def flow_prediction(flow: tuple[float, float], logits: tuple[float, float, float] = (9.0, 0.0, 0.0)) -> FlowPrediction:
    """The same flow (px) and logits everywhere, for one picture."""
    one = torch.tensor(flow)[None, :, None, None] / FLOW_UNIT
    pyramid = [one.expand(1, 2, PAIR_SHAPE[0] >> k, PAIR_SHAPE[1] >> k).clone() for k in (1, 2, 3)]
    return FlowPrediction(pyramid, torch.tensor(logits)[None, :, None, None].expand(1, 3, *PAIR_SHAPE).clone())
