"""Weights of pixels from keypoints alone: PG²'s mask, and ours by which every body part counts the same (system C)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ptx.geometry.joints import keypoint
from ptx.models.pose_maps import EXTREMITIES, part_capsules, segment_distances, valid_keypoints

LIMBS = tuple(
    (keypoint(a), keypoint(b))
    for a, b in (
        ("neck", "right_shoulder"), ("neck", "left_shoulder"), ("neck", "nose"), ("neck", "right_hip"), ("neck", "left_hip"),
        *((f"{side}_{a}", f"{side}_{b}") for side in ("right", "left") for a, b in (
            ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"), ("eye", "ear"), ("shoulder", "hip"),
        )),
        ("nose", "right_eye"), ("nose", "left_eye"), ("neck", "right_ear"), ("neck", "left_ear"),
        ("right_hip", "left_hip"), ("right_ear", "left_ear"),
    )
)  # fmt: skip
"""The 23 pairs of keypoints that PG²'s code joins."""

CLOSING_PX = 5
"""Side in px of the square by which the mask is closed (widened, then narrowed)."""


def pose_mask(keypoints: Tensor, height: int, width: int, radius: float = 4.0) -> Tensor:
    """PG²'s mask M: 1 on the body, 0 elsewhere (Ma et al., NIPS 2017, §3.1; the limbs of their code).

    Valid keypoints are joined into limbs of `radius` px, then narrow gaps are closed by a square of `CLOSING_PX`.

    keypoints (B, 18, 3): x, y px, confidence (0 or NaN coordinates: missing) → (B, 1, height, width).
    """
    valid, xy = valid_keypoints(keypoints)
    starts, ends = (torch.tensor(side, device=keypoints.device) for side in zip(*LIMBS, strict=True))
    within = segment_distances(xy[:, starts], xy[:, ends], height, width) <= radius  # (B, limbs, H, W)
    known = valid[:, starts] & valid[:, ends]  # (B, limbs)
    limbs = (within & known[..., None, None]).any(1, keepdim=True).float()
    wider = F.max_pool2d(limbs, CLOSING_PX, 1, CLOSING_PX // 2)
    return -F.max_pool2d(-wider, CLOSING_PX, 1, CLOSING_PX // 2)


def part_weights(keypoints: Tensor, height: int, width: int) -> Tensor:
    """Weights by which every part of the body counts the same, however few pixels it has (ours).

    Trunk, head, arms and legs are discs and capsules about the keypoints, hands and feet discs at wrists and ankles, which
    lie over them. The mean over the parts' pixels is 1; the background is 0. So in 1 + weights, shoes and faces, which a
    plain mean over pixels forgets, are worth as much as a trunk.

    keypoints as for `pose_mask` → (B, 1, height, width).
    """
    valid, xy = valid_keypoints(keypoints)
    distance, known, unit = part_capsules(xy, valid, height, width)
    within = [distance <= 0]
    shown = [known]
    for name, radius in EXTREMITIES:
        centre = xy[:, [keypoint(name)]]
        within.append(segment_distances(centre, centre, height, width) <= radius * unit)
        shown.append(valid[:, [keypoint(name)]])
    masks = torch.cat(within, dim=1) & torch.cat(shown, dim=1)[..., None, None]  # (B, parts, H, W)
    above = masks.flip(1).cumsum(1).flip(1) - masks.long()  # how many later parts lie over a pixel
    own = (masks & (above == 0)).float()
    area = own.sum((2, 3), keepdim=True)  # (B, parts, 1, 1)
    per_pixel = (own / area.clamp(min=1)).sum(1, keepdim=True)
    return per_pixel * area.sum(1, keepdim=True) / (area > 0).sum(1, keepdim=True).clamp(min=1)
