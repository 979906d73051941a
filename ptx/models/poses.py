"""Pose maps: what the networks see of a pose."""

from __future__ import annotations

import torch
from torch import Tensor


def pose_map(keypoints: Tensor, height: int, width: int, radius: float) -> Tensor:
    """A disc for every keypoint (system A): 1 within `radius` px, else 0; a missing keypoint's channel is empty.

    keypoints (B, 18, 3) x, y px, confidence (0 or NaN places: missing) → (B, 18, height, width) float32.
    """
    there = (keypoints[..., 2] > 0) & keypoints[..., :2].isfinite().all(-1)
    places = torch.where(there[..., None], keypoints[..., :2], torch.full_like(keypoints[..., :2], -1e6))
    columns = torch.arange(width, device=keypoints.device, dtype=keypoints.dtype)
    rows = torch.arange(height, device=keypoints.device, dtype=keypoints.dtype)
    across = (columns - places[..., 0:1]) ** 2  # (B, 18, W)
    down = (rows - places[..., 1:2]) ** 2  # (B, 18, H)
    return (down[..., :, None] + across[..., None, :] <= radius**2).float()


def pose_maps(source: Tensor, target: Tensor, height: int, width: int, radius: float, both: bool) -> Tensor:
    """The target's pose map (B, 18, height, width), with the source's behind it where `both`: (B, 36, height, width)."""
    maps = [pose_map(pose, height, width, radius) for pose in ((target, source) if both else (target,))]
    return torch.cat(maps, dim=1)
