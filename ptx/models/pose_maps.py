"""Pose maps: what the networks see of a pose."""

from __future__ import annotations

import torch
from torch import Tensor

from ptx.models.keypoints import there_and_places
from ptx.models.pose_mask import silhouette
from ptx.models.variants import Background


def pose_map(keypoints: Tensor, height: int, width: int, radius: float) -> Tensor:
    """A disc for every keypoint (system A): 1 within `radius` px, else 0; a missing keypoint's channel is empty.

    keypoints (B, 18, 3) x, y px, confidence (0 or NaN places: missing) → (B, 18, height, width) float32.
    """
    there, places = there_and_places(keypoints)
    places = torch.where(there[..., None], places, -1e6)
    columns = torch.arange(width, device=keypoints.device, dtype=keypoints.dtype)
    rows = torch.arange(height, device=keypoints.device, dtype=keypoints.dtype)
    across = (columns - places[..., 0:1]) ** 2  # (B, 18, W)
    down = (rows - places[..., 1:2]) ** 2  # (B, 18, H)
    return (down[..., :, None] + across[..., None, :] <= radius**2).float()


def pose_channels(background: Background) -> int:
    """Channels of `pose_maps`."""
    return 38 if background == "layers" else 18


def pose_maps(
    source: Tensor, target: Tensor, height: int, width: int, radius: float, background: Background = "paint"
) -> Tensor:
    """What a network that paints sees of poses: the target's pose map (B, 18, height, width); for `background` "layers" with the
    source's and the silhouettes of target and source behind it (B, 38, height, width)."""
    if background != "layers":
        return pose_map(target, height, width, radius)
    maps = [pose_map(pose, height, width, radius) for pose in (target, source)]
    return torch.cat([*maps, *(silhouette(pose, height, width) for pose in (target, source))], dim=1)
