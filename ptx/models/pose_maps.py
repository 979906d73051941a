"""Keypoints as tensors and maps: validity, size of a person, discs, body parts as capsules, silhouettes.

Keypoints are (B, 18, 3): x, y in px, confidence. A missing one has confidence 0, or coordinates that are NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.models.variants import Background

KEYPOINT_CHANNELS = len(KEYPOINTS)
"""Channels of a pose map: a disc for each keypoint."""

MASK_CHANNELS = 1
"""Channels of a silhouette."""

SHOULDER_WIDTHS = 7
"""Shoulder widths in the longer side of the box around a person's keypoints, about."""

FAR_PX = 1e4
"""Distance in px to a body part that is not visible."""

OUTLINE_PX = 1.0
"""Width in px over which a silhouette fades."""


def valid_keypoints(keypoints: Tensor) -> tuple[Tensor, Tensor]:
    """Find the valid ones of keypoints (B, 18, 3): bool (B, 18), and coordinates (B, 18, 2) px, 0 for the others."""
    valid = (keypoints[..., 2] > 0) & keypoints[..., :2].isfinite().all(-1)
    return valid, torch.where(valid[..., None], keypoints[..., :2], 0)


def keypoint_box(xy: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """The lowest and the highest x, y, (B, 2) px each, of the valid (B, 18) ones of points (B, 18, 2)."""
    low = torch.where(valid[..., None], xy, 1e6).amin(1)
    high = torch.where(valid[..., None], xy, -1e6).amax(1)
    return low, high


def person_size(xy: Tensor, valid: Tensor) -> Tensor:
    """(B,) px: the longer side of the box around the valid (B, 18) ones of points (B, 18, 2); negative where there are none."""
    low, high = keypoint_box(xy, valid)
    return (high - low).amax(-1)


def shoulder_width(xy: Tensor, valid: Tensor) -> Tensor:
    """(B,) px, at least 1: about a shoulder's width, from the size of the whole person."""
    return (person_size(xy, valid) / SHOULDER_WIDTHS).clamp(min=1.0)


def mean_keypoint(xy: Tensor, valid: Tensor, names: tuple[str, ...]) -> Tensor:
    """(B, 1, 2) px: the mean of the valid ones of the named keypoints; 0 where none is."""
    chosen = [keypoint(name) for name in names]
    weight = valid[:, chosen, None].to(xy.dtype)
    return ((xy[:, chosen] * weight).sum(1) / weight.sum(1).clamp(min=1))[:, None]


def segment_distances(start: Tensor, end: Tensor, height: int, width: int) -> Tensor:
    """(B, P, height, width) px from every pixel to the segments between start and end (B, P, 2)."""
    x = torch.arange(width, device=start.device, dtype=start.dtype)
    y = torch.arange(height, device=start.device, dtype=start.dtype)[:, None]
    x0, y0 = start[..., None, None].unbind(2)
    along_x, along_y = (end - start)[..., None, None].unbind(2)  # (B, P, 1, 1)
    dx = x - x0  # (B, P, 1, W)
    dy = y - y0  # (B, P, H, 1)
    position = (dx * along_x + dy * along_y) / (along_x.square() + along_y.square()).clamp(min=1e-9)
    position = position.clamp(0, 1)  # 0 at the start, 1 at the end: of the nearest point
    return ((dx - position * along_x).square() + (dy - position * along_y).square()).sqrt()


# --- body parts -----------------------------------------------------------------------------------------------------------


class BodyPart(NamedTuple):
    """A part of the body that moves as a whole, in the picture a capsule around its axis."""

    keypoints: tuple[str, ...]
    """The keypoints that move with it."""
    start: tuple[str, ...]
    """Keypoints whose mean is one end of the axis."""
    end: tuple[str, ...]
    """Keypoints whose mean is the other end."""
    radius: float
    """Radius of the capsule, in shoulder widths."""


TRUNK = ("right_shoulder", "left_shoulder", "right_hip", "left_hip")
HEAD = ("nose", "neck", "right_eye", "left_eye", "right_ear", "left_ear")
RIGID_PARTS = (
    BodyPart(TRUNK, TRUNK[:2], TRUNK[2:], 0.5),
    BodyPart(HEAD, HEAD, HEAD, 0.5),
    *(
        BodyPart((a, b), (a,), (b,), radius)
        for side in ("right", "left")
        for a, b, radius in (
            (f"{side}_shoulder", f"{side}_elbow", 0.35),
            (f"{side}_elbow", f"{side}_wrist", 0.3),
            (f"{side}_hip", f"{side}_knee", 0.45),
            (f"{side}_knee", f"{side}_ankle", 0.35),
        )
    ),
)
"""Trunk, head, and the two bones of each arm and leg, as in Deformable GANs (Siarohin et al., CVPR 2018)."""

EXTREMITIES = (("right_wrist", 0.35), ("left_wrist", 0.35), ("right_ankle", 0.45), ("left_ankle", 0.45))
"""Hands and feet: the keypoint that they hang on, and their radius in shoulder widths."""

FACE = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")
"""Keypoints whose mean is the middle of the head."""

HEAD_RADIUS = 0.7
"""Radius in shoulder widths around the middle of the head that holds all of it, with hair."""


class Capsules(NamedTuple):
    """The body parts of `RIGID_PARTS` in a picture."""

    distance: Tensor
    """(B, P, H, W) px from each pixel to the surface of each part, negative inside."""
    valid: Tensor
    """(B, P) bool: at least two of the part's keypoints are there."""
    unit: Tensor
    """(B, 1, 1, 1) px of a shoulder width."""


def part_capsules(xy: Tensor, valid: Tensor, height: int, width: int) -> Capsules:
    """Body parts as capsules; points (B, 18, 2) px, of which the valid (B, 18) ones are there."""
    unit = shoulder_width(xy, valid)[:, None, None, None]
    starts = torch.cat([mean_keypoint(xy, valid, part.start) for part in RIGID_PARTS], dim=1)  # (B, P, 2)
    ends = torch.cat([mean_keypoint(xy, valid, part.end) for part in RIGID_PARTS], dim=1)
    radii = xy.new_tensor([part.radius for part in RIGID_PARTS])[:, None, None]
    known = [valid[:, [keypoint(name) for name in part.keypoints]].sum(1) >= 2 for part in RIGID_PARTS]
    distance = segment_distances(starts, ends, height, width) - radii * unit
    return Capsules(distance, torch.stack(known, dim=1), unit)


# --- maps -----------------------------------------------------------------------------------------------------------------


def pose_map(keypoints: Tensor, height: int, width: int, radius: float) -> Tensor:
    """A disc for every keypoint (system A): 1 within `radius` px, else 0; a missing keypoint's channel is empty.

    keypoints (B, 18, 3) → (B, 18, height, width) float32.
    """
    valid, xy = valid_keypoints(keypoints)
    xy = torch.where(valid[..., None], xy, -1e6)
    columns = torch.arange(width, device=keypoints.device, dtype=keypoints.dtype)
    rows = torch.arange(height, device=keypoints.device, dtype=keypoints.dtype)
    across = (columns - xy[..., 0:1]) ** 2  # (B, 18, W)
    down = (rows - xy[..., 1:2]) ** 2  # (B, 18, H)
    return (down[..., :, None] + across[..., None, :] <= radius**2).float()


def silhouette(keypoints: Tensor, height: int, width: int) -> Tensor:
    """Approximate share of each pixel that a person covers, 0 to 1, soft at the outline: discs and capsules about the keypoints (ours).

    keypoints (B, 18, 3) → (B, 1, height, width).
    """
    valid, xy = valid_keypoints(keypoints)
    distance, known, unit = part_capsules(xy, valid, height, width)
    ends = [keypoint(name) for name, _ in EXTREMITIES]
    centres = torch.cat([mean_keypoint(xy, valid, FACE), *(xy[:, [end]] for end in ends)], dim=1)  # (B, 5, 2)
    radii = xy.new_tensor([HEAD_RADIUS, *(radius for _, radius in EXTREMITIES)])[:, None, None]
    face = valid[:, [keypoint(name) for name in FACE]].any(1, keepdim=True)
    known = torch.cat([known, face, valid[:, ends]], dim=1)
    distance = torch.cat([distance, segment_distances(centres, centres, height, width) - radii * unit], dim=1)
    distance = torch.where(known[..., None, None], distance, torch.full_like(distance, FAR_PX))
    return torch.sigmoid(-distance.amin(1, keepdim=True) / OUTLINE_PX)


class PoseMaps(NamedTuple):
    """The pose inputs of a network that paints; None for the maps that its background does not need."""

    target: Tensor
    """(B, 18, H, W) of 0 and 1: discs at the keypoints of the wanted pose (`pose_map`)."""
    source: Tensor | None = None
    """(B, 18, H, W): the same of the source's pose."""
    target_mask: Tensor | None = None
    """(B, 1, H, W) 0 to 1: the target's silhouette."""
    source_mask: Tensor | None = None
    """(B, 1, H, W) 0 to 1: the source's silhouette."""

    def channels(self) -> Tensor:
        """All maps that are there in one tensor (B, `pose_channels`, H, W), in the order of the fields."""
        return torch.cat([maps for maps in self if maps is not None], dim=1)


def pose_channels(background: Background) -> int:
    """Channels of the pose maps that a network of this background sees."""
    if background == "layers":
        return 2 * (KEYPOINT_CHANNELS + MASK_CHANNELS)
    return KEYPOINT_CHANNELS


def pose_maps(
    source: Tensor, target: Tensor, height: int, width: int, radius: float, background: Background = "paint"
) -> PoseMaps:
    """The maps that a network of this background sees of two poses (B, 18, 3); `radius` of the discs in px.

    Only "layers" sees the source's pose and the silhouettes, so that it knows whom to take away (as in PATN, CVPR 2019).
    """
    if background != "layers":
        return PoseMaps(pose_map(target, height, width, radius))
    return PoseMaps(
        pose_map(target, height, width, radius),
        pose_map(source, height, width, radius),
        silhouette(target, height, width),
        silhouette(source, height, width),
    )
